"""Fetches the reports of a provider's admin API, page by page.

Rule 1: a provider that is busy or broken is asked again, a few times, as late as it says;
what it refuses is not asked again.
Rule 2: the key is sent to the configured address and nowhere else: a redirect is no answer.
Rule 3: a report that comes from the simulator is kept as such.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from headgate.ledger.reconcile import anthropic, openai
from headgate.ledger.reconcile.page import Ask, NoReport, Page
from headgate.ledger.reconcile.reported import Reported
from headgate.ledger.reconcile.sides import SIMULATED
from headgate.upstream import Door, Exchange, Request, Url
from headgate.wire.model import Fault

WAITS_S = (1.0, 2.0, 4.0, 8.0)
LONGEST_WAIT_S = 60.0
ANSWER_S = 60.0
PAGE_BYTES = 64 * 1024 * 1024
MOST_PAGES = 1_000

VENDORS: dict[str, Any] = {"anthropic": anthropic, "openai": openai}
"""how each is asked and read"""

Sleep = Callable[[float], Awaitable[object]]


class Source(NamedTuple):
    """Whom to ask, and with what."""

    provider: str
    key: str
    url: str = ""
    """empty: the vendor's own"""
    chosen: tuple[str, ...] = ()
    """the workspaces or projects that count; none: all"""
    account: str = ""
    """the organisation's name, where there are several"""

    def __repr__(self) -> str:
        return f"Source({self.provider}, {self.url})"


class Fetched(NamedTuple):
    """A provider's reports of some days."""

    rows: list[Reported]
    days: set[tuple[str, int, bool]]
    account: str


async def fetch(source: Source, first: int, last: int, sleep: Sleep = asyncio.sleep) -> Fetched:
    """The days, both included; NoReport says what stands in the way."""
    vendor = VENDORS[source.provider]
    door = Door()
    rows: list[Reported] = []
    days: set[tuple[str, int, bool]] = set()
    account = source.account
    try:
        for ask in vendor.asks(first, last):
            async for page, simulated in _pages(door, source, ask, sleep):
                rows += page.rows
                days |= page.days
                account = SIMULATED if simulated else account
    finally:
        await door.close()
    return Fetched(rows, days, account)


async def _pages(door: Door, source: Source, ask: Ask, sleep: Sleep) -> Any:
    vendor, seen = VENDORS[source.provider], set[str]()
    more = ""
    for _ in range(MOST_PAGES):
        query = (*ask.query, ("page", more)) if more else ask.query
        body, simulated = await _asked(door, source, f"{ask.path}?{urlencode(query)}", sleep)
        page: Page = vendor.read(_document(body, ask.path), ask.money, source.chosen)
        yield page, simulated
        if not page.next:
            return
        if page.next in seen:
            raise NoReport(f"{ask.path} gives the page {page.next!r} again and again")
        seen.add(page.next)
        more = page.next


def _document(body: bytes, path: str) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise NoReport(
            f"{path} does not answer in JSON", "check the address: is it the provider's API?"
        ) from None


async def _asked(door: Door, source: Source, target: str, sleep: Sleep) -> tuple[bytes, bool]:
    """The answer to one request, asked again where that may help."""
    vendor = VENDORS[source.provider]
    url = Url.parse(source.url or vendor.URL)
    path = (url.path + target).encode()
    request = Request(b"GET", url, path, [*vendor.headers(source.key)], (), 10.0)
    for wait in (*WAITS_S, None):
        said = await _try(door, request)
        if said.status == 200:
            return said.body, said.simulated
        if not said.may_help or wait is None:
            raise _refused(source, target.partition("?")[0], said)
        await sleep(min(LONGEST_WAIT_S, max(wait, said.retry_after)))
    raise AssertionError("the last try returns or raises")


class _Said(NamedTuple):
    status: int
    """0: there was no answer"""
    body: bytes
    simulated: bool = False
    retry_after: float = 0.0

    @property
    def may_help(self) -> bool:
        """May it help to ask again."""
        return self.status in (0, 408, 409, 429) or self.status >= 500


async def _try(door: Door, request: Request) -> _Said:
    exchange = door.exchange(request)
    try:
        async with asyncio.timeout(ANSWER_S):
            await exchange.open()
            body = await exchange.read_all(PAGE_BYTES)
    except Fault as fault:
        return _Said(0, fault.message.encode())
    except TimeoutError:
        return _Said(0, f"no answer in {ANSWER_S:g} s".encode())
    finally:
        exchange.close()
    simulated = _header(exchange, b"x-headgate-simulated") == b"true"
    return _Said(exchange.status, body, simulated, _seconds(exchange))


def _header(exchange: Exchange, wanted: bytes) -> bytes:
    return next((value for name, value in exchange.headers if name == wanted), b"")


def _seconds(exchange: Exchange) -> float:
    try:
        return max(0.0, float(_header(exchange, b"retry-after")))
    except ValueError:
        return 0.0


def _refused(source: Source, path: str, said: _Said) -> NoReport:
    vendor = VENDORS[source.provider]
    words = " ".join(_words(said.body).split())[:300]
    if said.status in (401, 403):
        return NoReport(
            f"{source.provider} does not accept the key for {path} ({said.status}): {words}",
            f"{vendor.KEY} must hold an admin key ({vendor.KEY_START}…): {vendor.KEY_HINT}",
        )
    if said.status == 404:
        return NoReport(
            f"{path} is not there (404): {words}", "check the address of [reconcile]"
        )
    if said.may_help:
        return NoReport(f"{path} cannot be had: {words or said.status}", "try again later")
    return NoReport(f"{path} was refused ({said.status}): {words}", "check [reconcile]")


def _words(body: bytes) -> str:
    """An error in the provider's own words."""
    try:
        error = msgspec.json.decode(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (msgspec.DecodeError, KeyError, TypeError):
        return body[:300].decode("utf-8", "replace")


def documents(raw: bytes) -> list[Any]:
    """The pages of a file: one, a list of them, or one in each line."""
    try:
        found = msgspec.json.decode(raw)
        return list(found) if isinstance(found, list) else [found]
    except msgspec.DecodeError:
        try:
            return [msgspec.json.decode(line) for line in raw.splitlines() if line.strip()]
        except msgspec.DecodeError as error:
            raise NoReport(
                f"it is no JSON: {error}", "give the pages as the admin API answered them"
            ) from None


def read_pages(pages: Iterable[Any]) -> Fetched:
    """Pages from a file, of whichever provider."""
    rows: list[Reported] = []
    days: set[tuple[str, int, bool]] = set()
    for page in pages:
        vendor = next((it for it in VENDORS.values() if it.fits(page)), None)
        if vendor is None:
            raise NoReport(
                "it is no page of Anthropic's or OpenAI's reports of usage or costs",
                "console CSVs end in .csv; pages have data[], each with results[]",
            )
        found: Page = vendor.read(page)
        rows += found.rows
        days |= found.days
    return Fetched(rows, days, "")
