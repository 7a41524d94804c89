"""The door: connections are reused, bounded, waited for in order, and never left behind."""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import ssl
import time
from pathlib import Path

import pytest

from headgate.upstream import Door, Exchange, Request, Url
from headgate.wire.model import Fault, Kind
from tests.upstream.conftest import Start
from tests.upstream.scripted import (
    HOLD,
    OK,
    STREAM_HEAD,
    End,
    body_of,
    chunk,
    post,
    until,
)


async def call(door: Door, request: Request) -> bytes:
    exchange = door.exchange(request)
    try:
        await exchange.open()
        return await body_of(exchange)
    finally:
        exchange.close()


async def test_one_connection_serves_call_after_call(door: Door, start: Start) -> None:
    upstream = await start()
    for _ in range(50):
        assert await call(door, post(upstream.url(), b"{}")) == b"hi"
    assert len(upstream.callers) == 1
    assert (door.open_sockets(), door.idle()) == (1, 1)


async def test_as_many_connections_as_calls_at_once(door: Door, start: Start) -> None:
    upstream = await start((0.01, OK))
    for _ in range(3):
        calls = [call(door, post(upstream.url(), b"{}")) for _ in range(20)]
        assert await asyncio.gather(*calls) == [b"hi"] * 20
    assert len(upstream.callers) == 20
    assert door.idle() == 20


async def test_the_connection_freed_last_is_used_first(door: Door, start: Start) -> None:
    """So that a burst's connections grow old and are closed when the burst is over."""
    upstream = await start((0.01, OK))
    await asyncio.gather(*(call(door, post(upstream.url(), b"{}")) for _ in range(5)))
    totals = [caller.total for caller in upstream.callers]
    for _ in range(5):
        await call(door, post(upstream.url(), b"{}"))
    grown = [c.total > before for c, before in zip(upstream.callers, totals, strict=True)]
    assert sum(grown) == 1


async def test_upstreams_do_not_share_connections(door: Door, start: Start) -> None:
    one, two = await start(), await start()
    for _ in range(3):
        await call(door, post(one.url(), b"{}"))
        await call(door, post(two.url(), b"{}"))
    assert (len(one.callers), len(two.callers), door.idle()) == (1, 1, 2)


@pytest.mark.parametrize("places", [1, 3])
async def test_callers_beyond_the_limit_wait_for_a_place(
    places: int, door: Door, start: Start
) -> None:
    upstream = await start((0.002, OK))
    url = upstream.url(max_connections=places)
    calls = [call(door, post(url, b"%02d" % number)) for number in range(30)]
    assert await asyncio.gather(*calls) == [b"hi"] * 30
    assert len(upstream.callers) == places


async def test_those_who_wait_are_served_in_order(door: Door, start: Start) -> None:
    upstream = await start((0.001, OK))
    url = upstream.url(max_connections=1)
    await asyncio.gather(*(call(door, post(url, b"%02d" % number)) for number in range(30)))
    order = [request[-2:] for request in upstream.requests]
    assert order == sorted(order)


async def test_a_waiting_caller_that_leaves_takes_no_place_with_it(
    door: Door, start: Start
) -> None:
    upstream = await start((0.02, OK), (OK,))
    url = upstream.url(max_connections=1)
    first = asyncio.ensure_future(call(door, post(url, b"1")))
    await until(lambda: bool(upstream.requests))
    gone = [asyncio.ensure_future(call(door, post(url, b"2"))) for _ in range(5)]
    last = asyncio.ensure_future(call(door, post(url, b"3")))
    await asyncio.sleep(0)
    for each in gone:
        each.cancel()
    assert await asyncio.gather(*[first, last]) == [b"hi", b"hi"]
    assert [request[-1:] for request in upstream.requests] == [b"1", b"3"]
    assert len(upstream.callers) == 1


async def test_a_broken_connection_makes_room_for_the_next_in_line(
    door: Door, start: Start
) -> None:
    upstream = await start((0.005, End.RST), (0.005, b"nonsense"), (HOLD,), (OK,))
    url = upstream.url(max_connections=1)
    calls = [asyncio.ensure_future(call(door, post(url, b"%d" % n))) for n in range(5)]
    await until(lambda: len(upstream.requests) == 3)
    calls[2].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [getattr(result, "kind", None) for result in results[:2]] == [
        Kind.CONNECTION,
        Kind.UPSTREAM,
    ]
    assert results[3:] == [b"hi", b"hi"]


