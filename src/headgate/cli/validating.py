"""Does what `headgate validate run` asks: gathers, checks in the sandbox, tells, remembers.

Rule 1: the sandbox is started only when something has to be run.
Rule 2: whatever the outputs are, the exit code says the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from headgate import __version__
from headgate.cli import Misuse, Trouble
from headgate.cli.progress import progress
from headgate.cli.terminal import print_json, say
from headgate.cli.validatereport import HISTORY, VERDICTS, folder
from headgate.sandbox.model import Limits, Order, Refused, Result, Unavailable
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings
from headgate.validate import given, history, origin, validator
from headgate.validate.checks import load
from headgate.validate.gather import Refusal, Wanted, changed, gather
from headgate.validate.kept import Kept
from headgate.validate.origin import Origin, fingerprint
from headgate.validate.pack import load as load_pack
from headgate.validate.problem import STAGES, Level, Verdict
from headgate.validate.project import Project, Source
from headgate.validate.told.annotations import annotate, fenced, summary
from headgate.validate.told.human import closing, human, missing
from headgate.validate.told.junit import junit
from headgate.validate.told.report import Report
from headgate.validate.told.sarif import sarif


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
    tests: given.Given
    asking: validator.Asking
    kept: Kept


def validate(asked: Asked) -> int:
    """All of it; the exit code."""
    begun = time.monotonic()
    here = Path.cwd()
    sandbox = _Late(asked.config_path)
    work = _work(asked, here)
    with progress() as line:

        def seen(done: int, of: int) -> None:
            line.step(f"checking: {done} of {of}")

        verdicts = asyncio.run(_check(work, sandbox, seen))
    work.kept.close()
    sources = {it.path: it for project in work.projects for it in project.sources}
    review = _remember(asked, sources, verdicts, here)
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
    return report.exit_code()


def _work(asked: Asked, here: Path) -> _Work:
    try:
        paths = asked.paths
        if asked.changed:
            paths = (*paths, *changed(here, asked.changed))
        elif not paths:
            raise Misuse("nothing was named", "headgate validate FILES, or --changed")
        wanted = Wanted(
            paths,
            here,
            asked.language or "",
            sys.stdin.buffer.read(asked.most_bytes + 1) if "-" in paths else None,
            asked.stdin_name,
            asked.most_bytes,
        )
        projects, refused = gather(wanted)
        tested, wrong = gather(replace_paths(wanted, asked.tests))
        refused += wrong
        packs = tuple(load_pack(name, here) for name in asked.packs)
    except Refusal as error:
        raise Misuse(error.what, error.remedy) from error
    if refused:
        for it in refused[1:]:
            say(f"Error: {it.what}")
        raise Misuse(refused[0].what, refused[0].remedy)
    files = tuple(it for project in tested for it in project.sources)
    limits = Limits(wall_s=asked.timeout)
    kept = Kept(None if asked.no_cache else folder() / VERDICTS)
    return _Work(asked, projects, given.Given(files, packs, limits), _asking(asked), kept)


def replace_paths(wanted: Wanted, paths: tuple[str, ...]) -> Wanted:
    """The same for other files."""
    return wanted._replace(paths=paths, language="", stdin=None)


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


def _settings(config_path: str | None) -> Settings:
    """How code is contained, if a configuration says so."""
    from headgate.config import load_places  # costly to load

    return load_places(Path(config_path) if config_path else None, os.environ).sandbox


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
        return await sandbox.carry_out(order)

    async def _enter(self) -> Sandbox:
        settings = await asyncio.to_thread(_settings, self._config_path)
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


def _prepare(work: _Work) -> tuple[validator.Prepared, list[given.Trial], list[Verdict]]:
    prepared = validator.prepare(work.projects, load(), work.asking, work.kept)
    trials, known = given.trials(work.projects, work.tests, work.kept)
    return prepared, trials, known


async def _judge(
    trials: Sequence[given.Trial],
    work: _Work,
    carry_out: Callable[[Order], Awaitable[Result]],
) -> list[Verdict]:
    gate = asyncio.Semaphore(work.asking.at_once)

    async def one(trial: given.Trial) -> list[Verdict]:
        async with gate:
            try:
                result = await carry_out(trial.order)
            except (Unavailable, Refused) as error:
                return given.unjudged(trial, error.what, error.remedy)
            return given.verdicts(trial, result, work.kept)

    answers = await asyncio.gather(*(one(it) for it in trials))
    return [it for answer in answers for it in answer]


def _remember(
    asked: Asked, sources: dict[str, Source], verdicts: Sequence[Verdict], here: Path
) -> dict[str, int]:
    """Add this run to the history; the files that a person should look at."""
    path = asked.state or folder() / HISTORY
    command = Origin(_prompt(asked.prompt), asked.model)
    now = time.time_ns() // 1000
    by_path: dict[str, list[Verdict]] = {}
    for it in verdicts:
        by_path.setdefault(it.path, []).append(it)
    attempts = []
    for name, its in by_path.items():
        data = sources[name].data
        from_ = origin.origin(command, here / name, data)
        attempts.append(
            history.Attempt(
                at_us=now,
                path=name if name == "-" else os.path.abspath(here / name),
                code=hashlib.sha256(data).hexdigest()[:16],
                failed=history.failures(its),
                prompt=from_.prompt,
                model=from_.model,
                call=from_.call,
            )
        )
    try:
        before = {it.identity for it in history.load(path)}
        known = [it for it in attempts if it.failed or it.identity in before]
        history.append(path, known)
    except OSError as error:
        say(f"failures are not remembered: {path}: {error.strerror}")
        return {}
    waiting = history.needing_review(history.load(path))
    named = dict(zip(by_path, attempts, strict=True))
    return {
        name: waiting[it.identity]
        for name, it in named.items()
        if it.failed and it.identity in waiting
    }


def _prompt(said: str) -> str:
    if said.startswith("@"):
        try:
            said = Path(said[1:]).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Misuse(f"--prompt {said}: {error.strerror}", "--prompt @FILE") from error
    return fingerprint(said) if said.strip() else ""


def _tell(report: Report, asked: Asked) -> None:
    for path, data in (
        (asked.junit, junit(report).encode() if asked.junit else b""),
        (asked.sarif, sarif(report, __version__) if asked.sarif else b""),
    ):
        if path is not None:
            _write(path, data)
    if asked.as_json:
        print_json(_json(report))
    else:
        _print(report, asked)
    for line in missing(report):
        say(line)
    if not asked.as_json:
        say(closing(report))


def _print(report: Report, asked: Asked) -> None:
    lines = "\n".join(human(report))
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    if not (on_github if asked.github is None else asked.github):
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
        "needs_human_review": sorted(report.review),
        "verdicts": msgspec.to_builtins(report.verdicts),
    }
