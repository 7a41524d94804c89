"""Does what `headgate bench check` asks: tries tasks with what is known of them, and tells.

Rule 1: each task is told by name with what it should have done and did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from headgate.bench.grade import Grade, Graded
from headgate.bench.judges import Judges
from headgate.bench.proof import Proof, prove, rejected
from headgate.bench.reading.dataset import NoDataset, builtin, read
from headgate.bench.reading.opened import BadFile
from headgate.bench.reading.rows import BadRows
from headgate.bench.running import to_tell
from headgate.bench.task import Rejected, Task, TaskSet
from headgate.bench.verdicts import Verdicts, key_of
from headgate.cli import Misuse, Trouble
from headgate.cli.benchjudge import Ground, judging
from headgate.cli.progress import Progress, progress
from headgate.cli.terminal import print_json, safe, say
from headgate.sandbox.model import Refused, Unavailable

FOUND, UNPROVED = 1, 3


def dataset_of(
    dataset: Path | None, languages: Sequence[str], names: Sequence[str], shape: str = ""
) -> TaskSet:
    """The tasks that were named; Misuse where there are none."""
    try:
        tasks = read(dataset, shape) if dataset is not None else builtin()
    except NoDataset as error:
        raise Misuse(str(error), error.remedy) from error
    except BadRows as error:
        raise Trouble(str(error), error.remedy) from error
    except BadFile as error:
        raise Trouble(str(error)) from error
    if not tasks.tasks:
        for it in tasks.rejected:
            say(f"{it.id}: {it.why} ({it.remedy})")
        raise Misuse("no task is left of the dataset", "mend what is told above")
    return msgspec.structs.replace(tasks, tasks=_narrowed(tasks.tasks, languages, names))


def _narrowed(
    tasks: Sequence[Task], languages: Sequence[str], names: Sequence[str]
) -> tuple[Task, ...]:
    """Those of the languages and ids that were asked for; Misuse where one has none."""
    there = sorted({it.language for it in tasks})
    for language in languages:
        if language not in there:
            remedy = f"--language may be: {', '.join(there)}"
            raise Misuse(f"the dataset has no task in {language!r}", remedy)
    for name in names:
        if not any(name in it.id for it in tasks):
            remedy = f"--task is all of an id or a part of it, such as {tasks[0].id}"
            raise Misuse(f"the dataset has no task whose id has {name!r} in it", remedy)
    kept = tuple(
        it
        for it in tasks
        if (not languages or it.language in languages)
        and (not names or any(name in it.id for name in names))
    )
    if not kept:
        raise Misuse("no task is left of the dataset", "widen --language and --task")
    return kept


def check_tasks(tasks: TaskSet, ground: Ground, *, as_json: bool) -> int:
    """Try all of them; the exit code."""
    tasks, proofs = asyncio.run(_checked(tasks, ground))
    wrong = [it for it in proofs if it.wrong]
    for it in tasks.rejected:
        say(f"{it.id}: {it.why} ({it.remedy})")
    if as_json:
        print_json({"tasks": proofs, "rejected": tasks.rejected})
    else:
        _tell(proofs)
    if any(it.is_unproved for it in wrong):
        return UNPROVED
    return FOUND if wrong or tasks.rejected else 0


async def _checked(tasks: TaskSet, ground: Ground) -> tuple[TaskSet, list[Proof]]:
    async with judging(ground, tasks.tasks) as judges:
        tasks = await _provided(tasks, judges)
        with progress() as line:
            return tasks, await _prove_all(tasks.tasks, judges, line)


async def _provided(tasks: TaskSet, judges: Judges) -> TaskSet:
    """Without those whose packages or database are not there, and those that ask for what no
    sandbox here would give: they prove nothing."""
    found = await asyncio.gather(*map(judges.unfit, tasks.tasks))
    lost = {
        task: it
        for task, it in zip(tasks.tasks, found, strict=True)
        if it is not None and (task.packages or task.database or isinstance(it, Refused))
    }
    return msgspec.structs.replace(
        tasks,
        tasks=tuple(it for it in tasks.tasks if it not in lost),
        rejected=(
            *tasks.rejected,
            *(Rejected(task.id, it.what, it.remedy) for task, it in lost.items()),
        ),
    )


async def proved(tasks: TaskSet, judges: Judges, verdicts: Verdicts) -> TaskSet:
    """Without tasks whose reference fails, or that pass an answer which does nothing.

    What was found is kept: it costs nothing to ask again.
    """
    found = {it.id: await _known(it, judges, verdicts) for it in tasks.tasks}
    waiting = [it for it in tasks.tasks if found[it.id] is None]
    if waiting:
        with progress() as line:
            proofs = await _prove_all(waiting, judges, line, verdicts)
        found |= {it.task: it for it in proofs}
    bad = {name: rejected(it) for name, it in found.items() if it is not None}
    return msgspec.structs.replace(
        tasks,
        tasks=tuple(it for it in tasks.tasks if bad.get(it.id) is None),
        rejected=(*tasks.rejected, *(it for it in bad.values() if it is not None)),
    )


async def _known(task: Task, judges: Judges, verdicts: Verdicts) -> Proof | None:
    """What is kept of a task; None, if it is not all there."""
    runtime = await judges.runtime(task)
    missing = False

    async def look(task: Task, code: str) -> Graded:
        nonlocal missing
        found = await asyncio.to_thread(verdicts.find, key_of(task, code, runtime))
        missing = missing or found is None
        return found or Graded(grade=Grade.INFRASTRUCTURE)

    proof = await prove(task, look, wholly=False)
    return None if missing else proof


async def _prove_all(
    tasks: Sequence[Task], judges: Judges, line: Progress, keeps: Verdicts | None = None
) -> list[Proof]:
    """Of each a proof; `keeps`: where what was found of reference and emptiness goes, the only
    ones to be tried then."""
    places = asyncio.Semaphore(judges.cores)
    done = 0

    async def judge(task: Task, code: str) -> Graded:
        graded = await judges.judge(task, code)
        if keeps is not None and graded.grade is not Grade.INFRASTRUCTURE:
            runtime = await judges.runtime(task)
            await asyncio.to_thread(keeps.keep, key_of(task, code, runtime), graded)
        return graded

    async def one(task: Task) -> Proof:
        nonlocal done
        async with places:
            proof = await prove(task, judge, wholly=keeps is None)
        done += 1
        where = f", on {judges.told}" if judges.told else ""
        line.step(f"tried: {done} of {len(tasks)} tasks{where}")
        return proof

    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(it)) for it in tasks]
    except BaseExceptionGroup as several:
        raise to_tell(several, Unavailable) from None
    return [it.result() for it in running]


def _tell(proofs: Sequence[Proof]) -> None:
    for proof in proofs:
        for it in proof.wrong:
            if it.fault:
                click.echo(safe(f"{proof.task}: {it.fault}"))
                continue
            wanted = "should pass" if it.should_pass else "should fail"
            told = f"{proof.task}: {it.what}: {wanted}, and is graded {it.graded.grade.value}"
            click.echo(safe(f"{told}: {it.graded.why}" if it.graded.why else told))
    good = sum(not it.wrong for it in proofs)
    click.echo(f"{good} of {len(proofs)} tasks hold: {_tries(proofs)} answers tried")


def _tries(proofs: Sequence[Proof]) -> int:
    return sum(len(it.tried) for it in proofs)
