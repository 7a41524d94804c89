"""Has answers judged in the sandbox: what one is worth, and what a task's own code is worth.

Rule 1: a limit that ended a judging is the answer's doing; a sandbox that failed is ours.
Rule 2: a run that failed for our sake is tried once more before it is told as such.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

import msgspec

from headgate.bench.bounds import COMPILED, limits
from headgate.bench.grade import Grade, Graded, of_verdict
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


async def grade(task: Task, code: str, carry: Carry) -> Graded:
    """What an answer to a task is worth."""
    if not code.strip():
        return Graded(grade=Grade.NO_CODE, why="the answer holds no code")
    begun = time.monotonic()
    graded = Graded(grade=Grade.INFRASTRUCTURE)
    for _ in range(TRIES):
        graded = await _once(task, code, carry, begun)
        if graded.grade is not Grade.INFRASTRUCTURE:
            break
    return graded


async def _once(task: Task, code: str, carry: Carry, begun: float) -> Graded:
    try:
        order, read = await asyncio.to_thread(_planned, task, code)
    except Refused as refused:
        return Graded(grade=Grade.REFUSED, why=f"{refused.what}: {refused.remedy}")
    except ValueError as error:  # it cannot even be taken apart: no compiler would read it
        return Graded(grade=Grade.SYNTAX, why=str(error))
    except Unavailable as missing:
        return Graded(grade=Grade.INFRASTRUCTURE, why=f"{missing.what}: {missing.remedy}")
    try:
        result = await carry(order)
    except (Refused, Unavailable) as missing:
        if order.database is None:
            raise
        return Graded(grade=Grade.INFRASTRUCTURE, why=f"{missing.what}: {missing.remedy}")
    verdict = read(result)
    ms = (time.monotonic() - begun) * 1000
    if verdict.ending is Ending.UNTESTABLE:
        return _untestable(task, verdict, ms)
    return of_verdict(verdict, task.language, ms)


def _untestable(task: Task, verdict: Verdict, ms: float) -> Graded:
    """Tests that pass with the reference are not at fault: the answer does not fit them."""
    is_built = task.language in COMPILED and not verdict.checks_seen
    is_told = is_built and DIAGNOSED.search(verdict.first_failure)
    fault = "" if task.reference else ", or are at fault"
    why = f"the tests do not fit this answer{fault}: {verdict.first_failure}"
    return Graded(grade=Grade.COMPILE if is_told else Grade.WRONG, why=why, ms=ms)


def _planned(task: Task, code: str) -> tuple[Order, Reader]:
    """Reads files and asks the machine for its toolchain: not for an event loop."""
    return judge(trial(task, code), runtime_of(task))


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
