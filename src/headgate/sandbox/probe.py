"""Decides which tier this machine gives, by attacking each until one holds.

Rule 1: a tier holds if none of the canary attacks escapes from it; to start is not enough.
Rule 2: what was asked for by name is taken or refused, never replaced by something weaker.
Rule 3: a refusal names the one thing that would change it on this machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox import container, tiers
from headgate.sandbox.attacks import siege
from headgate.sandbox.attacks.decoys import Decoys
from headgate.sandbox.cgroup import Groups
from headgate.sandbox.container import Engine
from headgate.sandbox.folders import FolderForeman
from headgate.sandbox.foreman import Broken, Foreman
from headgate.sandbox.model import (
    TIERS,
    Isolation,
    Limits,
    Result,
    Runtime,
    Tier,
    Unavailable,
)
from headgate.sandbox.settings import Settings

BY_ITSELF: tuple[Tier, ...] = ("namespaces", "landlock")
"""what `auto` tries: a container is taken where it is asked for, since each run starts one"""
CANARIES = (
    "read a file of the host",
    "cut a file of the host short",
    "read an inherited descriptor",
    "speak tcp to the host",
    "send a datagram by path from a pair",
    "speak to an abstract socket",
    "ask the kernel for its networks",
    "send a signal to a process of the host",
    "read the memory of a process of the host",
    "compare itself with a process of the host",
    "be root of the host",
    "make a user namespace",
    "open a ring of calls",
    "hold a capability",
    "could win a capability by a program",
)
_MODULES = ("files", "network", "processes", "kernel")
_LIMITS = Limits(wall_s=10.0)
NOT_LINUX = "run Headgate in a Linux container or virtual machine, or on a hosted interpreter"
DOCKER_FLAGS = (
    "start the container with --security-opt seccomp=unconfined --security-opt"
    " apparmor=unconfined --security-opt systempaths=unconfined"
)


class Facts(NamedTuple):
    """What the machine says of itself."""

    apparmor_restricts: bool = False
    clone_is_off: bool = False
    no_namespaces_left: bool = False
    is_container: bool = False


class Probed(NamedTuple):
    """What came of trying a tier."""

    tier: Tier
    isolation: Isolation | None
    """None: it does not hold"""
    what: str = ""
    remedy: str = ""


async def probe(settings: Settings, groups: Groups | None = None) -> Isolation:
    """The tier that code runs in here; Unavailable where it is less than the minimum."""
    wanted = BY_ITSELF if settings.tier == "auto" else (_known(settings.tier),)
    least = TIERS.index(_known(settings.minimum))
    tried: list[Probed] = []
    for tier in wanted:
        allowed = tier == "none" and settings.uncontained
        if TIERS.index(tier) > least and not allowed:
            tried.append(_too_weak(tier, settings))
            continue
        tried.append(await attempt(tier, settings, groups))
        found = tried[-1].isolation
        if found is not None:
            return found
    what = "; ".join(f"{it.tier}: {it.what}" for it in tried)
    raise Unavailable(f"no sandbox here that holds ({what})", tried[0].remedy)


async def attempt(tier: Tier, settings: Settings, groups: Groups | None = None) -> Probed:
    """Start one tier and attack it."""
    walls = tiers.isolation(tier, groups)
    if tier == "none" or sys.platform != "linux":
        none = f"{sys.platform} has no walls of this kind"
        return Probed(tier, walls) if tier == "none" else Probed(tier, None, none, NOT_LINUX)
    engine = await asyncio.to_thread(engine_for, tier)
    if isinstance(engine, Probed):
        return engine
    try:
        escaped = await canaries(settings, walls, engine)
    except (Unavailable, Broken) as error:
        facts = await asyncio.to_thread(look)
        return Probed(tier, None, str(error), remedy_for(tier, facts, error))
    if not escaped:
        return Probed(tier, walls)
    facts = await asyncio.to_thread(look)
    return Probed(tier, None, f"it let through: {', '.join(escaped)}", remedy_for(tier, facts))


async def canaries(
    settings: Settings, walls: Isolation, engine: Engine | None
) -> tuple[str, ...]:
    """The canary attacks that got through."""
    runtime = Runtime("python", "", "python", interpreter=settings.python)
    decoys = Decoys()
    starting = asyncio.ensure_future(_started(runtime, walls, engine))
    laying = asyncio.ensure_future(asyncio.to_thread(decoys.__enter__))
    try:
        await asyncio.shield(laying)  # a thread goes on, whoever is cancelled
        orders = siege.Orders(runtime, decoys.world)
        order = await asyncio.to_thread(orders.of, _MODULES, CANARIES, _LIMITS)
        worker = await starting
        cell = await worker.prepare(_LIMITS)
        result = await cell.carry_out(order)
        said = {it.name: it for it in siege.heard(result)}
        if not said:
            if isinstance(worker, FolderForeman):
                await worker.try_interpreter()  # which may say it better
            raise Unavailable(f"it ran nothing: {_last_line(result)}", "")
        seen = await asyncio.to_thread(decoys.reached)
    finally:
        started, _ = await asyncio.gather(starting, laying, return_exceptions=True)
        if not isinstance(started, BaseException):
            await started.close()
        await asyncio.to_thread(decoys.__exit__, None, None, None)
    return tuple(it for it in CANARIES if it in seen or it not in said or said[it].escaped)


async def _started(
    runtime: Runtime, walls: Isolation, engine: Engine | None
) -> Foreman | FolderForeman:
    """A worker to attack: that its interpreter runs, the attacks themselves will show."""
    if walls.tier == "namespaces":
        return await tiers.start_worker(runtime, walls)
    return await FolderForeman.start(runtime, walls, engine, is_tried=True)


def engine_for(tier: Tier) -> Engine | Probed | None:
    """The container engine where one is needed; what is wrong, if there is none."""
    if tier != "container":
        return None
    engine = container.find()
    if engine is None:
        return Probed(
            tier,
            None,
            "no container engine answers",
            "install podman, or start docker's daemon and give this user access to it",
        )
    if not container.has_image(engine):
        pull = f"{Path(engine.program).name} pull {engine.image}"
        return Probed(tier, None, f"the image {engine.image} is not here", pull)
    return engine


def look(top: Path = Path("/")) -> Facts:
    """The switches of this machine that forbid namespaces."""
    switches = top / "proc/sys"
    return Facts(
        apparmor_restricts=_says(switches / "kernel/apparmor_restrict_unprivileged_userns", 1),
        clone_is_off=_says(switches / "kernel/unprivileged_userns_clone", 0),
        no_namespaces_left=_says(switches / "user/max_user_namespaces", 0),
        is_container=any((top / it).exists() for it in (".dockerenv", "run/.containerenv"))
        or "KUBERNETES_SERVICE_HOST" in os.environ,
    )


def remedy(facts: Facts) -> str:
    """What gives namespaces to a machine of which this is true."""
    if facts.is_container:
        return DOCKER_FLAGS
    if facts.no_namespaces_left:
        return "sudo sysctl -w user.max_user_namespaces=15000"
    if facts.apparmor_restricts:
        return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    if facts.clone_is_off:
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    return "see `headgate doctor`, or take another tier: [sandbox] tier"


def remedy_for(tier: Tier, facts: Facts, error: Exception | None = None) -> str:
    """Of a tier that did not hold."""
    known = error.remedy if isinstance(error, Unavailable) else ""
    if tier == "namespaces" and facts != Facts():
        return remedy(facts)
    if tier == "landlock":
        return known or "take a kernel of 6.12 or later with `landlock` among its lsm="
    return known or remedy(facts)


def _last_line(result: Result) -> str:
    """What came instead."""
    lines = result.stderr.strip().splitlines() or [f"it ended as {result.status}"]
    return lines[-1][:200]


def _says(path: Path, value: int) -> bool:
    try:
        return int(path.read_text()) == value
    except (OSError, ValueError):
        return False


def _known(name: str) -> Tier:
    for tier in TIERS:
        if tier == name:
            return tier
    known = ", ".join(("auto", *TIERS))
    raise Unavailable(f"there is no tier {name!r}", f"name one under [sandbox] tier: {known}")


def _too_weak(tier: Tier, settings: Settings) -> Probed:
    if tier == "none":
        what = "code would run without any walls"
        return Probed(tier, None, what, 'say so: [sandbox] tier = "none", uncontained = true')
    what = f"less than the minimum {settings.minimum}"
    return Probed(tier, None, what, f'lower it: [sandbox] minimum = "{tier}"')
