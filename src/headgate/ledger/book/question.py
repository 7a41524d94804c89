"""Owns what a named question is, and how it is asked of a book or of a warehouse.

Rule 1: a question says what rows must tell to answer it; rows of sources that do not tell it
are left out, and the reply names them.
Rule 2: SQL yields sums, counts and quantiles; shares are made of them where they are shown, so
that two replies can be added.
Rule 3: a row that stands for many calls counts as many; where single calls are meant, it has
no part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, get_origin, get_type_hints

from headgate.ledger.book.columns import SOURCES, TOKENS_IN, TOKENS_WRITTEN
from headgate.ledger.book.tongue import Tongue

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
SINGLE = "calls = 1 AND span_us = 0"
"""rows that are one call each"""
ASKED = f"{SINGLE} AND answered_from = ''"
"""and were asked of an upstream"""

Row = TypeVar("Row", bound=tuple[Any, ...])

SUM_WRITTEN = " + ".join(f"sum({name})" for name in TOKENS_WRITTEN.split(" + "))
SUM_IN = " + ".join(f"sum({name})" for name in TOKENS_IN.split(" + "))
"""sums of single columns: over ten million rows they take half the time of a sum of sums"""


class Asks(Protocol):
    """What questions are put to."""

    @property
    def tongue(self) -> Tongue: ...

    @property
    def sources(self) -> list[str]: ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...


class Cut(NamedTuple):
    """Which rows are meant, and how they are grouped; a question says what it heeds beside
    key, model, provider, team and project."""

    key: str = ""
    model: str = ""
    provider: str = ""
    team: str = ""
    project: str = ""
    session: str = ""
    sessions: tuple[str, ...] = ()
    heads: tuple[int, ...] = ()
    by: str = ""
    """what each line is of; empty: the question's own choice"""
    step: str = ""
    """hour or day: one line for each; empty: one for the whole time"""
    limit: int = 20
    since_us: int = 0
    until_us: int = 2**62


EVERYTHING = Cut()
_COLUMNS = {
    "key": "key_id",
    "model": "model_sent",
    "provider": "provider",
    "team": "team",
    "project": "project",
    "session": "session",
}


@dataclass(frozen=True, slots=True)
class Question(Generic[Row]):
    """One question."""

    name: str
    title: str
    row: type[Row]
    sql: Callable[[Tongue, Cut, str], str]
    """of a dialect, what is asked for, and the rows that are meant, as SQL after WHERE"""
    needs: frozenset[str] = frozenset()
    """what rows must tell (the words of ledger.book.columns)"""


class Reply(NamedTuple, Generic[Row]):
    """What was found."""

    rows: list[Row]
    left_out: tuple[str, ...]
    """sources that do not tell what was needed"""


def ask(book: Asks, question: Question[Row], cut: Cut = EVERYTHING) -> Reply[Row]:
    """Put a question."""
    unable = tuple(it for it in book.sources if not question.needs <= known(it))
    where = [*_where(book.tongue, cut)]
    if unable:
        names = ", ".join(book.tongue.text(it) for it in unable)
        where.append(f"source NOT IN ({names})")
    sql = question.sql(book.tongue, cut, " AND ".join(where) or "1 = 1")
    return Reply(_typed(question.row, book.rows(sql)), unable)


def known(source: str) -> frozenset[str]:
    """What rows of a source can tell; nothing is taken for granted."""
    return SOURCES.get(source, frozenset())


def _where(tongue: Tongue, cut: Cut) -> Sequence[str]:
    found = []
    for name, column in _COLUMNS.items():
        value = getattr(cut, name)
        if value:
            found.append(f"{column} = {tongue.text(value)}")
    if cut.sessions:
        found.append(f"session IN ({', '.join(map(tongue.text, cut.sessions))})")
    if cut.heads:
        found.append(f"head IN ({', '.join(f'{it:d}' for it in cut.heads)})")
    if cut.since_us:
        found.append(f"at_us >= {cut.since_us:d}")
    if cut.until_us < EVERYTHING.until_us:
        found.append(f"at_us < {cut.until_us:d}")
    return found


def _typed(row: type[Row], found: list[tuple[Any, ...]]) -> list[Row]:
    hints = get_type_hints(row)
    kinds = [get_origin(hints[name]) or hints[name] for name in row._fields]  # type: ignore[attr-defined]
    make: Callable[..., Row] = row._make  # type: ignore[attr-defined]
    return [
        make(kind(value or kind()) for kind, value in zip(kinds, line, strict=True))
        for line in found
    ]
