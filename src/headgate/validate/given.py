"""Has given tests and packs judged: what code is worth where the checks cannot be talked to.

Rule 1: a verdict on tests is the judge's, sealed; exit codes and printed words decide nothing.
Rule 2: a limit that ends a test is a failure of the code; a sandbox that fails is not.
Rule 3: tests that do not compile, or need what is not there, say nothing of the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.model import File, Limits, Order, Refused, Result, Runtime
from headgate.sandbox.verdict.judge import judge
from headgate.sandbox.verdict.model import Ending, Task
from headgate.sandbox.verdict.model import Verdict as Judged
from headgate.sandbox.verdict.sealed import Reader
from headgate.validate.kept import Kept, key
from headgate.validate.pack import Pack
from headgate.validate.packed import Checks, checks_for
from headgate.validate.problem import Problem, Stage, State, Verdict
from headgate.validate.project import Project, Source, kind_of

LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".go": "go",
    ".rs": "rust",
    ".R": "r",
    ".sh": "bash",
}
WORDS = {
    Ending.NO_CHECKS: "nothing was checked: not one assertion ran",
    Ending.ENDED: "the code ended its process before the tests had",
    Ending.BUILD: "it does not compile",
    Ending.REFUSED: "it holds something that reaches for the judge",
    Ending.SILENT: "the judge was ended before it could report",
}
NO_PYTEST = "ModuleNotFoundError: No module named 'pytest'"
GET_PYTEST = "pip install pytest, where Headgate is or [sandbox] python lies"


class Trial(NamedTuple):
    """Code of one project and the tests it is put to."""

    check: str
    """tests, or pack NAME"""
    paths: tuple[str, ...]
    """the files that are judged by it"""
    order: Order
    read: Reader
    key: str


class Given(NamedTuple):
    """What is given besides the code."""

    files: tuple[Source, ...] = ()
    packs: tuple[Pack, ...] = ()
    limits: Limits = Limits()


def trials(
    projects: Sequence[Project], tests: Given, kept: Kept
) -> tuple[list[Trial], list[Verdict]]:
    """What is to be judged; and what is known, or cannot be judged here."""
    made: list[Trial] = []
    told: list[Verdict] = []
    for project in projects:
        alike = [one.data for it in projects if it.kind == project.kind for one in it.sources]
        for name, task, sources in _tasks(project, tests, alike):
            paths = tuple(it.path for it in sources)
            if isinstance(task, str):
                told += [Verdict(it, name, Stage.TESTS, State.FAILED, (
                    Problem(it, task, name, "no-entry"),)) for it in paths]  # fmt: skip
                continue
            trial = _trial(name, task, paths)
            if not isinstance(trial, Trial):
                what, remedy = trial
                told += [
                    Verdict(it, name, Stage.TESTS, State.SKIPPED, (), what, remedy)
                    for it in paths
                ]
                continue
            known = [kept.find(f"{trial.key}:{at}", it, name) for at, it in enumerate(paths)]
            found = [it for it in known if it is not None]
            if len(found) == len(paths):
                told += found
            else:
                made.append(trial)
    return made, told


def _tasks(
    project: Project, tests: Given, alike: Sequence[bytes]
) -> Iterable[tuple[str, Task | str, Sequence[Source]]]:
    language = LANGUAGES.get(kind_of(project.kind), "")
    sources = project.sources
    fitting = [it for it in tests.files if kind_of(it.suffix) == kind_of(project.kind)]
    named = {it.path for it in tests.files}
    judged = [it for it in sources if it.path not in named]
    if fitting and judged:
        yield "tests", _task(language, judged, _files(fitting), tests.limits), judged
    for pack in tests.packs:
        own = checks_for(pack, language)
        if own is not None:
            yield from _by_pack(pack, (language, own), judged, tests, alike)
        files = tuple(it for it in pack.tests if kind_of(Path(it.path).suffix) == project.kind)
        for source in judged if files else ():
            yield f"pack {pack.name}", _task(language, [source], files, tests.limits), [source]


def _by_pack(
    pack: Pack,
    about: tuple[str, Checks],
    judged: Sequence[Source],
    tests: Given,
    alike: Sequence[bytes],
) -> Iterable[tuple[str, Task | str, Sequence[Source]]]:
    """The files that name what the pack is about; none of any project does: each fails."""
    language, checks = about
    name = f"pack {pack.name}"
    named = re.compile(rf"(?<![\w$]){re.escape(checks.entry)}(?![\w$])".encode())
    is_named = any(named.search(it) for it in alike)
    for source in judged:
        if named.search(source.data) is not None:
            task = Task(
                language=language,
                candidate=_files([source]),
                tests=(checks.tests,),
                entry=checks.entry,
                support=checks.support,
                limits=tests.limits,
            )
            yield name, task, [source]
        elif not is_named:
            own = f"--pack {pack.name}=NAME if yours is called otherwise"
            yield (
                name,
                f"it defines no {checks.entry}, which {pack.name} is about; {own}",
                [source],
            )


def _files(sources: Iterable[Source]) -> tuple[File, ...]:
    return tuple(File(it.name, it.data) for it in sources)


def _task(
    language: str, sources: Sequence[Source], tests: tuple[File, ...], limits: Limits
) -> Task:
    return Task(
        language=language,
        candidate=_files(sources),
        tests=tests,
        style="runner",
        limits=limits,
    )


def _trial(name: str, task: Task, paths: tuple[str, ...]) -> Trial | tuple[str, str]:
    found = catalogue.look(task.language)
    if isinstance(found, Missing):
        return found.what, found.remedy
    try:
        order, read = judge(task, found)
    except Refused as error:
        return error.what, error.remedy
    return Trial(name, paths, order, read, _key(name, task, found))


def _key(name: str, task: Task, runtime: Runtime) -> str:
    parts: list[str | bytes] = [name, task.language, runtime.version, task.style]
    parts += [task.entry, task.support]
    parts.append(repr(task.limits))
    for files in (task.candidate, task.tests):
        parts.append(str(len(files)))
        for it in files:
            parts += [it.path, it.data]
    return key(*parts)


def verdicts(trial: Trial, result: Result, kept: Kept) -> list[Verdict]:
    """What the judge saw, for each file that it is about."""
    judged = trial.read(result)
    made = [_verdict(trial.check, path, judged, result) for path in trial.paths]
    for at, it in enumerate(made):
        kept.keep(f"{trial.key}:{at}", it)
    return made


def unjudged(trial: Trial, what: str, remedy: str) -> list[Verdict]:
    """Nothing is known of the code: no place to judge it in."""
    return [
        Verdict(it, trial.check, Stage.TESTS, State.BROKEN, (), what, remedy)
        for it in trial.paths
    ]


def _verdict(check: str, path: str, judged: Judged, result: Result) -> Verdict:
    counted = f"{judged.checks_passed} of {judged.checks_seen} checks passed"
    ms = round(result.execution_ms, 3)
    if judged.passed:
        return Verdict(path, check, Stage.TESTS, State.PASSED, (), counted, ms=ms)
    if judged.ending in (Ending.BROKEN, Ending.UNTESTABLE):
        why = "the sandbox failed" if judged.ending is Ending.BROKEN else "the tests do not run"
        note = f"{why}: {judged.first_failure or judged.output[-300:]}"
        return Verdict(path, check, Stage.TESTS, State.BROKEN, (), note, ms=ms)
    if judged.first_failure.startswith(NO_PYTEST):
        note = "the tests need pytest, which the Python that runs them has not"
        return Verdict(path, check, Stage.TESTS, State.BROKEN, (), note, GET_PYTEST, ms)
    said = judged.first_failure or WORDS.get(judged.ending, "")
    rule = judged.ending.value
    if judged.ending is Ending.LIMIT:
        rule = judged.status.value
        said = f"ended by the {rule.replace('_', ' ')}: {said or result.hint}".rstrip(": ")
    problems = [Problem(path, said or "it failed", check, rule)]
    problems += [Problem(path, it, check, "suspicion") for it in judged.suspicion]
    return Verdict(path, check, Stage.TESTS, State.FAILED, tuple(problems), counted, ms=ms)
