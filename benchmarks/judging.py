"""How fast answers are judged, beside the harnesses that everybody writes.

Rule 1: all judge the same answers, in turn and in one run, on the same cores; by the clock and
        by CPU, their children's included.
Rule 2: a verdict that is not what it should be ends the run with 1, however fast it came.
Rule 3: the others contain nothing: a clock is their only limit, and a pass can be forged. One
        starts an interpreter for each answer; one forks itself and runs the answer there.
Rule 4: a goal is held by CPU, which neighbours share less than the clock; one that is missed is
        said, and ends the run with 1 where --strict is given.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.sandbox import tree
from headgate.bench.grade import Grade
from headgate.bench.judging import grade
from headgate.bench.reading.dataset import builtin, read
from headgate.bench.task import Task
from headgate.bench.verdicts import Verdicts, key_of
from headgate.sandbox import catalogue
from headgate.sandbox.model import Order, Result
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings

TIMEOUT_S = 5.0
HUMANEVAL = "HumanEval"
TIMES = 4.0
"""so many times the throughput of a process for each"""
EACH_MS = 4000 / 164
"""of CPU: HumanEval's own solutions in four seconds on one core"""
FORKS = """
import json, multiprocessing, sys

def run(program):
    sys.stdout = sys.stderr = open("/dev/null", "w")
    exec(program, {"__name__": "__main__"})

fork = multiprocessing.get_context("fork")
for line in sys.stdin:
    child = fork.Process(target=run, args=(json.loads(line),))
    child.start()
    child.join(TIMEOUT_S)
    if child.is_alive():
        child.kill()
        child.join()
    print(int(child.exitcode == 0), flush=True)
"""
"""a harness that forks: nothing is imported but what it needs itself"""


class Answered(NamedTuple):
    """An answer, and whether it should pass."""

    task: Task
    code: str
    is_right: bool


class Took(NamedTuple):
    """What judging all of them took."""

    what: str
    answers: int
    wall_s: float
    cpu_s: float
    wrong: tuple[str, ...]
    """verdicts that are not what they should be"""

    @property
    def each_ms(self) -> float:
        return self.wall_s / self.answers * 1000

    def __str__(self) -> str:
        rate = self.answers / self.wall_s
        cpu_ms = self.cpu_s / self.answers * 1000
        return (
            f"{self.what:<46}{self.answers:>6}{self.wall_s:9.2f}{self.cpu_s:9.2f}"
            f"{rate:11.1f}{cpu_ms:11.1f}"
        )


HEADS = f"{'':<46}{'judged':>6}{'wall s':>9}{'CPU s':>9}{'a second':>11}{'CPU ms each':>11}"


def answers_of(tasks: Sequence[Task], *, mutants: bool) -> list[Answered]:
    """References, and what is known to be wrong."""
    found = [Answered(it, it.reference, True) for it in tasks if it.reference]
    if mutants:
        found += [Answered(it, m.code, False) for it in tasks for m in it.mutants]
    return found


def whole_program(it: Answered) -> str:
    """As the usual harness has it: the answer, the tests, the call, all in one."""
    tests = "\n".join(one.data.decode() for one in it.task.tests)
    call = f"\ncheck({it.task.entry})\n" if it.task.entry else ""
    return f"{it.code}\n{it.task.support}\n{tests}{call}"


def usually(it: Answered) -> bool:
    """One process for one sample; it passes if it ends with 0."""
    if it.task.style == "asserts":
        command = [sys.executable, "-c", whole_program(it)]
        return _ended_well(command, None)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / it.task.path).write_text(it.code)
        for one in it.task.tests:
            (Path(folder) / one.path).write_bytes(one.data)
        return _ended_well([sys.executable, "-m", "pytest", "-q", "-x"], folder)


def _ended_well(command: list[str], folder: str | None) -> bool:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


async def by_processes(what: str, answers: Sequence[Answered], cores: int) -> Took:
    def all_of_them() -> list[bool]:
        with ThreadPoolExecutor(cores) as places:
            return list(places.map(usually, answers))

    return await measured(what, answers, lambda: asyncio.to_thread(all_of_them))


async def by_forks(what: str, answers: Sequence[Answered], cores: int) -> Took:
    """Whole programs, dealt out to as many harnesses as there are cores."""
    program = FORKS.replace("TIMEOUT_S", str(TIMEOUT_S))

    def one(share: Sequence[Answered]) -> list[bool]:
        lines = "".join(json.dumps(whole_program(it)) + "\n" for it in share)
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, input=lines, text=True, capture_output=True, check=True)
        return [it == "1" for it in done.stdout.split()]

    def all_of_them() -> list[bool]:
        shares = [answers[at::cores] for at in range(cores)]
        said = [False] * len(answers)
        with ThreadPoolExecutor(cores) as places:
            for at, found in enumerate(places.map(one, shares)):
                said[at::cores] = found
        return said

    return await measured(what, answers, lambda: asyncio.to_thread(all_of_them))


