"""Tiers: what each is said not to cover."""

from __future__ import annotations

import os

import pytest

from headgate.sandbox import tiers
from headgate.sandbox.model import TIERS, Isolation, Limits, Runtime, Tier
from headgate.sandbox.worker import landlock


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_tells_its_gaps(tier: Tier) -> None:
    found = tiers.isolation(tier, None)
    assert found.tier == tier
    assert found.gaps
    assert found.seccomp == (tier != "none")
    assert found.cgroup == 0


def test_without_control_groups_memory_is_said_to_be_counted_only() -> None:
    assert tiers.WATCHED_GAP in tiers.isolation("namespaces", None).gaps


def test_landlock_is_told_by_its_version() -> None:
    assert tiers.isolation("landlock", None).landlock == landlock.best()


def test_sharing_a_user_with_headgate_is_a_gap_of_its_own() -> None:
    gaps = tiers.isolation("landlock", None).gaps
    assert set(tiers.SAME_USER_GAPS).isdisjoint(gaps) == (os.geteuid() == 0)


@pytest.mark.slow
async def test_a_worker_of_folders_is_started_for_what_has_no_namespaces() -> None:
    runtime = Runtime("bash", "5", "program", program="/bin/bash")
    worker = await tiers.start_worker(runtime, Isolation("none"))
    try:
        assert worker.alive
        lasting = await worker.prepare(Limits(), session=True)
        assert lasting.alive
        lasting.kill()
    finally:
        await worker.close()
