"""Where marks go: they pay, they lose next to nothing, and they keep the vendor's rules."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policy.cacheprice import TTL_S, Ttl, Worth
from headgate.policy.promptcache import UNREAD, Asked, Plan, Planner
from headgate.policy.recurrence import Slot
from headgate.policy.stake import bound
from headgate.wire.model import Usage

WORTH = Worth(1.25, 2.0, 0.1)
TOKENS = 10_000
HOUR = 3600.0


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a trace, not a secret


def asked(*slots: Slot, minimum: int = 1024, worth: Worth = WORTH) -> Asked:
    return Asked(("k", "m"), slots, slots[-1].tokens, worth, minimum)


def system(prefix: bytes = b"s", tokens: int = TOKENS) -> Slot:
    return Slot("system", prefix, tokens)


# ---- what arrival rates cost


def poisson(per_hour: float) -> Callable[[random.Random, int], Iterator[float]]:
    def arrive(dice: random.Random, count: int) -> Iterator[float]:
        now = 0.0
        for _ in range(count):
            now += dice.expovariate(per_hour / HOUR)
            yield now

    return arrive


def sessions(dice: random.Random, count: int) -> Iterator[float]:
    """Forty turns of twenty seconds, then a pause of two hours."""
    now = 0.0
    for n in range(count):
        now += 20 if n % 40 else 2 * HOUR
        yield now


RATES = {
    "0.7/min": poisson(42),
    "9/h": poisson(9),
    "3/h": poisson(3),
    "1.2/h": poisson(1.2),
    "0.4/h": poisson(0.4),
    "agents": sessions,
}


class Bill(NamedTuple):
    """In units of what the prefix costs uncached."""

    cost: float
    worst: float
    """by how much it ever exceeded what no caching would have cost"""


def bill(times: Sequence[float], worth: Worth) -> Bill:
    planner, cost, worst = Planner(), 0.0, 0.0
    for n, now in enumerate(times, 1):
        cost += 1 - planner.plan(asked(system(), worth=worth), now).saved_tokens / TOKENS
        worst = max(worst, cost - n)
    return Bill(cost, worst)


def static(times: Sequence[float], worth: Worth, ttl: Ttl) -> float:
    cost, until = 0.0, -1.0
    for now in times:
        cost += worth.read if now < until else worth.write(ttl)
        until = now + TTL_S[ttl]
    return cost


def judge(name: str, count: int, seed: int, worth: Worth) -> None:
    times = list(RATES[name](seeded(seed), count))
    got = bill(times, worth)
    best = min(float(count), static(times, worth, "5m"), static(times, worth, "1h"))
    one_write = worth.write_1h
    assert got.cost <= count + one_write, (name, seed, got)
    assert got.cost <= 1.05 * best + one_write, (name, seed, got.cost / best)
    assert got.worst <= bound(count), (name, seed, got)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", RATES)
def test_at_every_rate_it_costs_about_what_the_best_fixed_choice_costs(
    name: str, seed: int
) -> None:
    judge(name, 1_500, seed, WORTH)


@pytest.mark.slow
@pytest.mark.parametrize("read", [0.1, 0.05, 0.025])
@pytest.mark.parametrize("name", RATES)
def test_over_twenty_thousand_calls_it_stays_within_a_twentieth_of_the_best(
    name: str, read: float
) -> None:
    worth = Worth(1.25, 2.0, read)
    for seed in range(4):
        times = list(RATES[name](seeded(seed), 20_000))
        got = bill(times, worth)
        best = min(20_000.0, static(times, worth, "5m"), static(times, worth, "1h"))
        assert got.cost <= 20_000 + worth.write_1h, (seed, got)
        assert got.cost <= 1.05 * best, (seed, got.cost / best)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([1.0, 290.0, 310.0, 3590.0, 3700.0]), max_size=300))
def test_whatever_the_gaps_the_loss_is_no_more_than_the_bound(gaps: list[float]) -> None:
    now, times = 0.0, []
    for gap in gaps:
        now += gap
        times.append(now)
    assert bill(times, WORTH).worst <= bound(len(times))


def test_one_who_knows_the_rules_and_wants_it_to_lose_gains_next_to_nothing() -> None:
    planner, now, cost, worst = Planner(), 0.0, 0.0, 0.0
    life: Ttl | None = None
    for n in range(1, 8_001):
        now += 3_700.0 if life == "1h" else 400.0 if life == "5m" else 30.0
        plan = planner.plan(asked(system()), now)
        life = plan.marks[0].ttl if plan.marks else None
        cost += 1 - plan.saved_tokens / TOKENS
        worst = max(worst, cost - n)
    assert worst <= bound(8_000) < 22


# ---- prompts that change


def run(planner: Planner, texts: Sequence[bytes], every_s: float = 10.0) -> list[Plan]:
    return [planner.plan(asked(system(it)), n * every_s) for n, it in enumerate(texts)]


def writes(plans: Sequence[Plan]) -> int:
    return sum(step.act == "write" for plan in plans for step in plan.steps)


def test_a_timestamp_in_the_system_prompt_costs_one_write() -> None:
    plans = run(Planner(), [b"at %d" % n for n in range(500)])
    assert writes(plans) == 1
    assert [it for plan in plans for it in plan.withdrawn] == [("system", "new")]


def test_a_timestamp_that_comes_later_is_noticed_after_a_few() -> None:
    texts = [b"stable"] * 200 + [b"at %d" % n for n in range(500)]
    assert writes(run(Planner(), texts)) <= 1 + UNREAD + 2


@pytest.mark.parametrize("seed", range(4))
def test_an_experiment_with_a_thousand_prompts_costs_one_write(seed: int) -> None:
    dice = seeded(seed)
    times = list(poisson(120)(dice, 400))
    planner = Planner()
    plans = [planner.plan(asked(system(b"%d" % dice.randrange(1_000))), now) for now in times]
    assert writes(plans) == 1, "what comes again at all comes again soon: that proves nothing"


def test_who_writes_what_another_key_reads_first_goes_on_writing_it() -> None:
    planner, marked = Planner(), 0
    for n in range(40):
        at, slot = 60.0 * n, system(b"v%d" % n)
        writer = Asked(("writer", "m"), (slot,), TOKENS, WORTH)
        marked += bool(planner.plan(writer, at).marks)
        planner.plan(writer._replace(family=("reader", "m")), at + 10)
        planner.plan(writer, at + 20)
    assert marked == 40


def test_an_experiment_with_two_prompts_is_cached() -> None:
    dice = seeded(1)
    plans = run(Planner(), [dice.choice([b"a", b"b"]) for _ in range(300)])
    reads = sum(step.act == "read" for plan in plans for step in plan.steps)
    assert reads >= 295
    assert writes(plans) == 2


def test_a_new_edition_of_a_prompt_is_cached_at_once() -> None:
    plans = run(Planner(), [b"v%d" % (n // 50) for n in range(500)])
    assert writes(plans) == 10
    assert all(plan.marks for plan in plans)


def test_a_prompt_that_is_asked_too_rarely_is_withdrawn_with_the_reason() -> None:
    planner = Planner()
    times = [10.0 * n for n in range(30)] + [400.0 + 7200.0 * n for n in range(200)]
    plans = [planner.plan(asked(system()), now) for now in times]
    assert [it for plan in plans for it in plan.withdrawn] == [("system", "seldom")]
    assert not any(plan.marks for plan in plans[-20:])


# ---- conversations


def turn(n: int, *, pause: bytes = b"", talk: bytes = b"t", tools: bool = True) -> Asked:
    """The n-th turn of an agent's conversation: 20,000 tokens before it, 500 in each."""
    start = 20_000
    before = b"%s%s%d" % (talk, pause, n - 1) if n else b""
    return asked(
        Slot("tools", b"tools", 8_000),
        Slot("system", b"system", start),
        Slot(
            "turns", b"%s%s%d" % (talk, pause, n), start + 500 * (n + 1), before,
            start + 500 * n if n else 0, tools,
        ),
    )  # fmt: skip


