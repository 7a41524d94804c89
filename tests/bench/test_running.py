"""A run asks everything once, goes on where it ended, and stays below its cap."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.bench.ask import Answer, Question
from headgate.bench.grade import Grade, Graded
from headgate.bench.journal import Before, Begun, Head, Journal, Paid
from headgate.bench.reckoning import reckoned
from headgate.bench.running import CUT, Halted, Means, Outcome, Plan, Seen, run, to_tell
from headgate.bench.sample import Sample
from headgate.bench.task import Task
from headgate.sandbox.model import Unavailable
from tests.bench.samples import RIGHT, WRONG, arm, doubling

TASKS = [doubling(f"t{n}") for n in range(10)]
ARMS = [arm("one"), arm("two")]
HEAD = Head("run", "d", (), 5, 0)


def dice(question: Question) -> random.Random:
    return random.Random(f"{question.arm.name}/{question.task}/{question.sample}")  # noqa: S311


class Model:
    """Answers as the question's own dice say, and counts what it is asked."""

    def __init__(self, on_call: Callable[[int], None] = lambda n: None) -> None:
        self.calls = 0
        self.cost = 0
        self._on_call = on_call

    async def ask(self, question: Question) -> Answer:
        await asyncio.sleep(0)
        self.calls += 1
        self._on_call(self.calls)
        it = dice(question)
        code = RIGHT if it.random() < 0.6 else WRONG
        cost = it.randrange(50, 100)
        self.cost += cost
        return Answer(
            text=f"```python\n{code}```",
            took_us=it.randrange(10_000, 20_000),
            ttft_us=5_000,
            output_tokens=it.randrange(100),
            cost_nusd=cost,
        )


async def judge(task: Task, code: str) -> Graded:
    await asyncio.sleep(0)
    return Graded(grade=Grade.PASS if code == RIGHT else Grade.WRONG)


async def keep(sample: Sample) -> None:
    pass


async def no_wait(seconds: float) -> None:
    pass


def seen(it: Seen) -> None:
    pass


def means(model: Model, **changes: object) -> Means:
    return Means(model.ask, judge, lambda q: 100, keep, seen, no_wait)._replace(**changes)  # type: ignore[arg-type]


NOTHING = Before(HEAD, {}, 0)
PLAN = Plan("run", TASKS, ARMS, 5)


async def test_everything_is_asked_once_and_told_in_order() -> None:
    model = Model()
    outcome = await run(PLAN, means(model), NOTHING)
    assert model.calls == len(outcome.samples) == 100
    assert len({it.place for it in outcome.samples}) == 100
    assert [it.sample for it in outcome.samples] == sorted(it.sample for it in outcome.samples)


class Killed(BaseException):
    pass


@pytest.mark.slow
async def test_a_thousand_samples_killed_three_times_are_those_of_a_run_in_peace(
    tmp_path: Path,
) -> None:
    plan = Plan("run", [doubling(f"t{n}") for n in range(100)], ARMS, 5)
    whole = await run(plan, means(Model()), NOTHING)
    lot = random.Random(8)  # noqa: S311
    asked = 0
    outcome = Outcome((), is_capped=False)
    for death in (*(lot.randrange(50, 300) for _ in range(3)), 10_000):

        def die(n: int, death: int = death) -> None:
            if n == death:
                raise Killed

        journal = Journal(tmp_path / "j")
        before = await asyncio.to_thread(journal.open, HEAD)
        model = Model(die)

        async def keep_it(sample: Sample, journal: Journal = journal) -> None:
            await asyncio.to_thread(journal.keep, sample)

        with contextlib.suppress(BaseExceptionGroup):
            outcome = await run(plan, means(model, keep=keep_it), before)
        await asyncio.to_thread(journal.close)
        asked += model.calls
    assert outcome.samples == whole.samples
    assert asked <= 1000 + 3 * plan.at_once


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 6_000), st.integers(1, 16), st.integers(0, 3_000))
def test_a_cap_is_never_passed(cap: int, at_once: int, spent: int) -> None:
    model = Model()
    plan = PLAN._replace(cap_nusd=cap + 1, at_once=at_once)
    outcome = asyncio.run(run(plan, means(model), NOTHING._replace(spent_nusd=spent)))
    assert model.cost + spent <= cap + 1 or not model.calls
    assert outcome.is_capped == (len(outcome.samples) < 100)
    if outcome.is_capped:
        assert cap + 1 - spent - model.cost < 100  # there was no room for one more


class Provider(Model):
    """Bills a call when it begins, whatever becomes of who asked."""

    def __init__(self, deaths: set[int]) -> None:
        super().__init__(self._die)
        self._deaths = deaths

    def _die(self, n: int) -> None:
        if n in self._deaths:
            raise Killed

    async def ask(self, question: Question) -> Answer:
        cost = dice(question).randrange(50, 100)
        self.cost += cost
        for _ in range(dice(question).randrange(4)):
            await asyncio.sleep(0)
        answer = await super().ask(question)
        self.cost -= cost  # it has been counted there
        lost = dice(question).random() < 0.1
        return (
            msgspec.structs.replace(answer, cost_nusd=0, may_cost_more=True) if lost else answer
        )


