"""Decides whether our sums of a window agree with what the providers report.

Rule 1: above one percent of what is reported they do not; differences of opposite sign on other
days or models do not make each other good.
Rule 2: a day that was not over when it was reported is shown and not judged; one that the
window cuts is left out on both sides.
Rule 3: what nobody reported on is said, never taken for agreement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from headgate.ledger.book.book import Book
from headgate.ledger.reconcile import counted
from headgate.ledger.reconcile.compare import Line, Price, compare
from headgate.ledger.reconcile.counted import Counted
from headgate.ledger.reconcile.reported import Drift, Report, gathered, rows
from headgate.ledger.reconcile.sides import DAY_US, Place
from headgate.money.catalog import Catalog, PriceRules
from headgate.money.pricing import Rates
from headgate.store.sql import Connection

TOLERANCE = 0.01

State = Literal["reconciled", "unreconciled", "partly", "no report"]
"""partly: what was reported agrees, and not everything was reported"""

COMMAND = "headgate reconcile"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_DAYS = 366_000


class Verdict(NamedTuple):
    """Does the ledger agree with the providers."""

    state: State
    delta_share: float | None
    """of what was reported on days that were over; None: nothing was"""
    days: tuple[str, ...]
    """those that were judged"""
    lines: tuple[Line, ...]
    """every day and model that is reported on, also of days that are not over"""
    why: tuple[str, ...]
    """what a reader must know beside the state, the gravest first"""
    partial: tuple[str, ...] = ()
    """days that were not over when they were reported"""

    @property
    def heading(self) -> str:
        """One line for the top of a report."""
        if self.state == "no report":
            return f"NOT RECONCILED: no report of a provider; `{COMMAND}` fetches or reads one"
        word = {"reconciled": "RECONCILED", "unreconciled": "UNRECONCILED"}.get(
            self.state, "RECONCILED IN PART"
        )
        if self.delta_share is None:
            return f"{word}: no reported day with calls on it is over yet"
        days = f"{len(self.days)} days" if len(self.days) != 1 else f"the day {self.days[0]}"
        return f"{word}: {self.delta_share:.2%} apart over {days}"


class Given(NamedTuple):
    """What whoever judges knows beside the two sides."""

    sellers: Mapping[str, str] | None = None
    """whose report the calls of each provider of headgate.toml are in, where its name is not
    the vendor's"""
    catalog: Catalog | None = None
    """the prices calls were counted by; None: the list's"""
    tolerance: float = TOLERANCE


PLAIN = Given()


