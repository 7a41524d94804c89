"""Runs every attack on one tier and judges, from what was said inside and seen outside.

Rule 1: what the outside saw arrive has escaped, whatever the inside said.
Rule 2: an attack on resources has escaped if it came through and the run was well ended by
itself: a limit that ends the run contains it.
Rule 3: a run that broke the sandbox itself is an escape too: nothing was proved.
"""

from __future__ import annotations

import asyncio
import json
import marshal
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox.model import LIMITED, File, Limits, Order, Result, Runtime, Status, Step

from . import (
    artefacts,
    bombs,
    files,
    heirs,
    kernel,
    network,
    processes,
    resources,
    spoils,
    surface,
    tenants,
)
from .decoys import Decoys
from .kit import LISTED, Attack, Said, World

Carry = Callable[[Order, str], Awaitable[Result]]
"""an order, for a tenant, on the tier that is attacked"""
TOGETHER = (files, network, processes, kernel, surface)
MODULES = (*TOGETHER, resources, bombs, artefacts, spoils, tenants, heirs)
LIMITS = Limits(
    wall_s=1.5,
    cpu_s=1.0,
    memory_mb=256,
    processes=32,
    open_files=128,
    file_mb=64,
    disk_mb=96,
    inodes=2048,
    artefacts=16,
    artefact_mb=8,
)
PATIENT = Limits(wall_s=25.0, processes=64, memory_mb=512, open_files=128)
"""for many attacks in one run"""
AT_ONCE = 2
SLACK_S = 1.0
"""beyond the wall time of a run before it has been held; more where all is emulated"""
_MAIN = (
    "import os, sys\n"
    "sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\n"
    "from onslaught import {modules}, kit\n"
    "kit.main({world!r}, {names!r})\n"
)
FIRST_OF_TWO = frozenset({tenants.LEAVE, heirs.LEAVE})
SOURCES = {
    it.stem: it.read_bytes() for it in Path(__file__).parent.glob("*.py") if it.stem != "siege"
}
"""of the attacks: they are laid into the place that is attacked"""


_UNCHECKED = (1).to_bytes(4, "little") + bytes(8)
"""says of compiled code that it is of the source beside it, whenever that was written"""


@cache
def _compiled(name: str) -> File:
    """What an interpreter of our version need not compile; another takes the source."""
    path = str(Path(__file__).with_name(f"{name}.py"))
    code = SourceFileLoader(f"onslaught.{name}", path).get_code(f"onslaught.{name}")
    data = MAGIC_NUMBER + _UNCHECKED + marshal.dumps(code)
    return File(f"onslaught/__pycache__/{name}.{sys.implementation.cache_tag}.pyc", data)


class Verdict(NamedTuple):
    """What came of an attack."""

    name: str
    family: str
    escaped: bool
    evidence: str


def everything() -> tuple[Attack, ...]:
    """Every attack that can succeed: the first of two only prepares."""
    return tuple(it for it in LISTED if it.name not in FIRST_OF_TWO)


async def besiege(
    carry: Carry,
    runtime: Runtime,
    attacks: tuple[Attack, ...] = (),
    slack_s: float = SLACK_S,
) -> tuple[Verdict, ...]:
    """Try every attack, or those that are named."""
    attacks = attacks or everything()
    decoys = Decoys()
    await asyncio.to_thread(decoys.__enter__)
    try:
        await asyncio.to_thread(lambda: [_compiled(it) for it in SOURCES])
        order = Orders(runtime, decoys.world)
        said = await _many(carry, order)
        said |= await _two_by_two(carry, order)
        said |= await _one_by_one(carry, order)
        said |= await _alone(carry, order, attacks, slack_s)
        seen = await asyncio.to_thread(decoys.reached)
    finally:
        await asyncio.to_thread(decoys.__exit__, None, None, None)
    return tuple(_judged(it, said, seen) for it in attacks)


class Orders(NamedTuple):
    """How attacks are ordered."""

    runtime: Runtime
    world: World

    def of(self, modules: tuple[str, ...], names: Iterable[str], limits: Limits) -> Order:
        """The named attacks of modules; none named: all that need no run of their own."""
        text = json.dumps(self.world._asdict())
        main = _MAIN.format(modules=", ".join(modules), world=text, names=list(names))
        laid = [File("onslaught/__init__.py", b"")]
        for it in ("kit", *modules):
            laid += [File(f"onslaught/{it}.py", SOURCES[it]), _compiled(it)]
        laid.append(File("main.py", main.encode()))
        step = Step("attack", python="main.py", argv=("first-of-two",) if names else ())
        return Order(self.runtime, (step,), tuple(laid), limits)


