"""What vendors' interpreters take and cost, as the data says."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.providers import read_all
from headgate.sandbox.hosted.vendor import vendors
from headgate.sandbox.model import File, Job, Limits
from headgate.wire import SURFACES


@pytest.mark.parametrize("kind", list(vendors()))
def test_every_vendor_is_a_provider_we_know_and_says_where_it_was_read(kind: str) -> None:
    vendor = vendors()[kind]
    assert kind in read_all()
    assert vendor.surface in SURFACES
    assert vendor.checked >= date(2026, 1, 1)
    assert vendor.source
    assert "python" in vendor.languages
    sizes = [size.memory_mb for size in vendor.sizes]
    assert sizes == sorted(sizes)


def test_openais_smallest_session_costs_three_cents_for_twenty_minutes() -> None:
    size = vendors()["openai"].sizes[0]
    assert size.cost_nusd(1200, 300) == 30_000_000
    assert size.cost_nusd(1, 300) == 7_500_000, "five minutes are billed at least"


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_time_never_costs_less(one: float, other: float) -> None:
    size = vendors()["anthropic"].sizes[0]
    less, more = sorted((one, other))
    assert size.cost_nusd(less, 300) <= size.cost_nusd(more, 300)


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (Job("go", ""), "not go"),
        (Job("python", "", limits=Limits(memory_mb=100_000)), "65536 MB at most"),
        (Job("python", "", limits=Limits(wall_s=3000)), "600 s at most"),
        (Job("python", ""), ""),
    ],
)
def test_a_vendor_says_what_it_lacks(job: Job, said: str) -> None:
    found = vendors()["openai"].lacks(job)
    assert said in found if said else not found


def test_the_size_that_holds_a_job_is_the_smallest() -> None:
    vendor = vendors()["openai"]
    found = [vendor.size(mb) for mb in (1, 1024, 1025, 65_536, 65_537)]
    assert [it and it.name for it in found] == ["1g", "1g", "4g", "64g", None]


def test_files_beyond_a_vendors_bound_are_counted() -> None:
    large = Job("python", "", files=(File("a", bytes(1 << 20)),))
    assert not vendors()["openai"].lacks(large)
