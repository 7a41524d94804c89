"""Owns the tables of what providers report and of how far our sums were from it.

Rule 1: what is fetched of a day replaces what was known of it: a report read twice counts once.
Rule 2: a day that was reported is there even when nothing was used on it: its model is empty.
Rule 3: tokens and money are reports of their own: one never replaces the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headgate.ledger.reconcile.sides import (
    DAY_US,
    LINES,
    SIMULATED,
    TOKENS,
    Place,
    Theirs,
    canonical,
    plus,
)
from headgate.store.sql import Connection, transaction

NOTHING = "*"
"""the line of a day in a report of costs, whether or not anything was charged"""


class Reported(NamedTuple):
    """A line of a report of usage or of costs."""

    provider: str
    account: str
    """whose: a workspace or project, as the report names it"""
    day: int
    """days since 1970, UTC"""
    model: str
    tier: str
    line: str
    """what a report of costs calls the line; empty: the tokens of a report of usage"""
    requests: int | None = None
    input_fresh: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    cost_nusd: int | None = None
    cache_write_30m: int | None = None
    cache_write_12h: int | None = None

    @property
    def tokens(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) or 0 for name in TOKENS)


class Drift(NamedTuple):
    """How far apart the two were when last compared."""

    provider: str
    day: int
    model: str
    ours_nusd: int
    theirs_nusd: int
    why: str
    at_us: int


_KEY = ("provider", "account", "day", "model", "tier", "line")
_COLUMNS = ", ".join((*Reported._fields, "fetched_us"))
_MARKS = ", ".join("?" * (len(Reported._fields) + 1))

Days = Iterable[tuple[str, int, bool]]
"""(provider, day, is it of money), of days that a report covers"""


class Kept(NamedTuple):
    """A row as it was kept."""

    row: Reported
    fetched_us: int


def keep(
    connection: Connection,
    rows: Iterable[Reported],
    at_us: int,
    account: str = "",
    days: Days = (),
) -> int:
    """Replace what was known of the days that these rows cover; how many rows that makes.

    `account`: whose report it is, where there are several organisations; its workspaces and
    projects are added up. `days`: more days that were reported, with nothing on them.
    """
    merged: dict[tuple[object, ...], Reported] = {}
    for row in rows:
        _add(merged, row._replace(account=account))
    covered = {*_between(merged.values()), *days}
    for provider, day, money in covered:
        _add(merged, Reported(provider, account, day, "", "", NOTHING if money else ""))
    with transaction(connection):
        for provider, day, money in sorted(covered):
            which = "<>" if money else "="
            connection.execute(
                "DELETE FROM reported WHERE provider = ? AND account = ? AND day = ?"  # noqa: S608 - constant text
                f" AND line {which} ''",
                (provider, account, day),
            )
        if merged:
            connection.executemany(
                f"INSERT INTO reported ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608 - the same
                [(*row, at_us) for row in merged.values()],
            )
    return len(merged) - len(covered)


def _add(merged: dict[tuple[object, ...], Reported], row: Reported) -> None:
    """Rows of one key are added up."""
    key = row[: len(_KEY)]
    known = merged.get(key)
    merged[key] = row if known is None else _plus(known, row)


def _between(rows: Iterable[Reported]) -> set[tuple[str, int, bool]]:
    """The days from a report's first to its last."""
    found: dict[tuple[str, bool], list[int]] = {}
    for row in rows:
        found.setdefault((row.provider, bool(row.line)), []).append(row.day)
    return {
        (provider, day, money)
        for (provider, money), days in found.items()
        for day in range(min(days), max(days) + 1)
    }


def _plus(one: Reported, other: Reported) -> Reported:
    values = [_sum(a, b) for a, b in zip(one[6:], other[6:], strict=True)]
    return Reported(*one[:6], *values)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def rows(connection: Connection, first: int, last: int) -> list[Kept]:
    """What is reported of these days, both included."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM reported"  # noqa: S608 - constant text
        " WHERE day >= ? AND day <= ? ORDER BY provider, account, day, model, tier, line",
        (first, last),
    )
    return [Kept(Reported(*row[:-1]), row[-1]) for row in found.fetchall()]


class Report(NamedTuple):
    """What all reports together say."""

    places: dict[Place, Theirs]
    days: dict[tuple[str, bool], set[int]]
    """the days that were reported, by vendor and whether it is the simulator"""
    partial: dict[tuple[str, bool], set[int]]
    """those that were not over when they were last fetched"""


def gathered(found: Sequence[Kept]) -> Report:
    """Rows as places, whatever account and tier they are of."""
    report = Report({}, {}, {})
    fetched: dict[tuple[str, bool, int], int] = {}
    for row, at_us in found:
        simulated = row.account == SIMULATED
        vendor = (row.provider, simulated)
        report.days.setdefault(vendor, set()).add(row.day)
        fetched[(*vendor, row.day)] = max(fetched.get((*vendor, row.day), 0), at_us)
        if row.model:
            place = Place(row.provider, row.day, canonical(row.model), simulated)
            report.places[place] = _with(report.places.get(place, Theirs()), row)
    for (provider, simulated, day), at_us in fetched.items():
        if at_us < (day + 1) * DAY_US:
            report.partial.setdefault((provider, simulated), set()).add(day)
    return report


def _with(theirs: Theirs, row: Reported) -> Theirs:
    theirs = theirs._replace(names=tuple(dict.fromkeys((*theirs.names, row.model))))
    if not row.line:
        tokens = plus(theirs.tokens or (0,) * len(TOKENS), row.tokens)
        return theirs._replace(tokens=tokens, requests=_sum(theirs.requests, row.requests))
    money = [0] * len(LINES)
    money[LINES.index(line_of(row.line))] = row.cost_nusd or 0
    nusd = plus(theirs.nusd or (0,) * len(LINES), tuple(money))
    return theirs._replace(nusd=nusd, lines=theirs.lines + 1)


_SIGNS = (
    ("cache_read", ("cache_read", "cache read", "cached")),
    ("cache_write", ("cache_write", "cache write", "cache_creation", "cache creation")),
    ("search", ("web_search", "web search", "search")),
    ("output", ("output",)),
    ("input", ("input", "prompt")),
)
"""in this order: a cached input is no input"""


def line_of(line: str) -> str:
    """Which of LINES a line of a report belongs to, however the report calls it."""
    name = line.lower().replace("uncached", "fresh")
    return next((to for to, signs in _SIGNS if any(it in name for it in signs)), "other")


def note_drift(connection: Connection, drifts: Sequence[Drift]) -> None:
    """Keep how far apart these days are, in place of what was found before."""
    with transaction(connection):
        for provider, day in sorted({(it.provider, it.day) for it in drifts}):
            connection.execute(
                "DELETE FROM drift WHERE provider = ? AND day = ?", (provider, day)
            )
        for it in drifts:
            connection.execute("INSERT INTO drift VALUES (?, ?, ?, ?, ?, ?, ?)", it)


def drifts(connection: Connection, first: int) -> list[Drift]:
    """What was found of days from that one on."""
    found = connection.execute(
        f"SELECT {', '.join(Drift._fields)} FROM drift WHERE day >= ?"  # noqa: S608 - constant text
        " ORDER BY provider, day, model",
        (first,),
    )
    return [Drift(*row) for row in found.fetchall()]
