"""The attack suite, run once for each tier and looked at by many tests.

Rule 1: what cannot be attacked here is skipped with what it would take.
"""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from headgate.sandbox import probe, tiers
from headgate.sandbox.attacks import artefacts, plain, siege
from headgate.sandbox.attacks.siege import Carry, Verdict
from headgate.sandbox.cgroup import Groups
from headgate.sandbox.folders import FolderForeman
from headgate.sandbox.foreman import Foreman
from headgate.sandbox.model import Order, Result, Runtime, Tier
from headgate.sandbox.settings import Settings

Verdicts = Mapping[str, Verdict]
Besieged = Callable[[str], Verdicts]
NOBODY = 65534
QUICK = tuple(
    it for it in siege.everything() if not it.alone or it.family == artefacts.ARTEFACTS
)


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
        return _by_name(asyncio.run(siege.besiege(plain.carry, _runtime(), QUICK)))
    tier: Tier = "namespaces" if name == "namespaces" else "landlock"
    python = "" if tier == "namespaces" else interpreter()
    if python == "none":
        return "no Python here can be read by others than root; install python3"
    return asyncio.run(_besieged(tier, python))


async def _besieged(tier: Tier, python: str) -> Verdicts | str:
    found = await probe.attempt(tier, Settings(python=python))
    if found.isolation is None:
        return f"{tier} cannot be had here: {found.what}; {found.remedy}"
    groups = await asyncio.to_thread(Groups.find) if tier == "namespaces" else None
    walls = tiers.isolation(tier, groups)
    workers: dict[str, Foreman | FolderForeman] = {}

    async def carry(order: Order, tenant: str) -> Result:
        if tenant not in workers:
            workers[tenant] = await tiers.start_worker(order.runtime, walls, groups)
        cell = await workers[tenant].prepare(order.limits)
        return await cell.carry_out(order)

    try:
        return _by_name(await siege.besiege(carry, _runtime(python)))
    finally:
        for worker in workers.values():
            await worker.close()
        if groups is not None:
            await asyncio.to_thread(_closed, groups)


def _closed(groups: Groups) -> None:
    while not groups.close():
        time.sleep(0.01)


def _runtime(python: str = "") -> Runtime:
    return Runtime("python", "3", "python", interpreter=python)


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


__all__ = ["Besieged", "Carry", "besieged", "check"]
