"""Has answers judged in the sandbox: what one is worth, and what a task's own code is worth.

Rule 1: a limit that ended a judging is the answer's doing; a sandbox that failed is ours.
Rule 2: a run that failed for our sake is tried once more before it is told as such.
Rule 3: who ran out of time on a machine that does not keep pace is judged once more, with as
much more of it, and again where it has become slower still; where even that was too little, the
timeout says nothing of the answer.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

import msgspec

from headgate.bench.bounds import COMPILED, MOST_S, limits
from headgate.bench.grade import Grade, Graded, of_verdict
from headgate.bench.pace import BUSY, MOST, Pace, allowed, is_told, measured
from headgate.bench.returning import turned
from headgate.bench.task import Task
from headgate.sandbox import catalogue, packages
from headgate.sandbox.database import admin, server
from headgate.sandbox.model import (
    Database,
    File,
    Order,
    Refused,
    Result,
    Runtime,
    Status,
    Unavailable,
)
from headgate.sandbox.verdict.judge import PLANS, judge
from headgate.sandbox.verdict.model import Ending, Verdict
from headgate.sandbox.verdict.model import Task as Trial
from headgate.sandbox.verdict.sealed import Reader

Carry = Callable[[Order], Awaitable[Result]]
"""does what an order says, in a fresh place"""
DIAGNOSED = re.compile(r"^error(?:\[E\d+\])?: |\.go:\d+:\d+: ", re.MULTILINE)
"""a compiler's words"""
TRIES = 2


class _Case(NamedTuple):
    """Who is to be judged, and where."""

    task: Task
    code: str
    carry: Carry


class _Judged(NamedTuple):
    """What came of one judging."""

    graded: Graded
    is_late: bool = False
    """time by the clock ended it"""
    is_one_test: bool = False
    """the time of one of its tests"""
    wall_s: float = 0.0
    """that all of it was given"""
    cpu_s: float = 0.0


async def grade(task: Task, code: str, carry: Carry, pace: Pace = measured) -> Graded:
    """What an answer to a task is worth; `pace` is asked only where time ran out."""
    if not code.strip():
        return Graded(grade=Grade.NO_CODE, why="the answer holds no code")
    begun = time.monotonic()
    case = _Case(task, code, carry)
    found = await _tried(case)
    graded = await _fairly(case, found, pace) if found.is_late else found.graded
    return msgspec.structs.replace(graded, ms=(time.monotonic() - begun) * 1000)


async def _fairly(case: _Case, found: _Judged, pace: Pace) -> Graded:
    """What an answer that ran out of time is worth on a machine of that pace."""
    slowest = await asyncio.to_thread(pace)
    why = found.graded.why
    for _ in range(TRIES):
        times = allowed(slowest)
        if times == 1.0:
            return found.graded
        again = await _tried(case, times)
        used = again.cpu_s / found.wall_s
        if not again.is_late:
            return again.graded if used <= 1.0 else found.graded
        slowest = max(slowest, await asyncio.to_thread(pace))
        if not again.is_one_test:
            times = again.wall_s / found.wall_s
        if is_told(slowest, times, used):
            why = f"{why}; no better with {times:.1f} times the time, on a busy machine"
            return msgspec.structs.replace(found.graded, why=why)
        if times == MOST:
            break
    why = f"{BUSY} ({slowest:.0f} times slower than alone): {why}"
    return Graded(grade=Grade.INFRASTRUCTURE, why=f"{why}; judge it when less runs beside it")


async def _tried(case: _Case, times: float = 1.0) -> _Judged:
    found = _Judged(Graded(grade=Grade.INFRASTRUCTURE))
    for _ in range(TRIES):
        found = await _once(case, times)
        if found.graded.grade is not Grade.INFRASTRUCTURE:
            break
    return found


async def _once(case: _Case, times: float) -> _Judged:
    task, code, carry = case
    try:
        order, read = await asyncio.to_thread(_planned, task, code, times)
    except Refused as refused:
        return _Judged(Graded(grade=Grade.REFUSED, why=f"{refused.what}: {refused.remedy}"))
    except ValueError as error:  # it cannot even be taken apart: no compiler would read it
        return _Judged(Graded(grade=Grade.SYNTAX, why=str(error)))
    except Unavailable as missing:
        return _Judged(_lacking(missing))
    try:
        result = await carry(order)
    except (Refused, Unavailable) as missing:
        if order.database is None:
            raise
        return _Judged(_lacking(missing))
    verdict = read(result)
    if verdict.ending is Ending.UNTESTABLE:
        return _Judged(_untestable(task, verdict))
    graded = of_verdict(verdict, task.language)
    is_slow = verdict.ending is Ending.SLOW
    is_late = graded.grade is Grade.TIMEOUT and (is_slow or verdict.status is Status.WALL)
    return _Judged(graded, is_late, is_slow, order.limits.wall_s, result.cpu_ms / 1000)


