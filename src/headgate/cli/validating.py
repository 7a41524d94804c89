"""Does what `headgate validate run` asks: gathers, checks in the sandbox, tells, remembers.

Rule 1: the sandbox is started only when something has to be run.
Rule 2: whatever the outputs are, the exit code says the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from headgate import __version__
from headgate.cli import Misuse, Trouble
from headgate.cli.contained import contained
from headgate.cli.progress import progress
from headgate.cli.terminal import print_json, say
from headgate.cli.validateorigin import Said, remember
from headgate.cli.validatereport import VERDICTS, folder
from headgate.sandbox import warming
from headgate.sandbox.model import Limits, Order, Refused, Result, Runtime, Unavailable
from headgate.validate import validator
from headgate.validate.changes import changed
from headgate.validate.checks import load
from headgate.validate.gather import Refusal, Wanted, gather
from headgate.validate.kept import Kept
from headgate.validate.planning import unmounted
from headgate.validate.problem import STAGES, Level, Verdict
from headgate.validate.project import Project
from headgate.validate.told.annotations import annotate, fenced, harmless, summary
from headgate.validate.told.human import closing, human, missing
from headgate.validate.told.report import UNCHECKED, Report

if TYPE_CHECKING:
    from headgate.sandbox.sandbox import Sandbox
    from headgate.validate.given import Given, Trial

UNMOUNTED = ("landlock", "none")
"""tiers in which files lie where they lie"""


@dataclass(frozen=True)
class Asked:
    """The options of the command."""

    paths: tuple[str, ...]
    changed: str
    only: str
    skip: str
    tests: tuple[str, ...]
    packs: tuple[str, ...]
    language: str | None
    stdin_name: str
    prompt: str
    model: str
    call: str
    require: bool
    fail_on: str
    junit: Path | None
    sarif: Path | None
    github: bool | None
    no_cache: bool
    jobs: int | None
    timeout: float
    most_bytes: int
    state: Path | None
    as_json: bool
    config_path: str | None


@dataclass(frozen=True)
class _Work:
    """What a run is about."""

    asked: Asked
    projects: Sequence[Project]
    tests: Given | None
    """None: neither tests nor packs are given"""
    asking: validator.Asking
    kept: Kept
    leaves_out: bool
    """something that lies in a folder could not be read"""


def validate(asked: Asked) -> int:
    """All of it; the exit code."""
    begun = time.monotonic()
    here = Path.cwd()
    warming.progress.set(say)
    sandbox = _Late(asked.config_path)
    work = _work(asked, here)
    with progress() as line:

        def seen(done: int, of: int) -> None:
            line.step(f"checking: {done} of {of}")

        verdicts = asyncio.run(_check(work, sandbox, seen))
    work.kept.close()
    sources = {it.path: it for project in work.projects for it in project.sources}
    review = remember(
        Said(asked.prompt, asked.model, asked.call, asked.state, asked.config_path),
        {path: it.data for path, it in sources.items()},
        verdicts,
        here,
    )
    report = Report(
        tuple(verdicts),
        sources={path: it.data for path, it in sources.items()},
        review=review,
        isolation=sandbox.tier,
        seconds=time.monotonic() - begun,
        require=asked.require,
        fails_on=Level(asked.fail_on),
    )
    _tell(report, asked)
    return report.exit_code() or (UNCHECKED if work.leaves_out else 0)


def _work(asked: Asked, here: Path) -> _Work:
    try:
        paths, new = asked.paths, frozenset[str]()
        if asked.changed:
            new = frozenset(changed(here, asked.changed)) - set(paths)
            paths = (*paths, *sorted(new))
        elif not paths:
            raise Misuse("nothing was named", "headgate validate FILES, or --changed")
        wanted = Wanted(
            paths,
            here,
            asked.language or "",
            sys.stdin.buffer.read(asked.most_bytes + 1) if "-" in paths else None,
            asked.stdin_name,
            asked.most_bytes,
            new,
        )
        projects, refused = gather(wanted)
        tests, unread = _given(asked, wanted)
        refused += unread
    except Refusal as error:
        raise Misuse(error.what, error.remedy) from error
    wrong = [it for it in refused if it.is_named]
    if wrong:
        for it in wrong[1:]:
            say(f"Error: {it.what}")
        raise Misuse(wrong[0].what, wrong[0].remedy)
    for it in refused:
        say(f"left out: {it.what} ({it.remedy})")
    with contextlib.suppress(OSError):  # what cannot be remembered is told, or checked again
        folder().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = Kept(None if asked.no_cache else folder() / VERDICTS)
    return _Work(asked, projects, tests, _asking(asked), kept, bool(refused))


def _given(asked: Asked, wanted: Wanted) -> tuple[Given | None, list[Refusal]]:
    """The tests and packs, and what of them could not be taken."""
    if not asked.tests and not asked.packs:
        return None, []
    from headgate.validate.given import Given  # costly to load
    from headgate.validate.pack import load as load_pack

    tested, wrong = gather(wanted._replace(paths=asked.tests, language="", stdin=None))
    packs = tuple(load_pack(name, wanted.here) for name in asked.packs)
    files = tuple(it for project in tested for it in project.sources)
    return Given(files, packs, Limits(wall_s=asked.timeout)), wrong


def _asking(asked: Asked) -> validator.Asking:
    stages = {it.value: it for it in STAGES}
    names = {it.name for it in load()}
    only, without = _words(asked.only), _words(asked.skip)
    for word in (*only, *without):
        if word not in stages and word not in names:
            known = ", ".join((*stages, *sorted(names)))
            raise Misuse(f"no stage or check is called {word!r}", f"known are {known}")
    wanted = {stages[it] for it in only if it in stages}
    if any(it in names for it in only):
        wanted |= {it.stage for it in load() if it.name in only}
    wanted = (wanted or set(STAGES)) - {stages[it] for it in without if it in stages}
    named = {it for it in only if it in names}
    if named:
        named |= {it.name for it in load() if it.stage.value in only}
    return validator.Asking(
        frozenset(wanted),
        frozenset(named),
        frozenset(it for it in without if it in names),
        at_once=asked.jobs or len(os.sched_getaffinity(0)),
    )


def _words(text: str) -> list[str]:
    return [it.strip() for it in text.split(",") if it.strip()]


def _own(python: str) -> Runtime | None:
    """The interpreter that [sandbox] names for what may not read Headgate's own."""
    from headgate.sandbox.languages.python import look  # costly to load, and rarely needed

    found = look(python) if python else None
    return found if isinstance(found, Runtime) else None


