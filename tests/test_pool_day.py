"""Simulated: five accounts under Headgate's choice, beside round-robin and one alone."""

from __future__ import annotations

import pytest

from benchmarks import pool_day

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [11, 12])
def test_a_pool_spares_clients_the_429s_of_round_robin_and_keeps_its_caches(seed: int) -> None:
    """An hour of the simulated day; `python -m benchmarks.pool_day` takes all of it."""
    verdict = pool_day.judge(seed, 1)
    assert verdict.robin.limited > 1000
    assert verdict.single.busiest > 0.6
    assert verdict.fewer >= pool_day.FEWER_429S
    assert verdict.cache_gap <= pool_day.CACHE_POINTS
    assert verdict.ours.upstream < verdict.robin.upstream / 100