async def by_judge(what: str, answers: Sequence[Answered], cores: int) -> Took:
    """As `headgate bench run` does, its store of verdicts left out."""
    places = 2 * cores
    settings = Settings(concurrent=places, concurrent_per_tenant=places, waiting=100_000)
    room = asyncio.Semaphore(places)

    async with Sandbox(settings) as sandbox:  # its workers begin with the first answers

        async def carry(order: Order) -> Result:
            return await sandbox.carry_out(order)

        async def one(it: Answered) -> bool:
            async with room:
                return (await grade(it.task, it.code, carry)).grade is Grade.PASS

        async def all_of_them() -> list[bool]:
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(one(it)) for it in answers]
            return [it.result() for it in running]

        return await measured(what, answers, all_of_them)


async def by_store(what: str, answers: Sequence[Answered]) -> Took:
    """What was judged before is known, also by the next run."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Verdicts(Path(folder) / "verdicts.db")
        runtime = catalogue.runtime("python")

        async def carry(order: Order) -> Result:
            return await sandbox.carry_out(order)

        async with Sandbox(Settings()) as sandbox:
            for it in answers:
                graded = await grade(it.task, it.code, carry)
                kept.keep(key_of(it.task, it.code, runtime), graded)

        async def again() -> list[bool]:
            found = [kept.find(key_of(it.task, it.code, runtime)) for it in answers]
            return [it is not None and it.is_right for it in found]

        took = await measured(what, answers, again)
        kept.close()
        return took


def used_cpu_s() -> float:
    """What this process and all below it have used, those included that have ended."""
    for _ in range(50):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile:
            return _ticks(tree(os.getpid())) / os.sysconf("SC_CLK_TCK")  # its parent has it now
    raise RuntimeError("processes end faster than their times can be read")


def _ticks(pids: Iterable[int]) -> int:
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(it) for fields in stats for it in fields[11:15])


async def measured(
    what: str, answers: Sequence[Answered], judge: Callable[[], Awaitable[list[bool]]]
) -> Took:
    before, begun = used_cpu_s(), time.perf_counter()
    said = await judge()
    wall_s, cpu_s = time.perf_counter() - begun, used_cpu_s() - before
    wrong = tuple(
        it.task.id
        for it, is_right in zip(answers, said, strict=True)
        if is_right != it.is_right
    )
    return Took(what, len(answers), wall_s, cpu_s, wrong)


async def compared(
    name: str, answers: Sequence[Answered], cores: int
) -> tuple[Took, Took | None, Took]:
    """The usual harness, one that forks where no test runner is needed, and ours."""
    usual = await by_processes(f"{name}, a process for each", answers, cores)
    forks = None
    if all(it.task.style == "asserts" for it in answers):
        forks = await by_forks(f"{name}, a fork for each", answers, cores)
    ours = await by_judge(f"{name}, sealed and contained", answers, cores)
    return usual, forks, ours


def goals(name: str, usual: Took, ours: Took) -> list[tuple[str, bool]]:
    """What is asked for, as it came, and whether it holds."""
    times = usual.cpu_s / ours.cpu_s
    found = [(f"{times:.1f} times a process for each, of {TIMES:g}", times >= TIMES)]
    if name == HUMANEVAL:
        each_ms = ours.cpu_s / ours.answers * 1000
        found.append(
            (f"{each_ms:.1f} ms of CPU each, of {EACH_MS:.1f}", each_ms <= EACH_MS),
        )
    return found


async def run(arguments: argparse.Namespace) -> int:
    cores = len(os.sched_getaffinity(0))
    shipped = [it for it in builtin(["python"]).tasks if it.style == "runner"]
    sets = [("shipped tasks of Python", answers_of(shipped, mutants=True))]
    if arguments.only:
        sets = []
    if arguments.humaneval:
        tasks = (await asyncio.to_thread(read, arguments.humaneval)).tasks
        sets.append((HUMANEVAL, answers_of(tasks, mutants=False)))
    print(f"cores: {cores}\n\n{HEADS}")
    bad: list[str] = []
    missed = 0
    for name, every in sets:
        answers = some(every, arguments.most)
        usual, forks, ours = await compared(name, answers, cores)
        print(*(it for it in (usual, forks, ours) if it), sep="\n")
        print(f"{name}: {usual.wall_s / ours.wall_s:.1f} times as many a second", end="")
        print(f", {usual.cpu_s / ours.cpu_s:.1f} by CPU")
        if forks:
            print(f"{name}, a fork for each: {forks.cpu_s / ours.cpu_s:.1f} by CPU")
        for what, holds in goals(name, usual, ours):
            print(f"goal: {what}{'' if holds else '  MISSED'}")
            missed += not holds
        print()
        bad += [f"{name}: {it}" for it in ours.wrong]
    if arguments.humaneval:
        print(await by_store("HumanEval, judged before", some(sets[-1][1], arguments.most)))
    for it in bad:
        print(f"not the verdict that it should be: {it}")
    return int(bool(bad) or (arguments.strict and missed > 0))


def some(answers: list[Answered], most: int) -> list[Answered]:
    """Evenly taken, where not all are wanted."""
    return answers[:: max(1, len(answers) // most)] if most else answers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--humaneval", type=Path, help="HumanEval.jsonl.gz, where it is there")
    parser.add_argument("--most", type=int, default=0, help="Answers of each set; 0: all.")
    parser.add_argument("--only", action="store_true", help="HumanEval alone.")
    parser.add_argument("--strict", action="store_true", help="A goal that is missed fails.")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
