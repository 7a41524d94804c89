"""The attack suite, run once for each tier and looked at by many tests.

Rule 1: what cannot be attacked here is skipped with what it would take.
"""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from headgate.sandbox import catalogue, probe, tiers
from headgate.sandbox.attacks import artefacts, building, campaign, plain, siege
from headgate.sandbox.attacks.siege import Verdict
from headgate.sandbox.model import Isolation, Order, Result, Runtime, Tier
from headgate.sandbox.pool import Forker
from headgate.sandbox.settings import Settings

Verdicts = Mapping[str, Verdict]
Besieged = Callable[[str], Verdicts]
NOBODY = 65534
SLOW = "hand out folders ten thousand deep"
"""for a careless collector: it takes a minute until it breaks"""
QUICK = tuple(
    it
    for it in siege.everything()
    if not it.alone or (it.family == artefacts.ARTEFACTS and it.name != SLOW)
)
THIEVES = tuple(it for it in building.PROJECTS if not it.is_bomb)
"""a bomb proves nothing without walls: a subprocess has a timeout too"""


@functools.cache
def interpreter() -> str:
    """ "": Headgate's own; as root one that others may read."""
    if os.geteuid():
        return ""
    for program in ("", "/usr/bin/python3", "/usr/local/bin/python3"):
        name = program or sys.executable
        if Path(name).exists() and _runs_for_nobody(name):
            return program
    return "none"


def _runs_for_nobody(program: str) -> bool:
    try:
        done = subprocess.run(
            [program, "-c", "import json, ctypes"],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


@functools.cache
def besieged_tier(name: str) -> Verdicts | str:
    """What came of every attack on a tier; in words why it cannot be had here."""
    if name == "plain":
        runtime = Runtime("python", "3", "python")
        return _by_name(asyncio.run(siege.besiege(plain.carry, runtime, QUICK)))
    tier: Tier = "namespaces" if name == "namespaces" else "landlock"
    python = "" if tier == "namespaces" else interpreter()
    if python == "none":
        return "no Python here can be read by others than root; install python3"
    missing = asyncio.run(probe.attempt(tier, Settings(python=python)))
    if missing.isolation is None:
        return f"{tier} cannot be had here: {missing.what}; {missing.remedy}"
    ground = campaign.Ground(tier, python, builds=False)
    return _by_name(asyncio.run(campaign.attack_tier(ground)))


@functools.cache
def build_attacks(name: str) -> tuple[building.Built, ...] | str:
    """What came of the attacks while something is built."""
    if name == "plain":
        return asyncio.run(building.besiege(plain.carry, catalogue.look, THIEVES))
    found = asyncio.run(probe.attempt("namespaces", Settings()))
    if found.isolation is None:
        return f"namespaces cannot be had here: {found.what}; {found.remedy}"
    return asyncio.run(_build(found.isolation))


async def _build(walls: Isolation) -> tuple[building.Built, ...]:
    workers: dict[Runtime, Forker] = {}

    async def carry(order: Order, tenant: str) -> Result:
        if order.runtime not in workers:
            workers[order.runtime] = await tiers.start_worker(order.runtime, walls)
        return await (await workers[order.runtime].prepare(order.limits)).carry_out(order)

    try:
        return await building.besiege(carry, catalogue.look)
    finally:
        for it in workers.values():
            await it.close()


def _by_name(verdicts: tuple[Verdict, ...]) -> Verdicts:
    return {it.name: it for it in verdicts}


@pytest.fixture(scope="session")
def besieged() -> Besieged:
    """The verdicts of a tier, by the attack's name."""

    def verdicts(name: str) -> Verdicts:
        found = besieged_tier(name)
        if isinstance(found, str):
            pytest.skip(found)
        return found

    return verdicts


def check(besieged: Besieged, family: str, at_least: int, escapes: int) -> None:
    """A family has so many attacks; so many get out of a subprocess, none out of namespaces."""
    named = [it for it in siege.everything() if it.family == family]
    assert len(named) >= at_least
    inside = besieged("namespaces")
    assert [inside[it.name] for it in named if inside[it.name].escaped] == []
    bare = besieged("plain")
    out = [it.name for it in named if it.name in bare and bare[it.name].escaped]
    assert len(out) >= escapes, out
