"""One page of a provider's report, whoever made it.

Rule 1: a page that is not what it should be raises NoReport, in words that name the field.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from headgate.ledger.reconcile.reported import Reported

MOST_TOKENS = 10**15
MOST_NUSD = 10**18
FIRST_DAY, LAST_DAY = 16_436, 47_481
"""from 2015 to 2099: who counts in milliseconds does not report a day of the year 58,000"""
OTHER = "(other)"
"""the model of a line that is of none, such as the running of code"""


class NoReport(ValueError):
    """What is no report, or cannot be had: the mistake and the remedy."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Page(NamedTuple):
    """What one page says."""

    rows: list[Reported]
    days: set[tuple[str, int, bool]]
    """(provider, day, is it of money), also of days with nothing on them"""
    next: str
    """how the next page is asked for; empty: there is none"""


class Ask(NamedTuple):
    """One report to be fetched, page by page."""

    path: str
    query: tuple[tuple[str, str], ...]
    money: bool


def buckets(page: object) -> list[dict[str, Any]]:
    """The spans of time of a page."""
    data = page.get("data") if isinstance(page, dict) else None
    if not isinstance(data, list) or not all(isinstance(it, dict) for it in data):
        raise NoReport("it has no list named data", "give the report as the API answered it")
    return data


def results(bucket: dict[str, Any]) -> list[dict[str, Any]]:
    found = bucket.get("results")
    if not isinstance(found, list) or not all(isinstance(it, dict) for it in found):
        raise NoReport("a bucket has no list named results", "give the report as it came")
    return found


def count(result: dict[str, Any], name: str) -> int:
    """A number of tokens; one that is absent is none."""
    value = result.get(name) or 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_TOKENS:
        raise NoReport(f"{name} is {value!r}, and no count", "give the report as it came")
    return value


def day_of(seconds: float, said: object) -> int:
    """The day since 1970 that a bucket begins on. `said`: as the report has it."""
    day = int(seconds // 86_400)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise NoReport(f"a bucket begins at {said!r}, and no report is of that day")
    return day


def nusd_of(amount: object, scale: int, unit: str) -> int:
    """An amount in nano-dollars, `scale` of which are one of its units."""
    try:
        nusd = Decimal(str(amount)) * scale
    except InvalidOperation:
        nusd = Decimal("NaN")
    if isinstance(amount, bool) or not nusd.is_finite() or abs(nusd) > MOST_NUSD:
        raise NoReport(f"an amount is {amount!r}, and no number of {unit}")
    return int(nusd.to_integral_value())


def named(result: dict[str, Any], name: str) -> str:
    value = result.get(name)
    return value if isinstance(value, str) else ""


def next_of(page: Any) -> str:
    """The token of the page that follows."""
    if not page.get("has_more"):
        return ""
    if not page.get("next_page"):
        raise NoReport("it has more pages and does not say how the next one is asked for")
    return str(page["next_page"])


def of(place: str, chosen: Iterable[str]) -> bool:
    """Is this workspace or project among the chosen ones; none chosen: all are."""
    return not chosen or (place or "default") in chosen