def _lacking(missing: Refused | Unavailable) -> Graded:
    return Graded(grade=Grade.INFRASTRUCTURE, why=f"{missing.what}: {missing.remedy}")


def _untestable(task: Task, verdict: Verdict) -> Graded:
    """Tests that pass with the reference are not at fault: the answer does not fit them."""
    is_built = task.language in COMPILED and not verdict.checks_seen
    is_named = is_built and DIAGNOSED.search(verdict.first_failure)
    fault = "" if task.reference else ", or are at fault"
    why = f"the tests do not fit this answer{fault}: {verdict.first_failure}"
    return Graded(grade=Grade.COMPILE if is_named else Grade.WRONG, why=why)


def _planned(task: Task, code: str, times: float) -> tuple[Order, Reader]:
    """Reads files and asks the machine for its toolchain: not for an event loop."""
    return judge(_stretched(trial(task, code), times), runtime_of(task))


def _stretched(whole: Trial, times: float) -> Trial:
    """With as many times the time by the clock."""
    if times == 1.0:
        return whole
    wall_s = min(whole.limits.wall_s * times, max(MOST_S, whole.limits.wall_s))
    limits = msgspec.structs.replace(whole.limits, wall_s=wall_s)
    return msgspec.structs.replace(whole, test_s=whole.test_s * times, limits=limits)


def runtime_of(task: Task) -> Runtime:
    """What judges it here, with what it needs beside its language; Unavailable, with the
    remedy, where something of that is not there."""
    if task.language not in PLANS:
        raise Unavailable(f"no verdicts for {task.language}", f"known are {', '.join(PLANS)}")
    runtime = catalogue.runtime(task.language)
    known = packages.found(runtime, task.packages)
    if task.database:
        admin.driver()
        known = (*known, server.version(server.programs()))
    if not known:
        return runtime
    return msgspec.structs.replace(runtime, version=", ".join((runtime.version, *known)))


def database_of(task: Task) -> Database | None:
    """What it asks for of the kind, if anything."""
    return Database(task.database, task.setup_sql) if task.database else None


def fit(task: Task) -> None:
    """Raise Unavailable or Refused if no answer to it could ever be judged here."""
    runtime = runtime_of(task)
    if task.reference:
        judge(trial(task, task.reference), runtime)
    elif task.style == "returns":
        turned(task)


def trial(task: Task, code: str) -> Trial:
    """The answer and the tests as the judge takes them."""
    answering = turned(task) if task.style == "returns" else None
    tests = answering.files if answering else task.tests
    return Trial(
        language=task.language,
        candidate=(File(task.path, _whole(task, code).encode()), *task.files),
        tests=tests,
        style=answering.style if answering else _style(task),
        entry=task.entry,
        support=task.support,
        limits=limits(task, tests),
        test_s=task.timeout_s,
        database=database_of(task),
    )


def _style(task: Task) -> Literal["asserts", "runner"]:
    return "asserts" if task.style == "asserts" else "runner"


def _whole(task: Task, code: str) -> str:
    """An answer that goes on where the prompt ended, with what it goes on from; of one that is
    whole, what stood before its function."""
    if not task.lead:
        return code
    names = defined(task.lead)
    last = names[-1] if names else None
    if last is None or not any(it.name == last.name for it in defined(code)):
        return task.lead + code
    before = task.lead[: last.at].rstrip()
    if task.language == "go":
        return _begun_go(before, code)
    return f"{before}\n\n\n{code}" if task.language == "python" and before else code


def _begun_go(before: str, code: str) -> str:
    """A function alone is no file of Go: it gets the package, and imports if it has none."""
    if re.search(r"^package \w", code, re.MULTILINE):
        return code
    if re.search(r"^import\b", code, re.MULTILINE):
        before = before.partition("\n")[0]
    return f"{before}\n\n{code}"


class Defined(NamedTuple):
    """A function, and where it begins."""

    name: str
    at: int


_DEFINES = re.compile(
    r"^(?:export\s+)?(?:pub\s+)?(?:async\s+)?(?:def|function|func|fn)\s+(\w+)"
    r"|^(?:const\s+|let\s+|var\s+)?(\w+)\s*(?:<-\s*function|=\s*(?:async\s*)?(?:function|\(.*=>))",
    re.MULTILINE,
)


def defined(code: str) -> list[Defined]:
    """The functions that begin at the left edge."""
    return [Defined(it[1] or it[2], it.start()) for it in _DEFINES.finditer(code)]
