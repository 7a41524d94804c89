"""One page of a provider's report, whoever made it.

Rule 1: a page that is not what it should be raises NoReport, in words that name the field.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from headgate.ledger.reconcile.reported import Reported

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
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise NoReport(f"{name} is {value!r}, and no count", "give the report as it came")
    return value


def named(result: dict[str, Any], name: str) -> str:
    value = result.get(name)
    return value if isinstance(value, str) else ""


def next_of(page: Any) -> str:
    """The token of the page that follows."""
    return str(page.get("next_page") or "") if page.get("has_more") else ""


def of(place: str, chosen: Iterable[str]) -> bool:
    """Is this workspace or project among the chosen ones; none chosen: all are."""
    return not chosen or (place or "default") in chosen
