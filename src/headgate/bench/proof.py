"""Whether a task can be trusted: its reference passes, its mutants and an empty answer fail.

Rule 1: a task that passes something wrong, or fails what is right, is rejected by name.
Rule 2: a sandbox that failed proves nothing: the task is unproved, not wrong.
Rule 3: tests that no answer could pass are told by what an empty answer shows of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import msgspec

from headgate.bench.atfault import at_fault
from headgate.bench.grade import Grade, Graded
from headgate.bench.pace import BUSY
from headgate.bench.task import Rejected, Task

Judge = Callable[[Task, str], Awaitable[Graded]]
REFERENCE, EMPTINESS = "reference", "empty"
FIRST = frozenset((REFERENCE, EMPTINESS))
"""what is tried before a run"""
EMPTY = {
    "python": "pass\n",
    "javascript": "module.exports = {};\n",
    "typescript": "export {};\n",
    "go": "package solution\n",
    "rust": "// nothing\n",
    "r": "NULL\n",
    "bash": ":\n",
}
"""an answer that does nothing at all"""
HOLLOW = {
    "python": "def {name}(*args, **named):\n    pass\n",
    "javascript": "exports.{name} = () => undefined;\n",
    "typescript": "export const {name} = (...args: any[]): any => undefined;\n",
}
"""a function that does nothing"""
ENDS = {
    "python": "    pass\n",
    "javascript": "}\n",
    "typescript": "  return undefined as any;\n}\n",
    "go": '\tpanic("")\n}\n',
    "rust": "    panic!()\n}\n",
    "r": "  NULL\n}\n",
    "bash": ":\n}\n",
}
"""where an answer is begun already, the shortest end of it"""


class Tried(msgspec.Struct, frozen=True):
    """One piece of code that a task was tried with."""

    what: str
    """reference, empty, or what is wrong with a mutant"""
    should_pass: bool
    graded: Graded
    fault: str = ""
    """what it shows to be wrong with the tests, whatever the answer"""

    @property
    def is_proved(self) -> bool:
        """It ended as it should."""
        if self.fault or self.graded.grade is Grade.INFRASTRUCTURE:
            return False
        return self.graded.is_right == self.should_pass


class Proof(msgspec.Struct, frozen=True):
    """What came of trying a task."""

    task: str
    tried: tuple[Tried, ...]

    @property
    def wrong(self) -> tuple[Tried, ...]:
        return tuple(it for it in self.tried if not it.is_proved)

    @property
    def is_unproved(self) -> bool:
        """Ours: something could not be judged."""
        return any(it.graded.grade is Grade.INFRASTRUCTURE for it in self.tried)


def trials(task: Task) -> Iterator[tuple[str, str, bool]]:
    """What a task is tried with: what it is, its code, and whether it should pass."""
    if task.reference:
        yield REFERENCE, task.reference, True
    yield EMPTINESS, empty(task), False
    for mutant in task.mutants:
        yield mutant.why, mutant.code, False


def empty(task: Task) -> str:
    """An answer that does nothing; it has the names that tests ask for, where they say so."""
    if task.lead:
        return ENDS[task.language]
    if not task.names or task.language not in HOLLOW:
        return EMPTY[task.language]
    return "".join(HOLLOW[task.language].format(name=it) for it in task.names)


async def prove(task: Task, judge: Judge, *, wholly: bool = True) -> Proof:
    """Try a task with what is known of it; `wholly`: with its mutants too."""
    tried: list[Tried] = []
    for what, code, should_pass in trials(task):
        if wholly or what in FIRST:
            graded = await judge(task, code)
            fault = at_fault(task, graded) if what == EMPTINESS else ""
            tried.append(Tried(what, should_pass, graded, fault))
    return Proof(task.id, tuple(tried))


def rejected(proof: Proof) -> Rejected | None:
    """Why nobody should be asked a task; None: it holds, or nothing is known against it."""
    bad = next((it for it in proof.wrong if it.graded.grade is not Grade.INFRASTRUCTURE), None)
    if bad is None:
        return None
    if bad.should_pass:
        why = f"its reference is graded {bad.graded.grade.value}: {bad.graded.why}"
        return Rejected(proof.task, why, "mend the reference, or the tests")
    if bad.fault:
        return Rejected(proof.task, bad.fault, "mend the tests")
    what = "an answer that does nothing" if bad.what == EMPTINESS else f"a mutant: {bad.what}"
    return Rejected(
        proof.task, f"its tests pass {what}", "let them check what an answer has to give"
    )


def unproved(proof: Proof) -> Rejected | None:
    """Why it could not be tried here, and what would help; None: it was."""
    ours = (it.graded.why for it in proof.tried if it.graded.grade is Grade.INFRASTRUCTURE)
    why = next(ours, None)
    if why is None:
        return None
    later = why.startswith(BUSY)
    remedy = "the same command again, when less runs beside it" if later else "headgate doctor"
    return Rejected(proof.task, f"it could not be judged here: {why}", remedy)
