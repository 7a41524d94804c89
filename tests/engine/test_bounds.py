"""The bounds within which limits and soft budgets are held by several processes together."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.engine.purse import Need, Wish
from tests.engine.desk import Desk, of_key
from tests.engine.test_till import CAP, Play
from tests.engine.vault import Vault


def beyond(times: Sequence[float], rate: float) -> float:
    """By how many the calls of any span of time are more than its length allows."""
    most, first = 0.0, float("inf")
    for n, at in enumerate(times):
        first = min(first, n - rate * at)
        most = max(most, n + 1 - rate * at - first)
    return most


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
async def test_no_span_of_time_admits_more_than_a_burst_its_length_and_a_second_of_each_process(
    seed: int, count: int
) -> None:
    """Processes that were busy in bursts keep little at hand when all want everything."""
    dice, vault, times = random.Random(seed), Vault(), []  # noqa: S311 - a test's own dice
    desks = [Desk(vault, n + 1, of_key(requests=600, burst=20)) for n in range(count)]
    purses, lines = [desk.purse() for desk in desks], [0] * count
    while vault.now < 60:
        vault.now += 0.02
        for n, (desk, purse) in enumerate(zip(desks, purses, strict=True)):
            if int(vault.now / 15) % 2:
                lines[n] = 5
            elif dice.random() < 0.02 * 10 / 16 / count:
                lines[n] += 8
            while lines[n] and (hold := desk.till.take(Wish(purse, Need(), "k_1"))):
                lines[n] -= 1
                times.append(vault.now)
                desk.settle(hold, 0)
            ((tap, _),) = purse.taps
            tap.wanted, tap.smallest = lines[n], min(lines[n], 1)
            if dice.random() < 0.2:
                desk.exchange()
    assert beyond(times, 10) <= 20 + count * 10 + 1 + count  # of whole calls
    assert len(times) > 300


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
async def test_a_soft_budget_is_passed_by_no_more_than_what_running_calls_cost_beyond_estimates(
    seed: int, count: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's own dice
    play = Play(dice, count, "soft")
    late = [0] * count
    for _ in range(200):
        at = dice.randrange(count)
        desk = play.desks[at]
        (step,) = dice.choices((play.ask, play.end, play.exchange), (50, 30, 20))
        running = len(desk.holds)
        if step is not play.end:
            step(at)
            late[at] = 0 if len(desk.holds) > running else late[at]
        elif desk.holds:
            hold = desk.holds.pop(dice.randrange(running))
            cost = dice.randrange(4 * hold.need.probable_nusd)
            late[at] += max(cost - hold.need.probable_nusd, 0)
            play.total += cost
            desk.settle(hold, cost)
        assert play.total <= CAP + sum(late)
