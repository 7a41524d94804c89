"""A shared call: one record, read by each at its own speed, ended by whoever leaves last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine import flight as flights
from headgate.engine.flight import Flight, Flights, Head, Record, always, read
from headgate.engine.tally import Tally
from headgate.wire import SURFACES
from headgate.wire.call import Caller, open_call
from headgate.wire.model import Ending, Fault, Headers, Kind

BODY = b'{"model": "m", "messages": []}'


@dataclass
class Client:
    """Takes what it is sent, and may take its time."""

    slow_s: float = 0.0
    sent_at: float = 0.0
    status: int = 0
    got: list[bytes] = field(default_factory=list)
    over: bool = False

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        self.status, self.over = status, True
        self.got.append(body)

    async def start(self, status: int, headers: Headers) -> None:
        self.status = status

    async def send(self, data: bytes) -> None:
        await asyncio.sleep(self.slow_s)
        self.got.append(data)

    async def end(self, data: bytes) -> None:
        self.got.append(data)
        self.over = True

    def put(self, data: bytes) -> None:
        self.got.append(data)

    def stalled(self) -> bool:
        return False

    @property
    def body(self) -> bytes:
        return b"".join(self.got)


def tally(client: Client) -> Tally:
    call = open_call(SURFACES["messages"], BODY, Caller([]), id="r_1")
    return Tally.of(call, client, 0.0, 0)


def heads(head: Head) -> Headers:
    return head.headers


def begun(course: Coroutine[Any, Any, None], flight: Flight) -> Flights:
    these = Flights()
    these.begin(flight, course)
    return these


async def reading(flight: Flight, client: Client) -> Tally:
    one = tally(client)
    flight.readers += 1
    try:
        await read(flight, one, heads)
    finally:
        flight.leave()
    return one


def new() -> Flight:
    return Flight(b"name", tally(Client()), time.monotonic)


async def stream(record: Record, parts: Sequence[bytes], pause_s: float = 0.0) -> None:
    await record.start(200, [])
    for part in parts:
        await asyncio.sleep(pause_s)
        await record.send(part)
    await record.end(b"")


PARTS = st.lists(st.binary(max_size=20), max_size=12)
SPEEDS = st.lists(st.sampled_from([0.0, 0.0005, 0.002]), min_size=1, max_size=6)


@given(PARTS, SPEEDS)
def test_all_readers_get_the_same_bytes_however_slow_they_are_and_late_they_come(
    parts: list[bytes], speeds: list[float]
) -> None:
    async def play() -> list[Client]:
        flight, clients = new(), [Client(speed) for speed in speeds]
        begun(stream(flight.record, parts, 0.0005), flight)

        async def come(number: int, client: Client) -> None:
            for _ in range(number):
                await asyncio.sleep(0)
            await reading(flight, client)

        await asyncio.gather(*(come(at, each) for at, each in enumerate(clients)))
        return clients

    for client in asyncio.run(play()):
        assert (client.status, client.body, client.over) == (200, b"".join(parts), True)


async def test_a_slow_reader_keeps_nobody_waiting() -> None:
    flight, quick, slow = new(), Client(), Client(0.05)
    begun(stream(flight.record, [b"x"] * 20, 0.001), flight)
    both = [asyncio.ensure_future(reading(flight, each)) for each in (quick, slow)]
    done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert done == {both[0]}
    await asyncio.gather(*both)
    assert quick.body == slow.body


async def test_the_first_may_leave_and_the_others_get_all_of_it() -> None:
    flight, first, other = new(), Client(), Client()
    begun(stream(flight.record, [b"a", b"b", b"c"], 0.01), flight)
    leaving = asyncio.ensure_future(reading(flight, first))
    staying = asyncio.ensure_future(reading(flight, other))
    await asyncio.sleep(0.015)
    leaving.cancel()
    await staying
    assert other.body == b"abc"


async def test_the_last_to_leave_ends_it() -> None:
    flight = new()
    these = begun(stream(flight.record, [b"a"] * 1000, 0.01), flight)
    readers = [asyncio.ensure_future(reading(flight, Client())) for _ in range(3)]
    await asyncio.sleep(0.02)
    for each in readers:
        each.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    task = flight.task
    assert task is not None
    await asyncio.wait({task}, timeout=1)
    assert task.done()
    assert len(these) == 0
    assert these.of(b"name") is None


async def test_what_is_wanted_elsewhere_goes_on_without_readers() -> None:
    flight = new()
    flight.wanted = always
    begun(stream(flight.record, [b"a"] * 5, 0.002), flight)
    leaving = asyncio.ensure_future(reading(flight, Client()))
    await asyncio.sleep(0.004)
    leaving.cancel()
    assert flight.task is not None
    await flight.task
    assert flight.record.body == b"aaaaa"


async def test_a_fault_before_the_head_reaches_every_reader() -> None:
    flight = new()

    async def fails() -> None:
        await asyncio.sleep(0.001)
        raise Fault(Kind.BUSY, "no")

    begun(fails(), flight)
    both = [reading(flight, Client()) for _ in range(2)]
    found = await asyncio.gather(*both, return_exceptions=True)
    assert [str(each) for each in found] == ["no", "no"]


async def test_an_end_without_an_answer_is_a_fault_and_no_silence() -> None:
    flight = new()

    async def ends() -> None:
        await asyncio.sleep(0)

    begun(ends(), flight)
    with pytest.raises(Fault, match="without an answer"):
        await reading(flight, Client())


async def test_a_record_that_is_over_is_joined_by_nobody() -> None:
    flight = new()
    these = begun(stream(flight.record, []), flight)
    assert these.of(b"name") is flight
    one = await reading(flight, Client())
    assert (one.ending, one.answered) == (Ending.COMPLETE, True)
    assert these.of(b"name") is None


async def test_an_answer_beyond_all_bounds_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "LARGEST_BYTES", 10)
    flight = new()
    begun(stream(flight.record, [b"x" * 6, b"y" * 6]), flight)
    with pytest.raises(Fault, match="longer than"):
        await reading(flight, Client())


async def test_a_call_that_is_being_ended_is_joined_by_nobody() -> None:
    flight = new()
    these = begun(asyncio.sleep(3600), flight)
    await asyncio.sleep(0)
    assert these.of(b"name") is flight
    flight.readers += 1
    flight.leave()
    assert these.of(b"name") is None
    await these.close()


async def test_it_can_be_waited_for_until_all_have_ended() -> None:
    flight = new()
    these = begun(stream(flight.record, [b"x"]), flight)
    waiting = asyncio.ensure_future(these.landed())
    await reading(flight, Client())
    await waiting
    assert flight.record.over
    await these.landed()


async def test_the_end_of_the_process_ends_what_nobody_reads() -> None:
    flight = new()
    flight.wanted = always
    these = begun(asyncio.sleep(3600), flight)
    flights_closed = asyncio.ensure_future(these.close())
    monotonic = time.monotonic()
    await flights_closed
    assert time.monotonic() - monotonic < flights.FAREWELL_S + 1
    assert len(these) == 0
