"""Attacks one tier of this machine with everything there is, from its start to its end.

Rule 1: a tier that cannot be had here is told with its reason, not passed over.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from headgate.sandbox import catalogue, tiers
from headgate.sandbox.attacks import building, plain, siege
from headgate.sandbox.attacks.siege import Carry, Verdict
from headgate.sandbox.cgroup import Groups
from headgate.sandbox.container import Engine
from headgate.sandbox.folders import FolderForeman
from headgate.sandbox.foreman import Foreman
from headgate.sandbox.model import Order, Result, Runtime, Tier

PLAIN = "plain"


class Ground(NamedTuple):
    """What is attacked."""

    tier: Tier
    python: str = ""
    """"": Headgate's own"""
    engine: Engine | None = None
    builds: bool = True
    """attack while something is built, too"""
    slack_s: float = siege.SLACK_S


async def attack_tier(ground: Ground) -> tuple[Verdict, ...]:
    """Every attack on a tier; Unavailable where it cannot be had."""
    groups = await asyncio.to_thread(Groups.find) if ground.tier == "namespaces" else None
    walls = tiers.isolation(ground.tier, groups)
    workers: dict[tuple[str, str], Foreman | FolderForeman] = {}

    async def carry(order: Order, tenant: str) -> Result:
        key = (tenant, order.runtime.language)
        if key not in workers:
            workers[key] = await tiers.start_worker(order.runtime, walls, groups, ground.engine)
        cell = await workers[key].prepare(order.limits)
        return await cell.carry_out(order)

    try:
        return await _attack(carry, ground)
    finally:
        for worker in workers.values():
            await worker.close()
        if groups is not None:
            await asyncio.to_thread(_closed, groups)


async def attack_plainly(ground: Ground) -> tuple[Verdict, ...]:
    """Every attack on a subprocess that nothing contains."""
    return await _attack(plain.carry, ground)


async def _attack(carry: Carry, ground: Ground) -> tuple[Verdict, ...]:
    runtime = Runtime("python", "3", "python", interpreter=ground.python)
    found = await siege.besiege(carry, runtime, slack_s=ground.slack_s)
    if not ground.builds:
        return found
    built = await building.besiege(carry, catalogue.look)
    return (*found, *(Verdict(*it) for it in built))


def _closed(groups: Groups) -> None:
    """Processes that were killed take a moment to leave their group."""
    while not groups.close():
        time.sleep(0.005)