@settings(max_examples=25, deadline=None)
@given(st.integers(500, 6_000), st.integers(1, 16), st.sets(st.integers(1, 9), max_size=3))
def test_a_cap_is_never_passed_whenever_the_process_is_killed(
    cap: int, at_once: int, deaths: set[int]
) -> None:
    """Of what was in flight nobody hears, and the provider is paid for it all the same."""
    plan = PLAN._replace(cap_nusd=cap + 1, at_once=at_once)
    provider, number = Provider(deaths), itertools.count()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(len(deaths) + 1):
            journal = Journal(Path(folder) / "j")

            async def keep_it(sample: Sample, journal: Journal = journal) -> None:
                await asyncio.to_thread(journal.keep, sample)

            async def note(said: Begun | Paid, journal: Journal = journal) -> None:
                await asyncio.to_thread(journal.note, said)

            before = reckoned(journal.open(HEAD), {})
            told = means(
                provider, keep=keep_it, note=note, new_id=lambda: f"call{next(number)}"
            )
            try:
                asyncio.run(run(plan, told, before))
            except* Killed:
                pass
            journal.close()
    assert provider.cost <= cap + 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 6_000), st.integers(1, 16))
def test_a_cap_holds_where_calls_fail_and_are_charged_all_the_same(
    cap: int, at_once: int
) -> None:
    model = Model()

    async def half_heard(question: Question) -> Answer:
        answer = await model.ask(question)
        return Answer(fault="reset: half of it came", cost_nusd=answer.cost_nusd)

    plan = PLAN._replace(cap_nusd=cap + 1, at_once=at_once, samples_each=1)
    asyncio.run(run(plan, means(model, ask=half_heard), NOTHING))
    assert model.cost <= cap + 1 or not model.calls


async def test_a_full_disk_ends_the_run_in_words() -> None:
    async def full(sample: Sample) -> None:
        raise OSError(28, "no space left")

    with pytest.raises(OSError, match="no space left"):
        await run(PLAN, means(Model(), keep=full), NOTHING)


def test_of_several_ends_one_is_told_and_what_nobody_words_stays_whole() -> None:
    full, lost = OSError(28, "full"), Unavailable("no node is left", "start one")
    several = BaseExceptionGroup("", [ExceptionGroup("", [full]), lost])
    assert to_tell(several, OSError, Unavailable) is full
    assert to_tell(several, Unavailable) is several
    beside = BaseExceptionGroup("", [full, KeyboardInterrupt()])
    assert to_tell(beside, OSError) is beside


async def test_what_failed_for_a_provider_is_asked_again_then_told_as_no_observation() -> None:
    calls: list[Question] = []

    async def down(question: Question) -> Answer:
        calls.append(question)
        return Answer(fault="busy: overloaded", cost_nusd=1)

    outcome = await run(
        PLAN._replace(tasks=TASKS[:1], arms=ARMS[:1], samples_each=1),
        means(Model(), ask=down),
        NOTHING,
    )
    (sample,) = outcome.samples
    assert len(calls) == 3
    assert (sample.verdict, sample.cost_nusd) == (Grade.INFRASTRUCTURE, 3)
    assert "overloaded" in sample.error
    assert not sample.is_counted


async def test_no_observation_is_asked_for_again_when_a_run_goes_on() -> None:
    ours = Sample(arm="one", task="t0", sample=0, error="busy")
    model = Model()
    before = Before(HEAD, {ours.place: ours}, 0)
    outcome = await run(PLAN._replace(samples_each=1), means(model), before)
    assert model.calls == 20
    assert all(it.is_counted for it in outcome.samples)


async def test_a_key_that_is_refused_ends_the_run_with_what_to_mend() -> None:
    async def refused(question: Question) -> Answer:
        return Answer(fault="auth: no such key", is_final=True)

    with pytest.raises(Halted, match="no such key"):
        await run(PLAN, means(Model(), ask=refused), NOTHING)


async def test_what_others_are_being_told_meanwhile_is_heard_out_and_kept() -> None:
    model, kept, refused = Model(), list[Sample](), asyncio.Event()

    async def ask(question: Question) -> Answer:
        if question.task == "t3":
            refused.set()
            return Answer(fault="429: the daily budget", is_final=True)
        await refused.wait()
        return await model.ask(question)

    async def keep_it(sample: Sample) -> None:
        kept.append(sample)

    with pytest.raises(Halted, match="the daily budget"):
        await run(PLAN, means(Model(), ask=ask, keep=keep_it), NOTHING)
    assert len(kept) == model.calls == PLAN.at_once - 2  # one for each arm was refused


async def test_an_answer_from_a_cache_is_no_sample() -> None:
    async def cached(question: Question) -> Answer:
        return Answer(text=RIGHT, answered_from="hit")

    outcome = await run(PLAN._replace(samples_each=1), means(Model(), ask=cached), NOTHING)
    assert not any(it.is_counted for it in outcome.samples)


async def test_a_model_that_declines_is_counted_as_having_declined() -> None:
    async def declines(question: Question) -> Answer:
        return Answer(text="I would rather not.", declined=True)

    outcome = await run(PLAN._replace(samples_each=1), means(Model(), ask=declines), NOTHING)
    assert {it.verdict for it in outcome.samples} == {Grade.REFUSED}


async def test_an_answer_that_was_cut_off_is_noted_as_such() -> None:
    async def cut(question: Question) -> Answer:
        return Answer(text=RIGHT, is_cut=True)

    outcome = await run(PLAN._replace(samples_each=1), means(Model(), ask=cut), NOTHING)
    assert all(CUT in it.notes for it in outcome.samples)
