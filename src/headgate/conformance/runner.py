"""Plays cases against a gateway: a few at a time, each within its time, all of them judged.

Rule 1: a case ends in a ruling, whatever the gateway does; only stopping ends the run early.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from headgate.conformance.case import Case, Got, Heard, Ruling, Seat, Seen, Sending
from headgate.conformance.raw import by_hand, probe
from headgate.conformance.script import Scripted
from headgate.upstream import Door, Exchange, Request, Url
from headgate.wire.model import Fault

LIMIT_S = 5.0
LONG_S = 90.0
AFTERMATH_S = 5.0
"""how long closing an upstream may take once the client has left"""
STEP_S = 0.01
MAX_BYTES = 16 * 1024 * 1024
PARALLEL = 6


@dataclass(frozen=True, slots=True)
class Gateway:
    """Who is tested."""

    url: str
    key: str
    models: Mapping[str, str]
    """upstream surface -> the name the gateway knows its model by"""
    limit_s: float = LIMIT_S
    aftermath_s: float = AFTERMATH_S


@dataclass(frozen=True, slots=True)
class Played:
    family: str
    case: Case
    ruling: Ruling
    took_s: float


async def warm_up(
    families: Mapping[str, Sequence[Case]], gateway: Gateway, scripted: Scripted
) -> None:
    """One unjudged call for every pair: many a gateway loads much upon its first."""
    firsts: dict[tuple[str, str], Case] = {}
    for case in (case for cases in families.values() for case in cases):
        firsts.setdefault((case.caller, case.upstream), case)
    patient = replace(gateway, limit_s=LONG_S)
    await play_all({"warming up": list(firsts.values())}, patient, scripted)


async def play_all(
    families: Mapping[str, Sequence[Case]],
    gateway: Gateway,
    scripted: Scripted,
    on_played: Callable[[Played], None] = lambda played: None,
) -> list[Played]:
    """Every case's ruling, in the order of the families."""
    door, places = Door(), asyncio.Semaphore(PARALLEL)
    jobs = [(family, case) for family, cases in families.items() for case in cases]

    async def one(family: str, case: Case) -> Played:
        async with places:
            began = time.perf_counter()
            ruling = await play(case, gateway, scripted, door)
        played = Played(family, case, ruling, time.perf_counter() - began)
        on_played(played)
        return played

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(*job)) for job in jobs]
    finally:
        await door.close()
    return [task.result() for task in tasks]


async def play(case: Case, gateway: Gateway, scripted: Scripted, door: Door) -> Ruling:
    """One case from its request to its ruling."""
    model = gateway.models.get(case.upstream, "")
    if not model:
        return Ruling("none", (f"no model was named for {case.upstream}",))
    mark = f"hgc-{secrets.token_hex(5)}"
    scripted.expect(mark, case.upstream, case.script)
    sending = case.sending(Seat(mark, model, gateway.key))
    try:
        got = await send(sending, gateway, door, LONG_S if case.long else gateway.limit_s)
        if sending.leaves:
            await _aftermath(scripted.heard[mark], gateway.aftermath_s)
    finally:
        heard = scripted.forget(mark)
    return judged(Seen(case, sending, got, heard))


def judged(seen: Seen) -> Ruling:
    """What the case's judge says; an answer too odd to judge is one that fails."""
    try:
        seen.case.judge(seen)
    except Exception as odd:  # noqa: BLE001 - a foreign gateway may answer anything
        seen.complaints.append(f"an answer that cannot be read: {type(odd).__name__}: {odd}")
    if seen.complaints:
        return Ruling("fails", tuple(seen.complaints))
    return Ruling("none", (seen.excuse,)) if seen.excuse else Ruling("holds")


async def send(sending: Sending, gateway: Gateway, door: Door, limit_s: float) -> Got:
    """What the client gets, and when."""
    if by_hand(sending):
        return await probe(sending, gateway.url, limit_s)
    got = Got()
    place = Url.parse(gateway.url)
    target = (place.path + sending.path).encode()
    body = (sending.body,) if sending.body else ()
    request = Request(sending.method.encode(), place, target, sending.headers, body)
    exchange = door.exchange(request)
    try:
        async with asyncio.timeout(limit_s):
            await _receive(exchange, sending, got)
    except Fault as fault:
        got.broke = fault.message
    except TimeoutError:
        got.broke = f"no end of the answer within {limit_s:g} s"
    finally:
        exchange.close()
    return got


async def _receive(exchange: Exchange, sending: Sending, got: Got) -> None:
    began = time.perf_counter()
    await exchange.open()
    got.status, got.headers = exchange.status, exchange.headers
    parts: list[bytes] = []
    size = 0
    try:
        while data := await exchange.read():
            parts.append(data)
            size += len(data)
            got.arrivals.append((time.perf_counter() - began, size))
            if sending.leaves or size > MAX_BYTES:
                break
    finally:
        got.body = b"".join(parts)


async def _aftermath(heard: list[Heard], limit_s: float) -> None:
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if heard and all(each.gone for each in heard):
            return
        await asyncio.sleep(STEP_S)
