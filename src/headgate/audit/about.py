"""How findings say what they are about: in words for people, and in SQL that finds the rows.

Rule 1: a value enters SQL as a quoted text; names of keys and models are their callers' words.
Rule 2: what is too small beside the bill to be acted on is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from headgate.audit.evidence import Evidence
from headgate.ledger.book.columns import TOKENS_IN

LEAST_NUSD = 10_000_000
"""one cent"""
LEAST_SHARE = 0.001
"""of the bill"""
NAMED = 5
"""what a finding names of many"""

ASKED = "calls = 1 AND span_us = 0 AND answered_from = ''"
"""rows that are one call each, and were asked of an upstream"""
ANSWERED = "status IN (0, 200) AND fault = '' AND ending IN ('', 'complete')"
"""and that it answered; sources that know no status leave it at its default"""
INPUT_NUSD = "(input_nusd + cache_read_nusd + cache_write_nusd)"
TOKENS = f"({TOKENS_IN})"


def quoted(text: str) -> str:
    """A value as SQL."""
    return "'" + text.replace("'", "''") + "'"


def matching(**values: str | int) -> str:
    """SQL that holds where columns have these values."""
    return " AND ".join(
        f"{name} = {quoted(value) if isinstance(value, str) else value}"
        for name, value in values.items()
    )


def either(name: str, values: Iterable[str]) -> str:
    """SQL that holds where a column has one of these values."""
    return f"{name} IN (" + ", ".join(quoted(value) for value in values) + ")"


def subject(evidence: Evidence, **values: str) -> str:
    """Whom it is about, such as: key ci, model claude-opus-5-5."""
    words = []
    for name, value in values.items():
        if name == "key_id":
            words.append(f"key {evidence.names.get(value, value)}" if value else "no key")
        elif value:
            words.append(f"{name.removesuffix('_sent')} {value}")
    return ", ".join(words)


OF_PROJECT = "CASE WHEN key_id = '' THEN project ELSE '' END"
"""SQL: the project, of calls without a key: transcripts tell no other caller"""


def caller(found: Mapping[str, Any]) -> dict[str, str]:
    """Who calls, by the columns that tell it: a key, or a project where there is none."""
    if found["key_id"] or not found["of_project"]:
        return {"key_id": found["key_id"]}
    return {"key_id": "", "project": found["of_project"]}


def called(evidence: Evidence, found: Mapping[str, Any], **more: str) -> str:
    """The same in words."""
    values = caller(found)
    if "project" in values:
        del values["key_id"]
    return subject(evidence, **values, **more)


def usd(nusd: float) -> str:
    """Nano-dollars in a sentence: cents, and more digits where there are only few."""
    value = Decimal(round(nusd)).scaleb(-9)
    places = 2 if abs(value) >= 1 or not value else min(9, max(2, 1 - value.adjusted()))
    return f"{'-' if value < 0 else ''}${abs(value):,.{places}f}"


def count(number: float) -> str:
    return f"{round(number):,}"


def several(number: int, what: str) -> str:
    """A count of things: 1 call, 2 calls."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def of_calls(number: int) -> str:
    """Calls that money was spent on; sums of a provider's may not say how many those are."""
    return several(number, "call") if number else "calls that nobody counted"


def rows_told(rows: int, sums: int, of_sums: int) -> str:
    """What rows there are: calls, sums of calls, or both."""
    told = [several(rows - sums, "call")] if rows > sums or not sums else []
    if sums:
        said = (
            several(of_sums, "call") if of_sums else "of calls that the source does not count"
        )
        told.append(f"{several(sums, 'sum')} ({said})")
    return " and ".join(told)


def share(part: float, whole: float) -> str:
    percent = 100 * part / whole if whole else 0.0
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %"


def span(seconds: float) -> str:
    """How long, in the largest unit that fits."""
    for name, unit in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"


def least_nusd(evidence: Evidence) -> int:
    """What a finding must be worth to be told."""
    window = (evidence.since_us, evidence.until_us)
    spent = evidence.book.spent.get(window)
    if spent is None:
        (spent,) = evidence.book.one("SELECT coalesce(sum(cost_nusd), 0)::BIGINT FROM book")
        evidence.book.spent[window] = spent
    return max(LEAST_NUSD, int(spent * LEAST_SHARE))


def listed(names: Sequence[str]) -> str:
    """The first few of them, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
