"""Runs a benchmark: asks every arm every task, has the answers judged, and stops in time.

Rule 1: arms take turns at every task: an hour in which a provider is slow is everybody's.
Rule 2: before a call is made the most that it can cost is set aside, on disk too: a cap is
never passed, whatever ends the process.
Rule 3: what has been heard is kept before anything else is asked for its sake.
Rule 4: where there is no use in going on, what is being answered is heard out and kept first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from headgate.bench.arm import Arm
from headgate.bench.ask import Answer, Ask, Question
from headgate.bench.extract import code_of
from headgate.bench.grade import Grade, Graded
from headgate.bench.journal import Before, Begun, Paid
from headgate.bench.sample import Place, Sample
from headgate.bench.task import Task
from headgate.sandbox.model import Unavailable

ASKED_AGAIN = 2
"""times, where the provider failed; the engine has tried several times already by then"""
PAUSE_S = 2.0
CUT = "the answer was cut off at max_tokens"


class Halted(Exception):
    """There is no use in going on; what was heard is kept."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


class Seen(NamedTuple):
    """How far it has come."""

    done: int
    of: int
    right: int
    spent_nusd: int


async def _forget(said: Begun | Paid) -> None:
    pass


class Means(NamedTuple):
    """What a run is done with."""

    ask: Ask
    judge: Callable[[Task, str], Awaitable[Graded]]
    most_nusd: Callable[[Question], int]
    """the most that a call can cost"""
    keep: Callable[[Sample], Awaitable[None]]
    seen: Callable[[Seen], None]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    note: Callable[[Begun | Paid], Awaitable[None]] = _forget
    """of a call: before it is made, and what it cost"""
    new_id: Callable[[], str] = str
    """of a call"""


class Plan(NamedTuple):
    """What is to be run."""

    name: str
    tasks: Sequence[Task]
    arms: Sequence[Arm]
    samples_each: int
    cap_nusd: int = 0
    """0: none"""
    at_once: int = 8
    keeps_text: bool = True


class Outcome(NamedTuple):
    """What came of it."""

    samples: tuple[Sample, ...]
    is_capped: bool
    """the cap ended it before everything was asked"""
    lost_nusd: int = 0
    """may have been billed beside what is known, and counts against the cap"""


def places(plan: Plan) -> Iterator[tuple[Place, Arm, Task]]:
    """In which order samples are asked for."""
    for number in range(plan.samples_each):
        for task in plan.tasks:
            for arm in plan.arms:
                yield Place(arm.name, task.id, number), arm, task


class _Purse:
    """Holds the cap: what is spent, what was perhaps billed besides, and what calls in flight
    may still cost stay below it."""

    def __init__(self, cap_nusd: int, spent_nusd: int, lost_nusd: int) -> None:
        self._cap, self.spent, self.lost = cap_nusd, spent_nusd, lost_nusd
        self._reserved = 0
        self._change = asyncio.Condition()

    async def reserve(self, most: int) -> bool:
        """False: it would not fit even if nothing else were in flight."""
        async with self._change:
            while self._cap and self.spent + self.lost + self._reserved + most > self._cap:
                if not self._reserved:
                    return False
                await self._change.wait()
            self._reserved += most
            return True

    async def settle(self, most: int, answer: Answer) -> None:
        async with self._change:
            self._reserved -= most
            self.spent += answer.cost_nusd
            if answer.may_cost_more:
                self.lost += max(0, most - answer.cost_nusd)
            self._change.notify_all()


