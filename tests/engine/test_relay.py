"""Calls that several processes ask for at once: one asks the upstream, all get its reply."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio

from headgate.engine import relay as relays
from headgate.engine.flight import Afar, Flight, Flights
from headgate.engine.relay import Relay
from headgate.engine.tally import Tally
from headgate.store.relay import LEASE_S, Led, RelayError, Tower
from headgate.wire.model import Ending, Fault, Headers, Kind
from tests.store.relay import towers
from tests.store.relay.towers import Sky

pytestmark = pytest.mark.slow

KEY, NAME = bytes(32), b"what was asked"
HEADERS: Headers = [(b"content-type", b"text/event-stream")]
Speak = Callable[[Flight], Coroutine[Any, Any, None]]


class Process:
    """One process: its flights and its relay."""

    def __init__(self, sky: Sky) -> None:
        self.said: list[str] = []
        self.relay = Relay(self._open, self.said.append)
        self.flights = Flights()
        self.sky = sky
        self.asked = 0
        self.lasts: list[Afar | None] = []
        self.open: list[Tower] = []
        self.closed = False

    def _open(self) -> Tower:
        tower = self.sky.open()
        self.open.append(tower)
        return tower

    def join(self, speak: Speak, name: bytes = NAME) -> Flight:
        """A client comes and reads; `speak` is the upstream."""
        flight = self.flights.of(name)
        if flight is None:
            flight = Flight(name, cast(Tally, None), asyncio.get_running_loop().time)
            self.flights.begin(flight, self._course(flight, speak))
        flight.readers += 1
        return flight

    async def _course(self, flight: Flight, speak: Speak) -> None:
        async def lead() -> None:
            self.asked += 1
            await speak(flight)

        self.lasts.append(await self.relay.fly(flight, KEY, lead))

    async def die(self) -> None:
        """Gone without a word: nothing is renewed, told or published any more."""
        for task in (self.relay._runner, self.relay._listener):
            if task is not None:
                task.cancel()
        self.relay._led.clear()
        self.relay._followed.clear()

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            for task in self.flights._tasks:
                task.cancel()
            await self.flights.close()
            await self.relay.close()


@pytest.fixture(params=towers.KINDS)
def sky(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with towers.sky(request.param, request, tmp_path) as it:
        yield it


@pytest.fixture
def file_sky(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with towers.sky("sqlite", request, tmp_path) as it:
        yield it


@contextlib.asynccontextmanager
async def crew(sky: Sky, count: int) -> AsyncIterator[list[Process]]:
    processes = [Process(sky) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            await process.close()


@pytest_asyncio.fixture
async def three(sky: Sky) -> AsyncIterator[list[Process]]:
    async with crew(sky, 3) as processes:
        yield processes


@pytest_asyncio.fixture
async def two(file_sky: Sky) -> AsyncIterator[list[Process]]:
    async with crew(file_sky, 2) as processes:
        yield processes


async def told(flight: Flight, seconds: float = 5.0) -> bytes:
    """The whole record, once it is over."""
    record = flight.record
    async with asyncio.timeout(seconds):
        while not record.over:
            await record.news()
    return record.body


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not true():
        if loop.time() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.005)


def stream(gate: asyncio.Event, parts: int = 20) -> Speak:
    """A reply that waits in its middle."""

    async def speak(flight: Flight) -> None:
        record = flight.record
        await record.start(200, HEADERS)
        for n in range(parts):
            if n == parts // 2:
                await gate.wait()
            record.put(b"part %d;" % n)
        await record.end(b"end")

    return speak


async def whole(flight: Flight) -> None:
    await asyncio.sleep(0.05)
    await flight.record.whole(200, HEADERS, b"body" * 200_000)


async def test_of_three_processes_one_asks_and_all_read_the_same(three: list[Process]) -> None:
    gate = asyncio.Event()
    first = three[0].join(stream(gate))
    await until(lambda: len(first.record.parts) == 10)
    others = [process.join(stream(gate)) for process in three[1:]]
    await until(lambda: all(flight.record.body for flight in others))
    assert {flight.record.body for flight in others} == {first.record.body}, "while it runs"
    gate.set()
    bodies = {await told(flight) for flight in (first, *others)}
    assert bodies == {b"".join(b"part %d;" % n for n in range(20)) + b"end"}
    assert [process.asked for process in three] == [1, 0, 0]
    assert all(flight.record.head == first.record.head for flight in others)
    await until(lambda: three[0].sky.left() == 0)
    assert [last and last.ending for p in three for last in p.lasts] == [
        None,
        Ending.COMPLETE,
        Ending.COMPLETE,
    ]


async def first_bytes_s(leads: Process, follows: Process, name: bytes) -> float:
    """How long it takes until a follower has any."""
    gate = asyncio.Event()
    first = leads.join(stream(gate), name)
    await until(lambda: len(first.record.parts) == 10)
    since = asyncio.get_running_loop().time()
    second = follows.join(stream(gate), name)
    await until(lambda: second.record.parts)
    took = asyncio.get_running_loop().time() - since
    gate.set()
    await told(first)
    await told(second)
    return took


async def test_a_later_call_is_followed_as_soon_as_the_first(three: list[Process]) -> None:
    for name in (b"one", b"two", b"three"):
        assert await first_bytes_s(three[0], three[1], name) < 1.0
        await asyncio.sleep(2 * relays.LOOK_S)


async def test_whole_replies_are_shared_too_when_all_come_at_once(three: list[Process]) -> None:
    gate = asyncio.Event()

    async def at_last(flight: Flight) -> None:
        await gate.wait()
        await whole(flight)

    flights = [process.join(at_last) for process in three]
    await until(lambda: sum(len(process.relay._followed) for process in three) == 2)
    gate.set()
    assert {await told(flight) for flight in flights} == {b"body" * 200_000}
    assert all(f.record.head == flights[0].record.head for f in flights)
    assert sum(process.asked for process in three) == 1


async def test_nothing_is_written_of_a_call_that_nobody_else_wants(two: list[Process]) -> None:
    gate = asyncio.Event()
    flight = two[0].join(stream(gate))
    await until(lambda: len(flight.record.parts) == 10)
    await asyncio.sleep(3 * relays.LOOK_S)
    assert two[0].sky.left() == 1
    gate.set()
    await told(flight)
    await until(lambda: two[0].sky.left() == 0)


async def test_a_call_is_over_for_all_when_it_is_over(two: list[Process]) -> None:
    for process in (*two, two[0]):
        await told(process.join(whole))
        await until(lambda: two[0].sky.left() == 0)
    assert [process.asked for process in two] == [2, 1]


async def test_a_call_goes_on_for_followers_when_its_own_clients_are_gone(
    three: list[Process],
) -> None:
    gate = asyncio.Event()
    first = three[0].join(stream(gate))
    await until(lambda: first.record.parts)
    second = three[1].join(stream(gate))
    await until(lambda: second.record.parts)
    first.leave()
    await asyncio.sleep(2 * relays.LOOK_S)
    assert first.task is not None
    assert not first.task.done()
    gate.set()
    assert (await told(second)).endswith(b"end")
    assert [process.asked for process in three] == [1, 0, 0]


async def test_a_call_ends_when_the_last_who_wants_it_leaves_wherever_that_is(
    three: list[Process],
) -> None:
    gate = asyncio.Event()
    first = three[0].join(stream(gate))
    await until(lambda: first.record.parts)
    second = three[1].join(stream(gate))
    await until(lambda: second.record.parts)
    first.leave()
    second.leave()
    await until(lambda: first.task is not None and first.task.done())
    assert not gate.is_set()
    await until(lambda: three[0].sky.left() == 0)


async def test_a_call_that_nobody_wants_ends_at_once(two: list[Process]) -> None:
    flight = two[0].join(stream(asyncio.Event()))
    await until(lambda: flight.record.parts)
    flight.leave()
    await until(lambda: flight.task is not None and flight.task.done(), 0.5)
    await until(lambda: two[0].sky.left() == 0)


async def test_a_client_that_leaves_while_it_is_claimed_leaves_nothing(
    two: list[Process],
) -> None:
    await told(two[0].join(whole))
    flight = two[0].join(whole)
    await asyncio.sleep(0)
    flight.leave()
    with pytest.raises(TimeoutError):
        await until(lambda: two[0].asked > 1, 0.1)
    await until(lambda: two[0].sky.left() == 0)


async def test_the_end_of_a_call_that_failed_is_told_to_all(two: list[Process]) -> None:
    async def fail(flight: Flight) -> None:
        await asyncio.sleep(0.2)
        raise Fault(Kind.OVERLOADED, "no room", retry_after=2.0)

    flights = [process.join(fail) for process in two]
    for flight in flights:
        await told(flight)
        fault = flight.record.fault
        assert fault is not None
        assert (fault.kind, fault.message, fault.retry_after) == (
            Kind.OVERLOADED,
            "no room",
            2.0,
        )
    assert sum(process.asked for process in two) == 1


async def test_a_dead_leader_is_replaced_by_one_of_those_who_were_shown_nothing(
    three: list[Process],
) -> None:
    async def silent(flight: Flight) -> None:
        await asyncio.Event().wait()

    async def slow(flight: Flight) -> None:
        await asyncio.sleep(0.5)
        await whole(flight)

    dead = three[0].join(silent)
    await until(lambda: three[0].asked)
    flights = [process.join(slow) for process in three[1:]]
    await until(lambda: all(process.relay._followed for process in three[1:]))
    await three[0].die()
    three[0].sky.pass_time(LEASE_S + 1)
    assert {await told(flight) for flight in flights} == {b"body" * 200_000}
    assert dead.task is not None
    dead.task.cancel()
    assert sum(process.asked for process in three[1:]) == 1


async def test_a_follower_whose_leader_dies_in_the_middle_is_told_so(
    three: list[Process],
) -> None:
    gate = asyncio.Event()
    three[0].join(stream(gate))
    await until(lambda: three[0].asked)
    flight = three[1].join(stream(gate))
    await until(lambda: flight.record.parts)
    await three[0].die()
    three[0].sky.pass_time(LEASE_S + 1)
    await told(flight)
    assert flight.record.fault is not None
    assert flight.record.fault.kind is Kind.BUSY
    assert "send the call again" in flight.record.fault.message
    assert three[1].asked == 0


async def test_a_part_nobody_can_have_written_is_not_believed(two: list[Process]) -> None:
    gate = asyncio.Event()
    two[0].join(stream(gate))
    await until(lambda: two[0].asked)

    def forge() -> None:
        tower = two[0].sky.open()
        token = tower.claim(Led(NAME, "ff.1"))
        tower.publish(Led(NAME, token), 0, [b"\x01" + bytes(80)], over=False)

    await asyncio.to_thread(forge)
    flight = two[1].join(whole)
    assert (await told(flight)).startswith(b"body"), "it asked for itself"
    gate.set()


class Broken:
    """A tower that cannot be asked."""

    def __init__(self) -> None:
        self.tried = 0

    def __call__(self) -> Tower:
        self.tried += 1
        raise RelayError("Redis at 127.0.0.1:1/0 cannot be used")


async def test_without_a_tower_calls_go_on_alone_and_it_is_said_once(file_sky: Sky) -> None:
    broken = Broken()
    process = Process(file_sky)
    process.relay = Relay(broken, process.said.append)
    for _ in range(5):
        assert await told(process.join(whole))
    assert process.asked == 5
    assert process.said == ["Redis at 127.0.0.1:1/0 cannot be used"]
    assert broken.tried == 1, "not each of them waits for it"
    process.relay._asked_again_at = 0.0
    process.relay._errands._opened = file_sky.open
    assert await told(process.join(whole))
    assert process.said[1:] == [""]
    await process.close()


async def test_a_tower_that_hangs_delays_a_call_by_a_second_at_most(
    file_sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "CLAIM_S", 0.05)
    go = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow() -> Tower:
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result()
        return file_sky.open()

    process = Process(file_sky)
    process.relay = Relay(slow, process.said.append)
    assert await told(process.join(whole))
    assert "did not say within" in process.said[0]
    go.set()
    await until(lambda: file_sky.towers and file_sky.left() == 0)
    await process.close()


async def test_a_store_that_fails_in_between_ends_no_call_that_somebody_here_reads(
    two: list[Process],
) -> None:
    gate = asyncio.Event()
    first = two[0].join(stream(gate))
    await until(lambda: first.record.parts)
    second = two[1].join(stream(gate))
    await until(lambda: second.record.parts)
    for process in two:
        for tower in process.open:
            tower.close()
    await until(lambda: two[0].relay.trouble and two[1].relay.trouble)
    gate.set()
    assert (await told(first)).endswith(b"end")
    assert (await told(second, 10)).endswith(b"end"), "it went on where it was"
    assert two[1].asked == 0


async def test_closing_tells_followers_what_became_of_the_flight(two: list[Process]) -> None:
    gate = asyncio.Event()
    first = two[0].join(stream(gate))
    await until(lambda: first.record.parts)
    second = two[1].join(stream(gate))
    await until(lambda: second.record.parts)
    await two[0].close()
    await told(second)
    assert second.record.fault is not None
    assert second.record.fault.kind is Kind.BUSY
