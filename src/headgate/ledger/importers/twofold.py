"""Decides whether two files of one import tell the same days twice over.

Rule 1: they do where both hold sums that come to the same and are not the same rows, as exports
of one account in two groupings are, or where one holds calls and the other sums.
Rule 2: such days are told, and left in: nobody but who imports knows which file is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headgate.ledger.archive.segment import DAY_US
from headgate.ledger.book.columns import TOKENS_IN
from headgate.ledger.book.duck import Duck

SHOWN = 5
"""so many days are named"""


@dataclass(frozen=True, slots=True)
class Twofold:
    """Days that two files tell."""

    one: str
    other: str
    days: list[str]


def lay(duck: Duck, drafts: str) -> None:
    """Make the table `twofold` of drafts, as they were before each call became one row."""
    day = f"at_us // {DAY_US}"
    duck.execute(f"""
        CREATE OR REPLACE TABLE twofold AS
        WITH told AS (
          SELECT path, provider, {day} AS day, span_us > 0 AS sums, id,
            max({TOKENS_IN} + output) AS tokens, max(greatest(stated_nusd, 0)) AS stated
          FROM {drafts} WHERE (provider, {day}) IN (
            SELECT (provider, {day}) FROM {drafts} WHERE span_us > 0)
          GROUP BY ALL
        ), part AS (
          SELECT path, provider, day, sums, sum(tokens)::HUGEINT AS tokens,
            sum(stated)::HUGEINT AS stated, bit_xor(hash(id)) AS ids
          FROM told GROUP BY ALL HAVING sum(tokens) + sum(stated) > 0
        )
        SELECT DISTINCT a.path AS one, b.path AS other, day
        FROM part a JOIN part b USING (provider, day)
        WHERE a.path < b.path AND (a.sums <> b.sums OR a.sums AND a.ids <> b.ids
          AND a.tokens = b.tokens AND (a.tokens > 0 OR a.stated = b.stated))
    """)  # noqa: S608 - our own names


def found(duck: Duck) -> list[Twofold]:
    """What the table holds, the most days first."""
    rows = duck.execute(
        "SELECT one, other, list(strftime(make_timestamp(day * 86400000000), '%Y-%m-%d')"
        " ORDER BY day) FROM twofold GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2"
    ).fetchall()
    return [Twofold(str(one), str(other), list(days)) for one, other, days in rows]


def said(those: Sequence[Twofold]) -> str:
    """Which days, and which files."""
    first = those[0]
    count = f"{len(first.days):,} day{'' if len(first.days) == 1 else 's'}"
    days = ", ".join(first.days[:SHOWN]) + (", …" if len(first.days) > SHOWN else "")
    more = f" (as in {len(those) - 1:,} more of their pairs)" if len(those) > 1 else ""
    return (
        "told twice over, by calls and sums or by sums grouped otherwise:"
        f" {count} ({days}) both in {first.one} and in {first.other}{more}"
    )