async def test_a_failed_dial_makes_room_for_the_next_in_line(door: Door, start: Start) -> None:
    upstream = await start()
    url = upstream.url(max_connections=1)
    await upstream.stop()
    calls = [call(door, post(url, b"{}")) for _ in range(5)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [getattr(result, "kind", None) for result in results] == [Kind.CONNECTION] * 5


async def test_idle_connections_are_closed_after_a_while(start: Start) -> None:
    door = Door(max_idle_s=0.05)
    upstream = await start((0.005, OK))
    await asyncio.gather(*(call(door, post(upstream.url(), b"{}")) for _ in range(3)))
    for _ in range(5):
        await asyncio.sleep(0.02)
        await call(door, post(upstream.url(), b"{}"))
    assert door.idle() == 1  # the one in use stayed young
    await until(lambda: upstream.open == 0)
    assert door.open_sockets() == 0
    assert door._sweep is None  # nothing idle, no timer
    await door.close()


async def test_closing_the_door_ends_everything(start: Start, door: Door) -> None:
    upstream = await start((OK,), (STREAM_HEAD, HOLD), (HOLD,))
    url = upstream.url(max_connections=3)
    await asyncio.gather(*(call(door, post(url, b"{}")) for _ in range(1)))
    streaming = await door.open(post(url, b"{}"))
    waiting = [asyncio.ensure_future(door.open(post(url, b"{}"))) for _ in range(4)]
    await until(lambda: len(upstream.requests) == 4)
    await door.close()
    assert await until(lambda: upstream.open == 0) < 0.05
    for each in [streaming.read(), *waiting]:
        with pytest.raises(Fault, match="closed its upstream connections") as caught:
            await each
        assert caught.value.kind is Kind.BUSY
    with pytest.raises(Fault, match="is closing"):
        await door.open(post(url, b"{}"))
    streaming.close()


async def test_a_door_nobody_used_can_be_closed() -> None:
    await Door().close()


async def test_proxy_variables_are_ignored(
    door: Door, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, upstream = await start(), await start()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    await call(door, post(upstream.url(), b"{}"))
    assert proxy.callers == []


STREAM = (STREAM_HEAD, *([chunk(b"event"), 0.0005] * 6), b"0\r\n\r\n")


async def cut(door: Door, url: Url, after_s: float) -> bool:
    """A client that goes away at some moment of its stream; True: before its end."""
    exchange = door.exchange(post(url, b"{}"))
    try:
        async with asyncio.timeout(after_s):
            await exchange.open()
            await body_of(exchange)
    except TimeoutError:
        return True
    finally:
        exchange.close()
    return False


async def cut_many(door: Door, url: Url, number: int, dice: random.Random) -> None:
    """Cut exactly so many streams, by twenty clients at once."""

    async def client(times: int) -> None:
        while times:
            times -= await cut(door, url, dice.random() * 0.008)

    await asyncio.gather(*(client(number // 20) for _ in range(20)))


@pytest.mark.slow
@pytest.mark.parametrize("secure", [False, True])
async def test_two_hundred_cut_streams_leave_nothing_behind(
    secure: bool, door: Door, start: Start, server_tls: ssl.SSLContext
) -> None:
    upstream = await start(STREAM, context=server_tls if secure else None)
    await cut_many(door, upstream.url(verify_tls=False), 200, random.Random(1))  # noqa: S311
    await until(lambda: door.open_sockets() == door.idle() == upstream.open)
    assert await call(door, post(upstream.url(verify_tls=False), b"{}")) == b"event" * 6


def resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.parametrize(("secure", "number"), [(False, 20_000), (True, 4_000)])
async def test_twenty_thousand_cut_streams_leave_nothing_behind_and_memory_flat(
    secure: bool, number: int, door: Door, start: Start, server_tls: ssl.SSLContext
) -> None:
    upstream = await start(STREAM, context=server_tls if secure else None)
    url = upstream.url(verify_tls=False)
    dice = random.Random(2)  # noqa: S311
    sizes = []
    for _ in range(10):
        await cut_many(door, url, number // 10, dice)
        await until(lambda: door.open_sockets() == door.idle() == upstream.open)
        upstream.callers = [caller for caller in upstream.callers if caller.open]
        upstream.requests.clear()
        gc.collect()
        sizes.append(resident_kb())
    assert max(sizes[5:]) - max(sizes[:5]) < 4_000, sizes  # the first half is warming up
    begun = time.monotonic()
    assert await call(door, post(url, b"{}")) == b"event" * 6
    assert time.monotonic() - begun < 0.5


async def test_a_finished_exchange_is_garbage_without_the_collector(
    door: Door, start: Start
) -> None:
    """No cycles on the usual road: what a call held is free when the call is over."""
    upstream = await start()
    await call(door, post(upstream.url(), b"{}"))
    gc.collect()
    before = {id(each) for each in gc.get_objects() if isinstance(each, Exchange)}
    gc.disable()
    try:
        for _ in range(10):
            await call(door, post(upstream.url(), b"{}"))
        await asyncio.sleep(0)
        after = {id(each) for each in gc.get_objects() if isinstance(each, Exchange)}
        assert after - before == set()
    finally:
        gc.enable()
