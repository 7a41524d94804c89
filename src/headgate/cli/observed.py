"""The words of a workload, as the ledger tells them: what `headgate cost --last` goes by.

Rule 1: what was seen is scaled to a month, and how is said.
Rule 2: nothing that the ledger cannot tell is made up: it is left out, and that is said.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from headgate.cli import Trouble
from headgate.cli.progress import progress
from headgate.cli.since import start_us
from headgate.cli.where import explained, ledger_of
from headgate.config import load_places
from headgate.ledger.archive.opening import open_shelf
from headgate.ledger.book.book import Book, open_book
from headgate.ledger.book.hot import ALWAYS, Window
from headgate.ledger.book.usage import Usage, observe
from headgate.ledger.caching import names
from headgate.ledger.shelf import ShelfError
from headgate.money.pattern import ONE, Part
from headgate.store.place import Place, connect_reader

DAYS = 30
DAY_US = 86_400_000_000
SHORT_DAYS = 7
"""fewer days than that say little about a month"""

Place_ = tuple[Path | None, str | None]
"""--ledger and --config"""


def observed(
    last: str, whose: Mapping[str, str], place: Place_
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The words of the pattern, and how they were found."""
    config = load_places(Path(place[1]) if place[1] else None, os.environ)
    store = place[0] or ledger_of(config)
    with explained(), _explained():
        since_us = start_us(last, _newest_us(store))
        where = _where(store, whose)
        shelf = open_shelf(config.archive, store, os.environ)
        window = Window(since_us, ALWAYS.until_us)
        with (
            tempfile.TemporaryDirectory(prefix="headgate-") as spill,
            progress() as shown,
        ):
            shown.step("reading the ledger's calls")
            with open_book(store, shelf, window, spill=spill) as book:
                return told(book, since_us, where)


def told(
    book: Book, since_us: int, where: str = "TRUE"
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What an open book says of its calls since a moment."""
    seen = observe(book, where)
    if seen is None:
        if book.one(f"SELECT count(*) FROM book WHERE calls = 0 AND ({where})")[0]:  # noqa: S608 - as observe has it
            raise Trouble(
                "the ledger's rows of that time are sums of days, and tell no number of calls",
                "a usage export tells tokens and no calls: type the pattern, such as"
                " --requests 40k/day --input 6k --output 300",
            )
        raise Trouble(
            "the ledger has no such calls in that time",
            "look further back with --last 90d, import them with `headgate import`, or type the"
            " pattern: --requests 40k/day --input 6k --output 300",
        )
    days = Fraction(max(seen.last_us - max(since_us, seen.first_us), 1), DAY_US)
    return _words(seen, days), tuple(_how(seen, days))


def _words(seen: Usage, days: Fraction) -> dict[str, Any]:
    calls = Fraction(seen.calls)
    words: dict[str, Any] = {
        "requests": calls / max(days, ONE) * DAYS,
        "sizes": tuple(
            Part(size.calls / calls, Fraction(size.tokens, size.calls)) for size in seen.sizes
        ),
        "output": seen.output / calls,
        "counted_with": seen.models[0][0],
        "batch": seen.batched / calls,
        "reasoning": Fraction(seen.reasoning, seen.output or 1),
        "searches": seen.searches / calls,
    }
    if seen.peak_minute:
        words["peak"] = Fraction(seen.peak_minute)
        words["burst"] = (Fraction(seen.peak_second), ONE)
    cached = seen.read + seen.written
    if cached:
        words |= {"prefix": cached / calls, "hit": Fraction(seen.read, cached), "scales": True}
    elif seen.headed:
        words |= {
            "prefix": round(seen.headed * seen.head_tokens) / calls,
            "measured": tuple((it, Fraction(count, seen.headed)) for it, count in seen.in_time),
            "scales": True,
        }
    return words


def _how(seen: Usage, days: Fraction) -> Iterator[str]:
    if seen.simulated:
        yield "SIMULATED: all of these calls went to the simulator"
    yield f"the pattern is that of {seen.calls:,} calls in {_span(days)}, scaled to {DAYS} days"
    if days < 1:
        yield "that is less than a day, and was taken for a whole one"
    if days < SHORT_DAYS:
        yield "so few days say little about a month: weekends and quiet days are missing"
    half, most, nearly = seen.percentiles
    yield (
        f"half of all requests have up to {half:,.0f} input tokens, 95 of 100 up to "
        f"{most:,.0f}, 99 of 100 up to {nearly:,.0f}; each size is priced by itself"
    )
    if len(seen.models) > 1:
        others = ", ".join(f"{model} ({calls:,})" for model, calls in seen.models[:5])
        yield f"they went to {others}; tokens are taken as {seen.models[0][0]} counts them"
    yield from _of_cache(seen)
    if not seen.peak_minute:
        yield "the rows do not tell single minutes: no peak is known; give --peak"


def _of_cache(seen: Usage) -> Iterator[str]:
    cached = seen.read + seen.written
    if cached:
        yield (
            f"{seen.read / cached:.1%} of what was marked for a cache was read from it, as "
            "billed; longer requests are taken to repeat more, in proportion"
        )
    elif seen.headed:
        soon = ", ".join(
            f"{count / seen.headed:.0%} within {life}" for life, count in seen.in_time
        )
        yield (
            f"nothing was cached; {seen.beginnings:,} beginnings of {seen.head_tokens:,.0f} "
            f"tokens on average come again: {soon}"
        )
    else:
        yield "nothing was cached, and no row tells what repeats; give --prefix and --hit"
    for head in seen.heads[:3]:
        if head.per_hour:
            yield (
                f"a beginning of {head.tokens:,.0f} tokens came {head.calls:,} times, "
                f"{head.per_hour:,.1f} an hour"
            )


def _span(days: Fraction) -> str:
    if days >= 1:
        return f"{float(days):,.1f} days"
    minutes = float(days) * 1_440
    return f"{minutes / 60:.1f} hours" if minutes >= 60 else f"{minutes:.0f} minutes"


def _where(place: Place, whose: Mapping[str, str]) -> str:
    """SQL for the calls that are meant."""
    terms = ["TRUE"]
    if whose["key"]:
        terms.append(f"key_id IN ({', '.join(map(_quoted, _ids(place, whose['key'])))})")
    for name, column in (("route", "route"), ("served", "model_sent")):
        if whose[name]:
            terms.append(f"{column} = {_quoted(whose[name])}")
    return " AND ".join(terms)


def _quoted(text: str) -> str:
    """A text as SQL: a view takes no parameters."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _ids(place: Place, key: str) -> list[str]:
    """The ids of keys of this name; its own text where it is an id."""
    with contextlib.closing(connect_reader(place)) as connection:
        found = [id for id, name in names(connection).items() if key in (id, name)]
    return found or [key]


def _newest_us(place: Place) -> int:
    """The moment of the newest call, of which a span counts back."""
    with contextlib.closing(connect_reader(place)) as connection:
        hot = connection.execute("SELECT max(at_us) FROM call").fetchone()
        sealed = connection.execute(
            "SELECT max(last_us) FROM segment WHERE gone_us IS NULL"
        ).fetchone()
    return max((int(row[0]) for row in (hot, sealed) if row and row[0]), default=0)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ShelfError as error:
        raise Trouble(error.what, error.hint) from error