def test_an_agents_conversation_is_read_whole_from_its_second_turn_on() -> None:
    planner = Planner()
    plans = [planner.plan(turn(n), 20.0 * n) for n in range(50)]
    paid = sum(plan.asked.tokens - plan.saved_tokens for plan in plans)
    assert paid / sum(plan.asked.tokens for plan in plans) < 0.15
    assert [(m.slot, m.is_before) for m in plans[5].marks] == [
        ("tools", False),
        ("system", False),
        ("turns", True),
        ("turns", False),
    ]


def test_questions_that_nobody_follows_up_are_not_written_again_and_again() -> None:
    planner = Planner()
    plans = [planner.plan(turn(0, talk=b"%d." % n), 20.0 * n) for n in range(200)]
    turns = [step for plan in plans for step in plan.steps if step.slot == "turns"]
    assert len(turns) == 1
    assert str(plans[-1]) in ("tools:5m system:5m", "tools:1h system:1h")


def test_a_first_question_without_tools_risks_nothing() -> None:
    plan = Planner().plan(turn(0, tools=False), 0)
    assert str(plan) == "tools:5m system:5m"


def test_conversations_whose_users_think_for_long_are_kept_for_an_hour() -> None:
    planner, now, plans = Planner(), 0.0, []
    for talk in range(12):
        for n in range(8):
            now += 900.0
            plans.append(planner.plan(turn(n, talk=b"%d." % talk), now))
    assert str(plans[-1]) == "tools:1h system:1h turns:1h"


