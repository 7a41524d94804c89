"""Decides which checks a project's files get, and puts them together into orders.

Rule 1: of the checks that fill one slot, the one that the configuration names is taken,
otherwise the first that is installed; if there is none, the slot is told as missing.
Rule 2: checks that see a file alone go together, many files and several tools to an order;
one that sees the project gets an order of its own, with the project around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from headgate.sandbox.model import File, Limits, Order, Runtime, Step, Tree
from headgate.validate.check import Asked, Check, Found, Run
from headgate.validate.problem import Stage
from headgate.validate.project import Project, Source, beside, imports_project

MODULES = "/node_modules"
"""where packages are found from the work folder"""
AT_ONCE, TYPED_AT_ONCE = 48, 400
"""files to an order: enough to share a tool's start, few enough to use every core; of types
many more, because their tools first read what every file rests on"""


class Chosen(NamedTuple):
    """A check and the program it runs."""

    check: Check
    found: Found


class Absent(NamedTuple):
    """A check that nothing here can make."""

    check: Check
    note: str
    remedy: str


class Setting(NamedTuple):
    """What is around the files of a project."""

    configs: Mapping[str, bytes]
    modules: str = ""
    python: str = ""
    stamp: str = ""
    """changes when the packages do that files may import"""


class Part(NamedTuple):
    """One program of an order, and what it was asked."""

    chosen: Chosen
    sources: tuple[Source, ...]
    step: str
    is_alone: bool = True
    """nothing else of the project was there"""


class Errand(NamedTuple):
    """An order and how its answer is taken apart."""

    order: Order
    parts: tuple[Part, ...]
    asked: Mapping[str, str] = MappingProxyType({})
    """all files of the project that are asked about: the user's name of each by its own"""


def choose(
    checks: Iterable[Check],
    configs: Mapping[str, bytes],
    look: Callable[[Check], Found | None],
) -> tuple[list[Chosen], list[Absent]]:
    """One check for each slot."""
    slots: dict[str, list[Check]] = {}
    for check in checks:
        slots.setdefault(check.slot, []).append(check)
    chosen, absent = [], []
    for rivals in slots.values():
        named = [it for it in rivals if it.named is not None and it.named(configs)]
        first = named or sorted(rivals, key=lambda it: it.rank)
        found = next(((it, tool) for it in first if (tool := look(it)) is not None), None)
        if found is not None:
            chosen.append(Chosen(*found))
        elif first[0].tool is not None:
            why = "is not installed"
            if named:
                why = "is what the project's configuration names, and is not installed"
            lacking = first[0].tool
            absent.append(Absent(first[0], f"{lacking.program} {why}", lacking.remedy))
    return chosen, absent