async def _many(carry: Carry, order: Orders) -> dict[str, Said]:
    said: dict[str, Said] = {}
    for module in TOGETHER:
        result = await carry(order.of((_name(module),), (), PATIENT), "attacker")
        said |= {it.name: it for it in heard(result)}
        for it in LISTED:
            if it.act.__module__ == module.__name__ and it.name not in said:
                said[it.name] = _unheard(it.name, result)
    return said


async def _two_by_two(carry: Carry, order: Orders) -> dict[str, Said]:
    """One tenant leaves what the other looks for, while it is still there."""
    first = asyncio.ensure_future(
        carry(order.of(("tenants",), (tenants.LEAVE,), PATIENT), "attacked")
    )
    try:
        await asyncio.sleep(tenants.STAYS_S / 4)
        result = await carry(order.of(("tenants",), (), PATIENT), "attacker")
    finally:
        await asyncio.gather(first, return_exceptions=True)
    return {it.name: it for it in heard(result)}


async def _one_by_one(carry: Carry, order: Orders) -> dict[str, Said]:
    """One run of a tenant leaves what its next one looks for."""
    await carry(order.of(("heirs",), (heirs.LEAVE,), PATIENT), "heir")
    result = await carry(order.of(("heirs",), (), PATIENT), "heir")
    return {it.name: it for it in heard(result)}


async def _alone(
    carry: Carry, order: Orders, attacks: tuple[Attack, ...], slack_s: float
) -> dict[str, Said]:
    said: dict[str, Said] = {}
    places = asyncio.Semaphore(AT_ONCE)

    async def one(attack: Attack) -> None:
        module = attack.act.__module__.rpartition(".")[2]
        async with places:
            result = await carry(order.of((module,), (attack.name,), LIMITS), "attacker")
        told = artefact_escape(attack, result, order.world)
        said[attack.name] = told or _limited(attack, result, slack_s)

    async with asyncio.TaskGroup() as group:
        for it in attacks:
            if it.alone:
                group.create_task(one(it))
    return said


def heard(result: Result) -> Iterator[Said]:
    """What attacks said of themselves, as far as it is theirs to say."""
    for line in result.stdout.splitlines():
        try:
            name, escaped, words = json.loads(line)
        except ValueError:
            continue
        yield Said(str(name), bool(escaped), str(words))


def artefact_escape(attack: Attack, result: Result, world: World) -> Said | None:
    """What an attack on the collector came to; None: it was another kind of attack."""
    if attack.family != artefacts.ARTEFACTS:
        return None
    token = world.token.encode()
    for it in result.artefacts:
        if it.data and token in it.data:
            return Said(attack.name, True, f"{it.path!r} holds the decoy")
        if it.path.startswith("/") or ".." in it.path.split("/") or not it.path.isprintable():
            return Said(attack.name, True, f"the name {it.path!r} was handed on")
    total = sum(it.size for it in result.artefacts)
    if total > LIMITS.artefact_mb << 20 or len(result.artefacts) > LIMITS.artefacts:
        return Said(attack.name, True, f"{len(result.artefacts)} files, {total} bytes")
    if result.status == Status.BROKEN:
        return Said(attack.name, True, f"the sandbox broke: {result.stderr[-100:]}")
    return Said(attack.name, False, f"{len(result.artefacts)} harmless files, {result.status}")


def _limited(attack: Attack, result: Result, slack_s: float) -> Said:
    if result.status == Status.BROKEN:
        return Said(attack.name, True, f"the sandbox broke: {result.stderr[-100:]}")
    if result.execution_ms > (LIMITS.wall_s + slack_s) * 1000:
        return Said(attack.name, True, f"it held the run for {result.execution_ms:.0f} ms")
    if result.status in LIMITED:
        return Said(attack.name, False, f"ended: {result.status}")
    own = next((it for it in heard(result) if it.name == attack.name), None)
    return own or _unheard(attack.name, result)


def _unheard(name: str, result: Result) -> Said:
    """Contained, if the run was ended for it; one that never began proves nothing."""
    words = f"{result.status} {result.stderr[-100:]}".strip()
    return Said(name, result.status not in LIMITED | {Status.SIGNAL, Status.OK}, words)


def _judged(attack: Attack, said: dict[str, Said], seen: dict[str, str]) -> Verdict:
    one = said.get(attack.name, Said(attack.name, True, "it was not heard of"))
    if attack.name in seen:
        return Verdict(attack.name, attack.family, True, seen[attack.name])
    return Verdict(attack.name, attack.family, one.escaped, one.words)


def _name(module: object) -> str:
    return str(vars(module)["__name__"]).rpartition(".")[2]