def test_what_is_being_written_is_not_written_twice() -> None:
    planner, begun = Planner(), False
    first = planner.plan(turn(0), 0, lambda now: begun)
    assert str(first) == "tools:5m system:5m turns:5m"
    second = planner.plan(turn(0, talk=b"u"), 1)
    assert str(second) == "none"
    assert second.waits
    assert not first.waits
    begun = True
    assert str(planner.plan(turn(0, talk=b"v"), 2)).startswith("tools:5m system:5m")


@pytest.mark.parametrize("real", [True, False])
def test_calls_that_come_together_and_seldom_write_next_to_nothing(real: bool) -> None:
    planner, cost = Planner(), 0.0
    for n in range(150):
        for at in (4_000.0 * n, 4_000.0 * n + 0.02):
            plan = planner.plan(asked(system()), at, (at + 2.0).__le__, real=real)
            cost -= plan.saved_tokens / TOKENS
    assert cost <= WORTH.premium("1h"), "the second call of each pair could read nothing"


def test_a_call_that_is_over_is_asked_nothing_any_more() -> None:
    planner = Planner()
    plan = planner.plan(asked(system()), 0, lambda now: False)
    planner.drop(plan)
    prefix = planner.known.of(b"s")
    assert prefix is not None
    assert prefix.flight is None
    assert not plan.noted


# ---- what the vendor says


def test_a_read_that_did_not_happen_counts_as_a_miss() -> None:
    planner, marked = Planner(), 0
    for n in range(60):
        plan = planner.plan(asked(system()), n * 10.0)
        wrote = TOKENS if plan.marks else 0
        marked += bool(plan.marks)
        planner.learn(plan, Usage(TOKENS - wrote, 0, wrote))
    assert marked <= 4, "somebody else's cache is read: each of our marks writes again"


def test_what_the_vendor_finds_too_short_is_not_marked_again() -> None:
    planner = Planner()
    plan = planner.plan(asked(system()), 0)
    planner.learn(plan, Usage(TOKENS))
    assert planner.plan(asked(system()), 10).marks == []
    assert plan.steps[0].family.stakes[1].credit == 0


def test_a_call_that_failed_wrote_nothing_and_costs_no_credit() -> None:
    planner = Planner()
    planner.drop(planner.plan(asked(system()), 0, lambda now: False))
    again = planner.plan(asked(system()), 5)
    assert [step.act for step in again.steps] == ["write"]