class _Run:
    def __init__(self, plan: Plan, means: Means, before: Before) -> None:
        self._plan, self._means = plan, means
        self._heard = {at: it for at, it in before.heard.items() if it.is_counted}
        self._purse = _Purse(plan.cap_nusd, before.spent_nusd, before.lost_nusd)
        self._waiting = iter([it for it in places(plan) if it[0] not in self._heard])
        self._of = len(plan.tasks) * len(plan.arms) * plan.samples_each
        self._is_capped = False
        self._halted: Halted | None = None

    async def run(self) -> Outcome:
        self._tell()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._plan.at_once):
                    group.create_task(self._work())
        except BaseExceptionGroup as ended:
            raise to_tell(ended, Unavailable, OSError) from None
        if self._halted is not None:
            raise self._halted
        order = (at for at, _, _ in places(self._plan))
        found = tuple(self._heard[at] for at in order if at in self._heard)
        return Outcome(found, self._is_capped, self._purse.lost)

    async def _work(self) -> None:
        for place, arm, task in self._waiting:
            if self._is_capped or self._halted:
                return
            question = Question(arm, task.id, task.prompt, place.sample, self._plan.name)
            answer = await self._ask(question)
            if answer is None:
                return
            await self._take(place, task, answer)

    async def _ask(self, question: Question) -> Answer | None:
        """None: there is no room for it below the cap, or no use in asking."""
        answer: Answer | None = None
        for number in range(1 + ASKED_AGAIN):
            if number:
                await self._means.sleep(PAUSE_S * number)
            again = await self._ask_once(question)
            if again is None:
                self._is_capped = True
                return answer
            spent = answer.cost_nusd if answer else 0
            answer = msgspec.structs.replace(again, cost_nusd=spent + again.cost_nusd)
            if answer.is_final:
                what = f"{question.arm.name} cannot be asked: {answer.fault}"
                remedy = "mend it and run the same again: what was heard is kept"
                self._halted = Halted(what, remedy)
                return None
            if not answer.fault or self._halted:
                return answer
        return answer

    async def _ask_once(self, question: Question) -> Answer | None:
        means = self._means
        most = means.most_nusd(question)
        if not await self._purse.reserve(most):
            return None
        question = msgspec.structs.replace(question, call=means.new_id())
        answer = Answer()
        try:
            await means.note(Begun(question.call, most))
            answer = await means.ask(question)
            if not answer.may_cost_more:
                await means.note(Paid(question.call, answer.cost_nusd))
        finally:
            await self._purse.settle(most, answer)
        return answer

    async def _take(self, place: Place, task: Task, answer: Answer) -> None:
        found = code_of(answer.text, task)
        if answer.fault:
            graded = Graded(grade=Grade.INFRASTRUCTURE, why=answer.fault)
        elif answer.declined:
            graded = Graded(grade=Grade.REFUSED, why="the model declined")
        elif answer.answered_from:
            why = f"answered from a cache ({answer.answered_from}): no new sample of the model"
            graded = Graded(grade=Grade.INFRASTRUCTURE, why=why)
        else:
            graded = await self._means.judge(task, found.code)
        cut = (CUT,) if answer.is_cut else ()
        sample = _sample(place, answer, graded, (*answer.notes, *cut, *found.notes))
        sample = msgspec.structs.replace(
            sample, code=found.code, text=answer.text if self._plan.keeps_text else ""
        )
        await self._means.keep(sample)
        self._heard[place] = sample
        self._tell()

    def _tell(self) -> None:
        right = sum(it.correct for it in self._heard.values())
        self._means.seen(Seen(len(self._heard), self._of, right, self._purse.spent))


def to_tell(
    several: BaseExceptionGroup[BaseException], *kinds: type[Exception]
) -> BaseException:
    """The first of those that ended it at once, where all are told in words; else all."""
    known, others = several.split(kinds)
    first: BaseException = several if known is None or others is not None else known
    while first is not several and isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


def _sample(place: Place, answer: Answer, graded: Graded, notes: tuple[str, ...]) -> Sample:
    is_ours = graded.grade is Grade.INFRASTRUCTURE
    return Sample(
        **place._asdict(),
        provider=answer.provider,
        model=answer.model,
        correct=graded.is_right,
        verdict=graded.grade,
        why="" if is_ours else graded.why,
        latency_ms=(answer.took_us - answer.waited_us) / 1000,
        ttft_ms=max(0, answer.ttft_us - answer.waited_us) / 1000,
        network_ms=None if answer.network_us is None else answer.network_us / 1000,
        waited_ms=answer.waited_us / 1000,
        judged_ms=graded.ms,
        input_tokens=answer.input_tokens,
        cache_read_tokens=answer.cache_read_tokens,
        cache_write_tokens=answer.cache_write_tokens,
        output_tokens=answer.output_tokens,
        cache_read_nusd=answer.cache_read_nusd,
        cache_write_nusd=answer.cache_write_nusd,
        cost_nusd=answer.cost_nusd,
        is_priced=answer.is_priced,
        answered_from=answer.answered_from,
        is_simulated=answer.is_simulated,
        is_cut=answer.is_cut,
        notes=notes,
        error=graded.why if is_ours else "",
        call=answer.id,
    )


async def run(plan: Plan, means: Means, before: Before) -> Outcome:
    """Ask for what was not heard yet, have it judged, and give all of it.

    Halted: there is no use in going on. What failed for our sake before is asked again.
    """
    return await _Run(plan, means, before).run()
