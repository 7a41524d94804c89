"""Does what `headgate bench run` asks: reads tasks and arms, runs them, writes results.

Rule 1: the same command again goes on where a run ended, and says so.
Rule 2: what would make a run worthless is found before the first call is paid for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from headgate import __version__
from headgate.bench import variation
from headgate.bench.arm import SYSTEM, Arm
from headgate.bench.ask import Question
from headgate.bench.asking import Asking, Gateway, body_of, new_id
from headgate.bench.grade import Graded
from headgate.bench.journal import Before, Begun, Head, Journal, NoJournal, Paid
from headgate.bench.judges import Judges
from headgate.bench.reading.arms import BadArms, Terms, of_models, read_arms
from headgate.bench.reckoning import reckoned
from headgate.bench.report.words import told_first
from headgate.bench.results import may_replace, results_of, write
from headgate.bench.running import Halted, Means, Outcome, Plan, Seen, run
from headgate.bench.sample import Run, Sample, TaskFacts
from headgate.bench.task import Rejected, Task, TaskSet
from headgate.bench.verdicts import Verdicts
from headgate.bench.verdicts import key_of as verdict_key
from headgate.cli import Misuse, Trouble
from headgate.cli.benchcheck import dataset_of, proved
from headgate.cli.benchground import asked_gateway, configuration, key_of
from headgate.cli.benchjudge import Ground, judging
from headgate.cli.progress import Progress, progress
from headgate.cli.range import cap_nusd
from headgate.cli.terminal import dollars, print_json, say
from headgate.store.sqlite import state_place
from headgate.wire.model import Usage

UNFINISHED = 3
BYTES_PER_TOKEN = 2
"""fewer than any tokenizer needs for text: what a call may cost is never guessed too low"""


@dataclass(frozen=True)
class Asked:
    """The options of the command."""

    models: tuple[str, ...]
    arms_file: Path | None
    dataset: Path | None
    languages: tuple[str, ...]
    tasks: tuple[str, ...]
    samples: int
    temperature: float | None
    max_tokens: int
    system_file: Path | None
    max_cost: float | None
    at_once: int
    out: Path
    anew: bool
    url: str
    key_env: str
    no_cache: bool
    shape: str
    unproved: bool
    name: str
    on: str
    as_json: bool
    config_path: str | None


class Kept(NamedTuple):
    """What a run keeps on disk."""

    journal: Journal
    verdicts: Verdicts


def run_benchmark(asked: Asked) -> int:
    """All of it; the exit code."""
    _check_out(asked.out)
    arms = _arms(asked)
    for warning in variation.warnings(arms):
        say(f"warning: {warning}")
    found = dataset_of(asked.dataset, asked.languages, asked.tasks, asked.shape)
    keeps = None if asked.no_cache else state_place(os.environ) / "bench" / "verdicts.db"
    journal = Journal(asked.out.with_suffix(".journal"))
    with contextlib.closing(Verdicts(keeps)) as verdicts, contextlib.closing(journal):
        try:
            done = asyncio.run(_judged(asked, arms, found, Kept(journal, verdicts)))
        except KeyboardInterrupt:
            say("stopped: what was heard is kept, and the same command goes on from there")
            raise click.Abort from None
        except Halted as ended:
            raise Trouble(ended.what, ended.remedy) from ended
    _write(asked.out, done)
    lost = sum(not it.is_counted for it in done.samples)
    is_whole = not lost and len(done.samples) == len(done.tasks) * len(arms) * asked.samples
    if is_whole:
        journal.remove()
    if asked.as_json:
        print_json(results_of(done))
    else:
        _tell(asked.out, done)
    if lost:
        say(f"{lost} samples failed for no fault of a model: run the same again to ask anew")
        why, count = Counter(it.error for it in done.samples if it.error).most_common(1)[0]
        say(f"most often ({count}): {why}")
    return 0 if is_whole else UNFINISHED


async def _judged(asked: Asked, arms: tuple[Arm, ...], found: TaskSet, kept: Kept) -> Run:
    async with judging(Ground(asked.config_path, asked.on), found.tasks) as judges:
        tasks = await _trusted(asked, found, judges, kept.verdicts)
        head = _head(asked, arms, tasks)
        before = await asyncio.to_thread(_begun, kept.journal, head, anew=asked.anew)
        with progress() as line:
            return await _Bench(asked, arms, tasks, kept, Room(judges, line)).run(before)


def _check_out(out: Path) -> None:
    """Found before anything is paid for: a place that no results can be written to."""
    if out.is_dir() or (out.exists() and not out.is_file()):
        raise Misuse(f"{out} is no file", "name one that the results may replace: --out FILE")
    if out.exists() and not out.stat().st_mode & 0o222:
        raise Misuse(f"{out} is read-only", "name another --out, or make it writable")
    if not may_replace(out):
        raise Misuse(f"{out} holds something else than results", "name another --out")
    if out.suffix == ".journal":
        raise Misuse(
            f"{out} is the name of a run's journal", "let --out end in something else: .json"
        )


def _write(out: Path, done: Run) -> None:
    try:
        write(out, done)
    except OSError as error:
        raise Trouble(
            f"{out} cannot be written: {error.strerror}",
            "make it writable and run the same again: what was heard is kept",
        ) from error


def _begun(journal: Journal, head: Head, *, anew: bool) -> Before:
    """What an ended run of the same has heard."""
    try:
        before = journal.open(head, anew=anew)
    except NoJournal as error:
        raise Misuse(str(error), error.remedy) from error
    if before.heard:
        say(f"going on where it ended: {len(before.heard)} samples are there")
    return before


def _arms(asked: Asked) -> tuple[Arm, ...]:
    system = _system(asked.system_file) if asked.system_file else SYSTEM
    terms = Terms(asked.temperature, asked.max_tokens, system)
    try:
        if asked.arms_file is not None and asked.models:
            raise Misuse("--arms and --model both name who is asked", "leave one of them out")
        if asked.arms_file is not None:
            return read_arms(asked.arms_file, terms)
        if not asked.models:
            raise Misuse(
                "nobody is named to be asked", "name models with --model, or --arms FILE"
            )
        return of_models(asked.models, terms)
    except BadArms as error:
        written = (
            "an arm is a table [[arm]] with a model, and a name, system, system_file, shots"
        )
        raise Misuse(str(error), written if asked.arms_file else "see --model") from error


def _system(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{file} cannot be read: {error}", "name a text: --system FILE") from error


async def _trusted(asked: Asked, found: TaskSet, judges: Judges, verdicts: Verdicts) -> TaskSet:
    """The tasks that are asked; why each of the others is not is told."""
    tasks = await _judgeable(found, judges)
    if asked.unproved:
        return tasks
    kept = await proved(tasks, judges, verdicts)
    for it in kept.rejected[len(tasks.rejected) :]:
        say(f"not asked: {it.id}: {it.why} ({it.remedy}, or ask it all the same: --unproved)")
    if not kept.tasks:
        raise Trouble("not one task can be trusted", "headgate bench check shows each of them")
    return kept


async def _judgeable(tasks: TaskSet, judges: Judges) -> TaskSet:
    """Without those that nothing there can judge: they are told, not failed."""
    misfits = await asyncio.gather(*(judges.unfit(it) for it in tasks.tasks))
    kept: list[Task] = []
    rejected = list(tasks.rejected)
    for task, missing in zip(tasks.tasks, misfits, strict=True):
        if missing is None:
            kept.append(task)
        else:
            rejected.append(Rejected(task.id, missing.what, missing.remedy))
    for it in rejected:
        say(f"not asked: {it.id}: {it.why}" + (f" ({it.remedy})" if it.remedy else ""))
    if not kept:
        raise Trouble("not one task can be judged here", "headgate doctor --fix")
    return msgspec.structs.replace(tasks, tasks=tuple(kept), rejected=tuple(rejected))


def _head(asked: Asked, arms: Sequence[Arm], tasks: TaskSet) -> Head:
    now_us = time.time_ns() // 1000
    name = asked.name or datetime.now(UTC).strftime("bench-%Y%m%d-%H%M%S")
    digests = tuple((it.name, it.digest) for it in arms)
    return Head(name, tasks.digest, digests, asked.samples, now_us)


class Room(NamedTuple):
    """Who judges, and where it is told how far a run has come."""

    judges: Judges
    line: Progress


class _Bench:
    """A run on its ground."""

    def __init__(
        self, asked: Asked, arms: tuple[Arm, ...], tasks: TaskSet, kept: Kept, room: Room
    ) -> None:
        self._asked, self._arms, self._tasks = asked, arms, tasks
        self._journal, self._verdicts = kept
        self._judges, self._line = room
        self._begun = time.monotonic()
        self._done_before: int | None = None
        self._dearest_nusd = 0

    async def run(self, before: Before) -> Run:
        asked = self._asked
        config = await asyncio.to_thread(configuration, asked.config_path)
        secret = key_of(asked.key_env)
        async with asked_gateway(config, asked.url, secret) as gateway:
            most = self._most(gateway)
            await self._judges.tier()  # a sandbox is proved before the first call is paid for
            ledger = await gateway.billed(before.head.name, before.head.begun_us)
            before = reckoned(before, ledger)
            plan = Plan(
                before.head.name,
                self._tasks.tasks,
                self._arms,
                asked.samples,
                cap_nusd=cap_nusd(asked.max_cost),
                at_once=asked.at_once,
            )
            means = Means(Asking(gateway).ask, self._judge, most, self._keep, self._seen)
            means = means._replace(note=self._note, new_id=new_id)
            return await self._told(before, await run(plan, means, before))

    def _most(self, gateway: Gateway) -> Callable[[Question], int]:
        """The most that a question can cost; Misuse if nobody knows and there is a cap."""
        if self._asked.max_cost:
            for arm in self._arms:
                if gateway.most(arm.model, Usage()) is None:
                    raise Misuse(
                        f"{arm.model} has no price, so --max-cost cannot be kept",
                        "price it under [prices], or leave --max-cost out",
                    )

        def most(question: Question) -> int:
            size = len(body_of(question, None)) // BYTES_PER_TOKEN
            usage = Usage(cache_write_1h=size, output=question.arm.max_tokens)
            quoted = gateway.most(question.arm.model, usage) or 0
            self._dearest_nusd = max(self._dearest_nusd, quoted)
            return quoted

        return most

    async def _judge(self, task: Task, code: str) -> Graded:
        runtime = await self._judges.runtime(task)
        key = verdict_key(task, code, runtime)
        known = await asyncio.to_thread(self._verdicts.find, key)
        if known is not None:
            return known
        graded = await self._judges.judge(task, code)
        await asyncio.to_thread(self._verdicts.keep, key, graded)
        return graded

    async def _keep(self, sample: Sample) -> None:
        await asyncio.to_thread(self._journal.keep, sample)

    async def _note(self, said: Begun | Paid) -> None:
        await asyncio.to_thread(self._journal.note, said)

    def _seen(self, it: Seen) -> None:
        if self._done_before is None:
            self._done_before = it.done
        took_s = time.monotonic() - self._begun
        told = course(it, it.done - self._done_before, took_s)
        where = self._judges.told
        self._line.step(f"{told}, judged on {where}" if where else told)

    async def _told(self, before: Before, outcome: Outcome) -> Run:
        bare = sorted(self._tasks.tasks, key=lambda it: (len(it.packages), it.database))
        each = {it.language: it for it in reversed(bare)}  # what only some need is not told
        toolchains = [
            (it, (await self._judges.runtime(each[it])).version) for it in sorted(each)
        ]
        notes = [*variation.warnings(self._arms)]
        if outcome.is_capped:
            told = f"--max-cost ended it: {len(outcome.samples)} samples were asked for"
            most = dollars(self._dearest_nusd)
            notes.append(f"{told}, and one more could cost up to {most}")
        if self._asked.url:
            notes.append("network is the way to the gateway alone: what lies behind it is wait")
        if outcome.lost_nusd:
            notes.append(
                f"calls that ended before anybody saw what they cost may have cost up to "
                f"{dollars(outcome.lost_nusd)} more: it counts against --max-cost alone"
            )
        return Run(
            name=before.head.name,
            dataset=self._tasks.name,
            dataset_digest=self._tasks.digest,
            is_builtin=self._tasks.is_builtin,
            arms=self._arms,
            samples_each=self._asked.samples,
            tasks=tuple(
                TaskFacts(it.id, it.language, it.tags, it.prompt, it.digest)
                for it in self._tasks.tasks
            ),
            rejected=self._tasks.rejected,
            samples=outcome.samples,
            begun_us=before.head.begun_us,
            ended_us=time.time_ns() // 1000,
            headgate=__version__,
            isolation=await self._judges.tier(),
            toolchains=tuple(toolchains),
            notes=tuple(notes),
        )


def course(it: Seen, fresh: int, took_s: float) -> str:
    """How far it has come; `fresh`: of what is done, what was done in that time."""
    right = f"{it.right / it.done:.0%} right" if it.done else "none yet"
    told = f"{it.done}/{it.of}: {right}, {dollars(it.spent_nusd)}"
    return f"{told}, {_span(took_s / fresh * (it.of - it.done))} left" if fresh else told


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"


def _tell(out: Path, done: Run) -> None:
    unpriced = {it.arm for it in done.samples if not it.is_priced}
    for it in results_of(done).aggregates:
        right = f"{it.correct} of {it.samples} right ({it.accuracy:.1%})"
        right = right if it.samples else "no answer"
        cost = "at an unknown cost" if it.arm in unpriced else dollars(it.cost_nusd)
        click.echo(f"{it.arm}: {right}, {cost}")
    for note in (*told_first(done), *done.notes):
        say(note)
    say(f"written to {out}")