def test_what_another_process_wrote_is_a_read() -> None:
    planner = Planner()
    plan = planner.plan(asked(system()), 0)
    planner.learn(plan, Usage(10, TOKENS - 10))
    assert plan.steps[0].family.stakes[1].credit == pytest.approx(0.9 * TOKENS)


def test_the_part_that_was_read_is_told_from_the_part_that_was_written() -> None:
    planner = Planner()
    plan = planner.plan(turn(0), 0)
    planner.learn(plan, Usage(0, 7_000, 11_000))  # 18,000 where 20,500 were estimated
    later = planner.plan(turn(0, talk=b"u"), 20)
    assert [step.act for step in later.steps][:2] == ["read", "read"]
    assert plan.steps[0].family.stakes[1].credit > 0
    assert plan.steps[2].family.stakes[1].credit < 0


def test_advice_is_counted_apart_from_what_is_done() -> None:
    planner = Planner()
    for n in range(10):
        planner.plan(asked(system()), n * 10.0, real=False)
    plan = planner.plan(asked(system()), 100.0)
    assert [step.act for step in plan.steps] == ["write"], "nobody has written it yet"
    assert planner.plan(asked(system()), 110.0).saved_tokens == pytest.approx(0.9 * TOKENS)


# ---- the vendor's rules

SIZES = st.integers(0, 30_000)


@st.composite
def calls(draw: st.DrawFn) -> list[tuple[Asked, float]]:
    found, now = [], 0.0
    for _ in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from([0.1, 20.0, 250.0, 400.0, 3000.0, 5000.0]))
        ends = sorted(draw(st.lists(SIZES, min_size=4, max_size=4)))
        names = [draw(st.sampled_from([b"a", b"b", b"c"])) for _ in range(4)]
        slots = (
            Slot("tools", b"tools" + names[0], ends[0]),
            Slot("system", b"system" + names[1], ends[1]),
            Slot("turns", b"turns" + names[3], ends[3], b"turns" + names[2], ends[2]),
        )
        found.append((asked(*slots, minimum=4096), now))
    return found


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(calls(), st.randoms(use_true_random=False))
def test_marks_keep_the_vendors_rules_whatever_comes(
    given_calls: list[tuple[Asked, float]], dice: random.Random
) -> None:
    planner = Planner()
    for it, now in given_calls:
        plan = planner.plan(it, now)
        marks = plan.marks
        assert len(marks) <= 4
        lives = [mark.ttl for mark in marks]
        assert lives == sorted(lives), "an hour stands before five minutes"
        assert all(step.upto >= it.minimum for step in plan.steps)
        ends = [step.upto for step in plan.steps]
        assert ends == sorted(ends)
        total = it.tokens
        read = dice.randint(0, total)
        planner.learn(plan, Usage(0, read, total - read) if total else Usage())


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 120), st.sampled_from([310.0, 900.0, 4000.0, 90_000.0]))
def test_nothing_is_marked_that_is_expected_to_lose(count: int, gap: float) -> None:
    planner = Planner()
    plans = [planner.plan(asked(system()), n * gap) for n in range(count)]
    lives = {mark.ttl for plan in plans[8:] for mark in plan.marks}
    assert lives == ({"1h"} if gap < HOUR else set())


def test_it_remembers_a_bounded_number_of_prefixes() -> None:
    planner = Planner(100)
    run(planner, [b"%d" % n for n in range(1000)])
    assert len(planner.known) == 100


def test_agents_that_begin_one_after_the_other_are_kept_for_five_minutes() -> None:
    """An hour looks no better proven than five minutes while neither can be judged yet."""
    planner, lives = Planner(), set[Ttl]()
    for second in range(0, 400, 10):
        for agent in range(20):
            turn, rest = divmod(second - 10 * agent, 20)
            if turn < 0 or rest or turn > 9:
                continue
            before = f"{agent} {turn - 1}".encode() if turn else b""
            turns = Slot("turns", f"{agent} {turn}".encode(), TOKENS + turn, before, TOKENS)
            plan = planner.plan(asked(turns), float(second))
            lives |= {mark.ttl for mark in plan.marks}
    assert lives == {"5m"}