class _Late:
    """A sandbox that begins with the first order."""

    def __init__(self, config_path: str | None) -> None:
        self._config_path = config_path
        self._entering: asyncio.Future[Sandbox] | None = None
        self.tier = ""

    async def carry_out(self, order: Order) -> Result:
        """Do what an order says."""
        if self._entering is None:
            self._entering = asyncio.ensure_future(self._enter())
        sandbox = await self._entering
        self.tier = sandbox.isolation.tier
        if self.tier in UNMOUNTED:
            order = unmounted(order, await asyncio.to_thread(_own, sandbox.settings.python))
        return await sandbox.carry_out(order)

    async def _enter(self) -> Sandbox:
        from headgate.sandbox.sandbox import Sandbox  # costly to load, and not always needed

        settings = await asyncio.to_thread(contained, self._config_path)
        settings = replace(settings, spares=0, waiting=100_000, wait_s=3600.0)
        return await Sandbox(settings).__aenter__()

    async def close(self) -> None:
        """End it, if it was begun."""
        if self._entering is not None:
            with contextlib.suppress(Exception):  # what failed to begin has told why
                await (await self._entering).close()


async def _check(
    work: _Work, sandbox: _Late, seen: Callable[[int, int], None]
) -> list[Verdict]:
    prepared, trials, known = await asyncio.to_thread(_prepare, work)
    try:
        answers = await validator.carry(prepared, work.asking, sandbox.carry_out, seen)
        judged = await _judge(trials, work, sandbox.carry_out)
    except Refused as error:  # [sandbox] of headgate.toml allows less than checks need
        raise Trouble(error.what, error.remedy) from error
    finally:
        await sandbox.close()
    return sorted(
        [*validator.conclude(prepared, answers, work.kept), *known, *judged],
        key=lambda it: (it.path, STAGES.index(it.stage), it.check),
    )


def _prepare(work: _Work) -> tuple[validator.Prepared, list[Trial], list[Verdict]]:
    prepared = validator.prepare(work.projects, load(), work.asking, work.kept)
    if work.tests is None:
        return prepared, [], []
    from headgate.validate import given  # costly to load

    trials, known = given.trials(work.projects, work.tests, work.kept)
    return prepared, trials, known


async def _judge(
    trials: Sequence[Trial],
    work: _Work,
    carry_out: Callable[[Order], Awaitable[Result]],
) -> list[Verdict]:
    if not trials:
        return []
    from headgate.validate import given  # costly to load

    gate = asyncio.Semaphore(work.asking.at_once)

    async def one(trial: Trial) -> list[Verdict]:
        async with gate:
            try:
                result = await carry_out(trial.order)
            except (Unavailable, Refused) as error:
                return given.unjudged(trial, error.what, error.remedy)
            return given.verdicts(trial, result, work.kept)

    answers = await asyncio.gather(*(one(it) for it in trials))
    return [it for answer in answers for it in answer]


def _tell(report: Report, asked: Asked) -> None:
    if asked.junit is not None:
        from headgate.validate.told.junit import junit  # costly to load

        _write(asked.junit, junit(report).encode())
    if asked.sarif is not None:
        from headgate.validate.told.sarif import sarif  # costly to load

        _write(asked.sarif, sarif(report, __version__))
    if asked.as_json:
        print_json(_json(report))
    else:
        _print(report, asked)
    ours = [*missing(report), *([] if asked.as_json else [closing(report)])]
    for line in ours:
        say(harmless(line) if _is_for_github(asked) else line)


def _is_for_github(asked: Asked) -> bool:
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    return on_github if asked.github is None else asked.github


def _print(report: Report, asked: Asked) -> None:
    lines = "\n".join(human(report))
    if not _is_for_github(asked):
        sys.stdout.write(lines + "\n" if lines else "")
        return
    if lines:
        print_lines = [fenced(lines, secrets.token_hex(16)), *annotate(report)]
        sys.stdout.write("\n".join(print_lines) + "\n")
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if page:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(summary(report))


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise Trouble(f"{path} cannot be written: {error.strerror}", "name another") from error


def _json(report: Report) -> dict[str, object]:
    return {
        "exit_code": report.exit_code(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "isolation": report.isolation,
        "counts": report.counts(),
        "needs_human_review": [_spelled(it) for it in sorted(report.review)],
        "verdicts": [_spelled(msgspec.to_builtins(it)) for it in report.verdicts],
    }


def _spelled(value: Any) -> Any:
    """The same where names hold bytes that are no UTF-8, which JSON cannot."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _spelled(it) for name, it in value.items()}
    return [_spelled(it) for it in value] if isinstance(value, (list, tuple)) else value
