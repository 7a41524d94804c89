"""Decides which of an import's rows the book holds already.

Rule 1: a call of the same source and id is there already. It is left out and counted, unless
the new row tells of more tokens: then it was imported before it was whole, and is replaced.
Rule 2: a call that went through the gateway counts once, as the gateway has it: it is known by
an id of the request, else by its session, its tokens and its time.
Rule 3: days that seem told twice in other grains or groupings are counted, and left in.
Rule 4: an id that a vendor gave to an answer is the same call in whatever source it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from headgate.ledger.archive.segment import DAY_US, quoted
from headgate.ledger.book.book import lay
from headgate.ledger.book.columns import TOKENS_IN
from headgate.ledger.book.duck import Duck
from headgate.ledger.book.hot import Window, bring
from headgate.ledger.importers.priced import STATED
from headgate.ledger.shelf import Shelf
from headgate.store.place import Place

NEAR_US = 600_000_000
"""so far apart the client's clock and ours may be, and when each takes a call to begin"""
VENDORS = "'^(msg|resp|chatcmpl|cmpl|gen|req)[_-][A-Za-z0-9_-]{8,}$'"
_TOKENS = f"{TOKENS_IN} + output"


class Overlap(NamedTuple):
    """What is in the book already."""

    twice: int
    """rows that were left out"""
    better: int
    """rows that replace one that was imported before it was whole"""
    replaced: list[str]
    """segments on the shelf that hold those"""
    days: int
    """days of which the book has single calls where the import has sums, or the reverse, or the
    same sums in another grouping"""


NOTHING = Overlap(0, 0, [], 0)


def leave_out(duck: Duck, place: Place, shelf: Shelf, source: str) -> Overlap:
    """Take rows out of the table `ready` that the book has; `better` names those that replace
    rows of it."""
    ((rows, first, last),) = duck.execute(
        "SELECT count(*), min(at_us), max(at_us + span_us) FROM ready"
    ).fetchall()
    if not rows:
        return NOTHING
    window = Window(first - DAY_US, last + DAY_US)
    segments = bring(duck, place, window)
    files = shelf.fetch([it.path for it in segments])
    lay(duck, files, window)
    _match(duck, source)
    ((twice,),) = duck.execute(
        "SELECT count(*) FROM ready WHERE id IN (SELECT id FROM known)"
    ).fetchall()
    days = _days(duck, source)
    duck.execute("DELETE FROM ready WHERE id IN (SELECT id FROM known)").fetchall()
    paths = {str(file): it.path for file, it in zip(files, segments, strict=True)}
    replaced = [paths[it] for it in _replaced(duck, files, source)]
    duck.execute("DROP VIEW book")
    duck.execute("DROP TABLE hot")
    ((better,),) = duck.execute("SELECT count(*) FROM better").fetchall()
    return Overlap(twice, better, replaced, days)


def _match(duck: Duck, source: str) -> None:
    """Make the tables `better` and `known` of ids."""
    duck.execute(
        "CREATE OR REPLACE TABLE there AS SELECT id, upstream_id, source, session, at_us,"  # noqa: S608 - our own names
        f" {TOKENS_IN} AS read_in, output FROM book WHERE (source <> '' OR status = 200)"
        " AND (id IN (SELECT id FROM ready UNION SELECT upstream_id FROM ready)"
        " OR upstream_id IN (SELECT id FROM ready UNION SELECT upstream_id FROM ready)"
        " OR session IN (SELECT session FROM ready WHERE session <> ''))"
    )
    mine = f"source = {_text(source)}"
    duck.execute(
        f"CREATE OR REPLACE TABLE better AS SELECT r.id FROM ready r JOIN"  # noqa: S608 - the same
        f" (SELECT * FROM there WHERE {mine}) t ON r.id = t.id"
        f" GROUP BY r.id HAVING max({_TOKENS_OF_R}) > max(t.read_in + t.output)"
    )
    duck.execute(f"""
        CREATE OR REPLACE TABLE known AS
        SELECT r.id FROM ready r JOIN there t ON r.id = t.id
          WHERE (t.{mine} OR t.source = '' OR regexp_matches(r.id, {VENDORS}))
            AND r.id NOT IN (SELECT id FROM better)
        UNION SELECT r.id FROM ready r JOIN there t ON r.id = t.upstream_id
          WHERE t.source = '' OR regexp_matches(r.id, {VENDORS})
        UNION SELECT r.id FROM ready r JOIN there t ON r.upstream_id = t.id
          WHERE r.upstream_id <> '' AND t.source = ''
        UNION SELECT r.id FROM ready r JOIN there t ON r.upstream_id = t.upstream_id
          WHERE r.upstream_id <> '' AND t.source = ''
        UNION SELECT r.id FROM ready r JOIN there t ON r.session = t.session
          AND {_IN_OF_R} = t.read_in AND r.output = t.output
          AND r.at_us BETWEEN t.at_us - {NEAR_US} AND t.at_us + {NEAR_US}
          WHERE r.session <> '' AND r.span_us = 0 AND t.source = ''
    """)  # noqa: S608 - the same
    duck.execute("DROP TABLE there")


def _replaced(duck: Duck, files: Sequence[Path], source: str) -> list[str]:
    ((count,),) = duck.execute("SELECT count(*) FROM better").fetchall()
    if not count or not files:
        return []
    paths = ", ".join(map(quoted, files))
    found = duck.execute(
        f"SELECT DISTINCT filename FROM read_parquet([{paths}], union_by_name = true,"  # noqa: S608 - the same
        f" filename = true, hive_partitioning = false) WHERE source = {_text(source)}"
        " AND id IN (SELECT id FROM better) ORDER BY 1"
    ).fetchall()
    return [row[0] for row in found]


def _days(duck: Duck, source: str) -> int:
    """Days that the import tells in another grain than the book, for the same provider, or in
    sums of another grouping: such come to the same, and no row of one is a row of the other."""
    new = "ready WHERE id NOT IN (SELECT id FROM known) AND id NOT IN (SELECT id FROM better)"
    grain = f"SELECT DISTINCT provider, at_us // {DAY_US} AS day, span_us > 0 AS sums FROM"
    total = (
        f"SELECT provider, at_us // {DAY_US} AS day, sum({_TOKENS})::HUGEINT AS tokens,"  # noqa: S608 - our own names
        f" coalesce(sum(cost_nusd) FILTER (priced_by = '{STATED}'), 0)::HUGEINT AS stated FROM"
        " (SELECT * FROM {}) WHERE span_us > 0 GROUP BY ALL HAVING tokens + stated > 0"
    )
    there = f"book WHERE source = {_text(source)}"
    ((days,),) = duck.execute(
        f"SELECT count(DISTINCT day) FROM (SELECT r.day FROM ({grain} {new}) r"  # noqa: S608 - the same
        f" JOIN ({grain} book) b ON r.provider = b.provider AND r.day = b.day"
        f" AND r.sums <> b.sums UNION ALL SELECT day FROM ({total.format(new)}) r"
        f" JOIN ({total.format(there)}) b USING (provider, day, tokens, stated))"
    ).fetchall()
    return int(days)


def _prefixed(expression: str) -> str:
    names = expression.split(" + ")
    return " + ".join(f"r.{name}" for name in names)


_IN_OF_R = _prefixed(TOKENS_IN)
_TOKENS_OF_R = _prefixed(_TOKENS)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
