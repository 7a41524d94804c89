"""Reports are fetched to the last page, from providers that are busy too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from headgate.gateway.serve import Listen, start
from headgate.ledger.reconcile.fetch import Source, documents, fetch, read_pages
from headgate.ledger.reconcile.page import NoReport
from headgate.ledger.reconcile.sides import SIMULATED
from headgate.sim.app import Simulator
from headgate.sim.bills import Served
from headgate.wire.model import Usage

NOW_S = 1_795_000_000.0
TODAY = int(NOW_S) // 86_400
KEY = "sk-ant-admin01-x"


class Vendor:
    """The simulator as a vendor whose reports are asked for."""

    def __init__(self, url: str, sim: Simulator) -> None:
        self.sim = sim
        self.source = Source("anthropic", KEY, url)
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[Vendor]:
    sim = Simulator(clock=lambda: NOW_S)
    running = await start(sim, Listen(drain_s=1))
    for day in range(40):
        usage = Usage(input_fresh=1_000, output=10)
        minute = int(NOW_S) // 60 - day * 1_440
        sim.world.bills.note(Served("anthropic", minute, "claude-opus-5-5", usage))
    yield Vendor(running.url, sim)
    await running.stop(at_once=True)


async def test_every_page_is_read(vendor: Vendor) -> None:
    found = await fetch(vendor.source, TODAY - 39, TODAY, vendor.sleep)
    assert len({it.day for it in found.rows if not it.line}) == 40
    assert len({day for _, day, money in found.days if money}) == 40
    assert found.account == SIMULATED


async def test_a_vendor_that_is_busy_is_asked_again_as_late_as_it_says(vendor: Vendor) -> None:
    vendor.sim.next("429;retry-after=7", "500", "")
    found = await fetch(vendor.source, TODAY, TODAY, vendor.sleep)
    assert found.rows
    assert vendor.waited == [7.0, 2.0]


async def test_a_vendor_that_stays_broken_is_given_up(vendor: Vendor) -> None:
    vendor.sim.next(*["500"] * 9)
    with pytest.raises(NoReport, match="cannot be had"):
        await fetch(vendor.source, TODAY, TODAY, vendor.sleep)
    assert len(vendor.waited) == 4


async def test_a_key_that_is_refused_is_not_tried_again(vendor: Vendor) -> None:
    with pytest.raises(NoReport, match="does not accept the key") as error:
        await fetch(vendor.source._replace(key="sk-ant-api"), TODAY, TODAY, vendor.sleep)
    assert "ANTHROPIC_ADMIN_KEY" in error.value.hint
    assert vendor.waited == []


async def test_an_address_without_the_api_is_named(vendor: Vendor) -> None:
    lost = vendor.source._replace(provider="openai", key="sk-admin-x", url="http://127.0.0.1:1")
    with pytest.raises(NoReport, match="cannot be had"):
        await fetch(lost, TODAY, TODAY, vendor.sleep)


def test_a_key_is_never_shown() -> None:
    assert KEY not in repr(Source("anthropic", KEY))


def test_a_file_holds_one_page_or_several() -> None:
    page = {"data": [{"starting_at": "2026-10-14T00:00:00Z", "results": []}]}
    raw = msgspec.json.encode(page)
    for text in (raw, b"[" + raw + b"]", raw + b"\n" + raw):
        assert documents(text)[0] == page
    assert read_pages(documents(raw)).rows == []


@pytest.mark.parametrize("raw", [b"{", b"a,b\n1,2\n"])
def test_what_is_no_json_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(NoReport, match="no JSON"):
        documents(raw)


def test_what_is_no_report_is_said_to_be_none() -> None:
    with pytest.raises(NoReport, match="no page"):
        read_pages([{"data": []}])
