"""Validates files: plans their checks, has them carried out, and remembers what came of them.

Rule 1: planning reads the disk and concluding writes to it, both outside the event loop; in
between there are orders alone.
Rule 2: what is remembered is not run: with everything remembered no sandbox is started.
Rule 3: files that were broken together are asked once more, each by itself: one that crashes a
tool takes no verdict from its neighbours; nor does one that a tool goes no further than.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

from headgate.sandbox.language import Missing
from headgate.sandbox.model import Limits, Order, Result, Runtime, Status, Unavailable
from headgate.validate import reply, stopped, text, toolbox
from headgate.validate.check import Check
from headgate.validate.kept import Kept, key
from headgate.validate.planning import Chosen, Errand, Setting, choose, errands
from headgate.validate.problem import STAGES, Stage, State, Verdict
from headgate.validate.project import Project, Source, beside, configs, imports_project
from headgate.validate.stopped import ROUNDS

CarryOut = Callable[[Order], Awaitable[Result]]
Seen = Callable[[int, int], None]
"""how many orders of how many are done"""

LIMITS = Limits(
    wall_s=120.0,
    memory_mb=2048,
    processes=256,
    open_files=1024,
    disk_mb=768,
    inodes=60_000,
    output_bytes=8 << 20,
    artefacts=0,
)


class Asking(NamedTuple):
    """What is asked of all files."""

    stages: frozenset[Stage] = frozenset(STAGES)
    only: frozenset[str] = frozenset()
    """names of checks; none: all of them"""
    without: frozenset[str] = frozenset()
    limits: Limits = LIMITS
    at_once: int = 2


class Pending(NamedTuple):
    """What has to be asked, and how its answers are remembered."""

    project: Project
    setting: Setting
    runtime: Runtime
    errands: tuple[Errand, ...]
    keys: dict[tuple[str, str], str]
    """(path, check) -> what the verdict is made of"""


class Prepared(NamedTuple):
    """A plan for all projects, with what is already known."""

    known: tuple[Verdict, ...]
    pending: tuple[Pending, ...]


def prepare(
    projects: Sequence[Project], checks: Sequence[Check], asking: Asking, kept: Kept
) -> Prepared:
    """What to ask; reads configuration and what was remembered."""
    known: list[Verdict] = []
    pending: list[Pending] = []
    for project in projects:
        told, left = _project(project, checks, asking, kept)
        known += told
        if left is not None:
            pending.append(left)
    return Prepared(tuple(known), tuple(pending))


def _wanted(checks: Iterable[Check], asking: Asking) -> list[Check]:
    return [
        it
        for it in checks
        if it.stage in asking.stages
        and (not asking.only or it.name in asking.only)
        and it.name not in asking.without
    ]


def _project(
    project: Project, checks: Sequence[Check], asking: Asking, kept: Kept
) -> tuple[list[Verdict], Pending | None]:
    texts = [text.look(it) for it in project.sources]
    told = [it for it in texts if it.problems]
    unreadable = {it.path for it in texts if it.problems and it.problems[0].rule != "bidi"}
    sources = [it for it in project.sources if it.path not in unreadable]
    endings = {it.suffix for it in sources}
    fitting = [it for it in _wanted(checks, asking) if not endings.isdisjoint(it.suffixes)]
    if not sources or not fitting:
        return told, None
    setting = toolbox.setting(project, configs(project, fitting))
    box = toolbox.Box(project)
    chosen, absent = choose(fitting, setting.configs, box.look)
    for lacking in absent:
        check, note = lacking.check, lacking.note
        told += [
            Verdict(one.path, check.name, check.stage, State.SKIPPED, (), note, lacking.remedy)
            for one in sources
            if one.suffix in check.suffixes
        ]
    keys, wanted = _asked(project, sources, chosen, setting)
    left: list[tuple[Chosen, list[Source]]] = []
    for it, own in wanted:
        fresh = []
        for one in own:
            found = kept.find(keys[one.path, it.check.name], one.path, it.check.name)
            fresh += [one] if found is None else []
            told += [] if found is None else [found]
        left += [(it, fresh)] if fresh else []
    if not left:
        return told, None
    runtime = box.runtime()
    if isinstance(runtime, Missing):
        return told + _skipped(left, runtime), None
    made, too_large = errands(project, left, setting, runtime, asking.limits)
    told += [
        Verdict(
            it.path, one.check.name, one.check.stage, State.SKIPPED, (),
            "it imports from a project that is too large to be laid out",
            "run the tool itself over the whole project",
        )
        for one, it in too_large
    ]  # fmt: skip
    return told, Pending(project, setting, runtime, tuple(made), keys)


def _skipped(left: Iterable[tuple[Chosen, list[Source]]], why: Missing) -> list[Verdict]:
    return [
        Verdict(
            one.path, it.check.name, it.check.stage, State.SKIPPED, (), why.what, why.remedy
        )
        for it, own in left
        for one in own
    ]


def _asked(
    project: Project, sources: Sequence[Source], chosen: Sequence[Chosen], setting: Setting
) -> tuple[dict[tuple[str, str], str], list[tuple[Chosen, list[Source]]]]:
    """Which check gets which files, and what each verdict is made of."""
    keys: dict[tuple[str, str], str] = {}
    wanted: list[tuple[Chosen, list[Source]]] = []
    around: list[str] = []
    for it in chosen:
        own = [one for one in sources if one.suffix in it.check.suffixes]
        wanted.append((it, own))
        made_of = [it.check.name, it.found.stamp, *_steering(it.check, setting)]
        for one in own:
            parts: list[str | bytes] = [*made_of, one.name, one.data]
            if it.check.sees_project and imports_project(one, project):
                around = around or [_digest(project)]
                parts += around
            keys[one.path, it.check.name] = key(*parts)
    return keys, wanted


def _steering(check: Check, setting: Setting) -> list[str | bytes]:
    """The configuration that the check reads, and the packages that are there to import."""
    made: list[str | bytes] = []
    for path, data in sorted(setting.configs.items()):
        if path.rpartition("/")[2] in check.configs:
            made += [path, data]
    extended = check.tool is not None and check.tool.kind == "node"  # by plugins, for one
    return [*made, setting.stamp] if extended or check.stage is Stage.TYPES else made


def _digest(project: Project) -> str:
    rest = beside(project, ())
    parts = sorted((rest or {}).items())
    return key(*(it for pair in parts for it in pair), str(rest is None))


async def carry(prepared: Prepared, asking: Asking, carry_out: CarryOut, seen: Seen) -> list[
    tuple[Pending, list[Verdict]]
]:  # fmt: skip
    """Everything asked, so many orders at once; first come what is asked together."""
    gate = asyncio.Semaphore(max(asking.at_once, 1))
    of = sum(len(it.errands) for it in prepared.pending)
    done = 0

    async def one(errand: Errand) -> tuple[Errand, Result]:
        nonlocal done
        async with gate:
            try:
                result = await carry_out(errand.order)
            except Unavailable as error:
                why = f"{error.what} ({error.remedy})"
                result = Result(status=Status.BROKEN, hint=why)
        done += 1
        seen(done, of)
        return errand, result

    async def each(pending: Pending) -> tuple[Pending, list[Verdict]]:
        told: dict[tuple[str, str], Verdict] = {}
        asked: Sequence[Errand] = pending.errands
        for turn in range(ROUNDS):
            answers = await asyncio.gather(*(one(it) for it in asked))
            new = [it for answer in answers for it in reply.verdicts(*answer)]
            told |= {(it.path, it.check): it for it in new}
            stops = [it for answer in answers for it in reply.stops(*answer)]
            asked = stopped.again(stops, told, pending.setting)
            if turn == 0:
                asked += await asyncio.to_thread(_again, pending, new, asking)
            if not asked:
                break
        return pending, [*told.values()]

    return list(await asyncio.gather(*(each(it) for it in prepared.pending)))


def _again(pending: Pending, told: Sequence[Verdict], asking: Asking) -> list[Errand]:
    """One order to each file that was broken in company."""
    broken = {(it.path, it.check) for it in told if it.state is State.BROKEN}
    made: list[Errand] = []
    for errand in pending.errands:
        company = {it.path for part in errand.parts for it in part.sources}
        if len(company) == 1:
            continue
        for part in errand.parts:
            lone = [it for it in part.sources if (it.path, part.chosen.check.name) in broken]
            if part.chosen.check.sees_project and len(errand.parts) == 1:
                continue  # it has the whole project around it: alone it would ask as much
            for source in lone:
                ask = [(part.chosen, [source])]
                more, _ = errands(
                    pending.project, ask, pending.setting, pending.runtime, asking.limits
                )
                made += more
    return made


def conclude(
    prepared: Prepared, answers: Iterable[tuple[Pending, list[Verdict]]], kept: Kept
) -> list[Verdict]:
    """All verdicts, in the order of files and stages; what is new is remembered."""
    told = list(prepared.known)
    for pending, made in answers:
        for it in made:
            kept.keep(pending.keys[it.path, it.check], it)
        told += made
    told = reply.gated(told)
    return sorted(told, key=lambda it: (it.path, STAGES.index(it.stage), it.check))