def verdict(
    connection: Connection,
    book: Book,
    since_us: int,
    until_us: int,
    given: Given = PLAIN,
) -> Verdict:
    """Judge the window's whole days by the reports that are kept in the store."""
    sellers = given.sellers
    first, end = -(-since_us // DAY_US), min(until_us // DAY_US, _FAR_DAYS)
    days = first * DAY_US, max(first, end) * DAY_US
    mine = counted.count(book, *days, sellers)
    report = gathered(rows(connection, first, end - 1))
    loose = counted.loose(connection, *days, sellers)
    known = {place: it for place, it in mine.places.items() if _is_reported(place, report)}
    lines = compare(
        known, report.places, loose, pricing(given.catalog or Catalog.load(PriceRules()))
    )
    return judge(lines, mine, report, given.tolerance)


def pricing(catalog: Catalog) -> Price:
    """The list prices as the comparison asks for them."""

    def price(provider: str, model: str, day: int) -> Rates:
        noon = _EPOCH + timedelta(days=day, hours=12)
        return catalog.rates(provider, model, noon)

    return price


def _is_reported(place: Place, report: Report) -> bool:
    return place.day in report.days.get((place.provider, place.simulated), ())


def judge(lines: list[Line], mine: Counted, report: Report, tolerance: float) -> Verdict:
    """The state, and what else there is to say."""
    partial = {
        (provider, simulated, day)
        for (provider, simulated), days in report.partial.items()
        for day in days
    }
    whole = [it for it in lines if _where(it.place) not in partial]
    loud = sum(it.counted_nusd for it in whole)
    reported = sum(it.theirs_nusd for it in whole)
    days = {day for found in report.days.values() for day in found}
    judged = sorted({day for day in days if not any(day == it[2] for it in partial)})
    share = _share(loud, reported) if whole else None
    left, spent = _unreported(mine, report)
    why = [*_loudest(whole, reported), *_left_out(left, spent, mine)]
    if partial:
        why.append(
            f"not over when reported, so not judged: {_named({it[2] for it in partial})}"
        )
    if any(simulated for _, simulated in report.days):
        why.append("the simulator made a report: its figures are simulated")
    if share is not None and share > tolerance:
        state: State = "unreconciled"
    elif not days:
        state = "no report"
    else:
        state = "partly" if left > tolerance * spent or not whole else "reconciled"
    named = tuple(iso(day) for day in judged)
    unfinished = tuple(iso(day) for day in sorted({it[2] for it in partial}))
    return Verdict(state, share, named, tuple(lines), tuple(why), unfinished)


def _where(place: Place) -> tuple[str, bool, int]:
    return place.provider, place.simulated, place.day


def _share(loud: int, reported: int) -> float:
    if not loud:
        return 0.0
    return loud / reported if reported > 0 else 1.0


def _unreported(mine: Counted, report: Report) -> tuple[int, int]:
    """What we have of days that nobody reported, and what we have at all."""
    spent = sum(sum(it.nusd) for it in mine.places.values())
    left = sum(
        sum(it.nusd) for place, it in mine.places.items() if not _is_reported(place, report)
    )
    return left, spent


def _loudest(lines: list[Line], reported: int) -> list[str]:
    """What the causes come to, all days together."""
    sums: dict[str, int] = {}
    for line in lines:
        for it in line.causes:
            sums[it.kind] = sums.get(it.kind, 0) + it.nusd
    ranked = sorted(sums.items(), key=lambda it: -abs(it[1]))
    return [
        f"{KINDS[kind]}: {_usd(nusd)} ({abs(nusd) / reported:.2%})" if reported else KINDS[kind]
        for kind, nusd in ranked
        if nusd
    ]


KINDS = {
    "rounding": "rounding",
    "price": "other prices than the list's of the day",
    "intents": "calls that were sent and have no outcome here",
    "midnight": "calls at midnight, on another day there",
    "unanswered": "tries without an answer that were billed",
    "missing": "traffic that did not pass through here",
    "tier": "a tier that the report leaves out",
    "clients": "calls with their callers' own keys",
    "imported": "imported rows that the report does not know",
    "ceiling": "models without a price, counted at the ceiling",
    "estimates": "tokens that had to be estimated",
    "surplus": "more here than is reported",
}
"""every cause, in words"""


def _left_out(left: int, spent: int, mine: Counted) -> list[str]:
    said = []
    if left:
        said.append(f"{_usd(left)} of {_usd(spent)} is of days or providers nobody reported on")
    if mine.reported_nusd:
        said.append(
            f"{_usd(mine.reported_nusd)} was imported from a provider's own report, which"
            " proves nothing of itself"
        )
    return said


def _usd(nusd: int) -> str:
    return f"{'-' if nusd < 0 else ''}${abs(nusd) / 1e9:,.4f}"


def _named(days: set[int]) -> str:
    shown = [iso(day) for day in sorted(days)]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def iso(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def drifts(found: Verdict, now_us: int) -> list[Drift]:
    """The comparison as rows of the table of drift, but for days that are not over."""
    return [
        Drift(
            it.place.provider + (" (simulated)" if it.place.simulated else ""),
            it.place.day,
            it.place.model,
            it.ours_nusd,
            it.theirs_nusd,
            it.why,
            now_us,
        )
        for it in found.lines
        if iso(it.place.day) not in found.partial
    ]