def errands(
    project: Project,
    wanted: Sequence[tuple[Chosen, Sequence[Source]]],
    setting: Setting,
    runtime: Runtime,
    limits: Limits,
) -> tuple[list[Errand], list[tuple[Chosen, Source]]]:
    """The orders; and what cannot be checked, because its project is too large to lay out."""
    runtime = seeing(runtime, [it for it, _ in wanted], setting)
    groups: dict[tuple[str, ...], list[tuple[Chosen, Source]]] = {}
    whole: list[tuple[Chosen, list[Source]]] = []
    too_large: list[tuple[Chosen, Source]] = []
    for chosen, sources in wanted:
        around = [it for it in sources if _needs_project(chosen.check, it, project)]
        if around:
            whole.append((chosen, around))
        for at, source in enumerate([it for it in sources if it not in around]):
            is_typed = chosen.check.stage is Stage.TYPES
            lane, most = ("types", TYPED_AT_ONCE) if is_typed else ("rest", AT_ONCE)
            groups.setdefault((lane, str(at // most)), []).append((chosen, source))
    made = [_alone(group, setting, runtime, limits) for group in groups.values()]
    if whole:
        rest = beside(project, [it.name for it in project.sources])
        for chosen, sources in whole:
            if rest is None:
                too_large += [(chosen, it) for it in sources]
            else:
                files = {**rest, **{it.name: it.data for it in project.sources}}
                asks = [(chosen, sources, False)]
                made.append(_errand(asks, files, setting, runtime, limits))
    asked = {it.name: it.path for it in project.sources}
    return [it._replace(asked=asked) for it in made], too_large


def seeing(runtime: Runtime, chosen: Iterable[Chosen], setting: Setting) -> Runtime:
    """The same for all orders of a project, so that one worker serves them."""
    there = {it.source for it in runtime.trees}
    folders = _outermost({*there, *(tree for it in chosen for tree in it.found.trees)})
    trees = [*runtime.trees, *(Tree(it, it) for it in folders if it not in there)]
    if setting.modules:
        trees.append(Tree(setting.modules, MODULES))
    return msgspec.structs.replace(runtime, trees=tuple(trees))


def unmounted(order: Order, own: Runtime | None = None) -> Order:
    """The same where nothing can be seen under another name: packages by a link beside the
    files, and `own`, the runtime of an interpreter that may be read there."""
    runtime, steps = order.runtime, order.steps
    for tree in runtime.trees:
        if tree.target == MODULES:
            link = ("/bin/ln", "-s", "--", tree.source, MODULES.removeprefix("/"))
            steps = (Step("packages", argv=link, goes_on=True), *steps)
    trees = [Tree(it.source, it.source) if it.target == MODULES else it for it in runtime.trees]
    if own is not None and not runtime.interpreter:
        there = {it.source for it in trees}
        trees += [it for it in own.trees if it.source not in there]
        runtime = msgspec.structs.replace(runtime, interpreter=own.interpreter)
    runtime = msgspec.structs.replace(runtime, trees=tuple(trees))
    return msgspec.structs.replace(order, runtime=runtime, steps=steps)


def _needs_project(check: Check, source: Source, project: Project) -> bool:
    return check.sees_project and imports_project(source, project)


def _alone(
    group: list[tuple[Chosen, Source]], setting: Setting, runtime: Runtime, limits: Limits
) -> Errand:
    by_check: dict[str, list[Source]] = {}
    chosen = {it.check.name: it for it, _ in group}
    for it, source in group:
        by_check.setdefault(it.check.name, []).append(source)
    files = {it.name: it.data for _, it in group}
    asks = [(chosen[name], sources, True) for name, sources in by_check.items()]
    return _errand(asks, files, setting, runtime, limits)


def _errand(
    asks: Iterable[tuple[Chosen, list[Source], bool]],
    files: Mapping[str, bytes],
    setting: Setting,
    runtime: Runtime,
    limits: Limits,
) -> Errand:
    steps: list[Step] = []
    parts: list[Part] = []
    laid = {**files, **setting.configs}
    for chosen, sources, is_alone in asks:
        runs = chosen.check.plan(_asked(chosen, sources, setting, is_alone))
        for at, run in enumerate(runs):
            name = f"{chosen.check.name}.{at}"
            steps.append(_step(name, run, laid))
            shared = sources if len(runs) == 1 else _share(sources, at, len(runs))
            parts.append(Part(chosen, tuple(shared), name, is_alone))
    order = Order(
        runtime=runtime,
        steps=tuple(steps),
        files=tuple(File(name, data) for name, data in laid.items()),
        limits=limits,
    )
    return Errand(order, tuple(parts))


def asked_again(
    errand: Errand,
    part: Part,
    sources: Sequence[Source],
    instead: Mapping[str, bytes],
    setting: Setting,
) -> Errand:
    """The same program about some of its files, with other text in place of some."""
    laid = {it.path: instead.get(it.path, it.data) for it in errand.order.files}
    asks = [(part.chosen, list(sources), part.is_alone)]
    order = errand.order
    again = _errand(asks, laid, setting, order.runtime, order.limits)
    return again._replace(asked=errand.asked)


def _share(sources: Sequence[Source], at: int, runs: int) -> Sequence[Source]:
    """One run to a file, or else every run is about all of them."""
    return [sources[at]] if runs == len(sources) else sources


def _asked(chosen: Chosen, sources: Sequence[Source], setting: Setting, alone: bool) -> Asked:
    return Asked(
        tool=chosen.found.path,
        files=tuple(it.name for it in sources),
        configs=setting.configs,
        is_alone=alone,
        modules=setting.modules,
        python=setting.python,
    )


def _step(name: str, run: Run, laid: dict[str, bytes]) -> Step:
    laid.update(run.lays)
    if not run.python:
        return Step(name, argv=run.argv, env=run.env, goes_on=True)
    program = f".headgate-{name}.py"
    laid[program] = run.python.encode()
    return Step(name, python=program, env=run.env, goes_on=True)


def _outermost(folders: Iterable[str]) -> list[str]:
    """Without those that lie inside another of them."""
    kept: list[str] = []
    for folder in sorted(set(folders), key=lambda it: (it.count("/"), it)):
        if not any(Path(folder).is_relative_to(it) for it in kept):
            kept.append(folder)
    return kept
