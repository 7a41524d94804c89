"""What a run may ask for ends where the settings say, and the refusal says all of it."""

from __future__ import annotations

import math

import pytest

from headgate.sandbox.model import Limits, Refused
from headgate.sandbox.settings import Settings


def test_the_defaults_of_a_run_are_allowed_by_default() -> None:
    Settings().check(Limits())
    Settings().check(Limits(wall_s=180, memory_mb=4096))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(wall_s=181), "wall_s = 181 is more than the 180 allowed here"),
        (Limits(memory_mb=4097), "memory_mb = 4097 is more than the 4096"),
        (Limits(wall_s=math.inf), "wall_s = inf is more"),
        (Limits(wall_s=math.nan), "wall_s must be more than 0"),
        (Limits(wall_s=0), "wall_s must be more than 0"),
        (Limits(output_bytes=-1), "output_bytes must not be negative"),
        (Limits(open_files=10**9), "open_files"),
    ],
)
def test_more_than_is_allowed_is_refused_by_name(limits: Limits, said: str) -> None:
    with pytest.raises(Refused) as refused:
        Settings().check(limits)
    assert said in refused.value.what
    assert "chunks" in refused.value.remedy
    assert refused.value.kind == "invalid"


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Refused, match=r"wall_s.*memory_mb"):
        Settings().check(Limits(wall_s=999, memory_mb=99_999))


def test_an_operator_may_allow_more() -> None:
    Settings(most_wall_s=600, most_memory_mb=8192).check(Limits(wall_s=600, memory_mb=8192))


def test_one_tenant_has_half_of_the_places_unless_told_otherwise() -> None:
    assert Settings(concurrent=8).at_once_per_tenant == 4
    assert Settings(concurrent=1).at_once_per_tenant == 1
    assert Settings(concurrent=4, concurrent_per_tenant=9).at_once_per_tenant == 4
    assert Settings().at_once >= 2
    assert Settings().room_mb > 0
