"""Where a job is run: by language, time, memory and cost."""

from __future__ import annotations

import pytest

from headgate.sandbox.hosted.choice import Place, local, order, why
from headgate.sandbox.model import Job, Limits, Refused
from headgate.sandbox.settings import Settings

HERE = Place("local", "", 0)
THERE = Place("openai:m", "", 9_000_000)
DEAR = Place("anthropic:m", "", 20_000_000)
NOT = Place("x:m", "it runs python, not go", 0)


def test_the_cheapest_that_can_comes_first() -> None:
    assert order([NOT, DEAR, THERE, HERE]) == [HERE, THERE, DEAR]
    same = [Place("a:b", "", 0), HERE]
    assert order(same)[0] is HERE, "what is ours before what is as cheap"


def test_where_nobody_can_each_says_why() -> None:
    with pytest.raises(Refused, match="x:m: it runs python, not go"):
        order([NOT])


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(wall_s=200), "180 s at most"),
        (Limits(memory_mb=8192), "4096 MB at most"),
        (Limits(), ""),
    ],
)
def test_this_machine_has_bounds_too(limits: Limits, said: str) -> None:
    found = local(Job("python", "", limits=limits), Settings(), "", 0).lacks
    assert said in found if said else not found


def test_seconds_here_may_have_a_price() -> None:
    job = Job("python", "", limits=Limits(wall_s=10))
    assert local(job, Settings(), "", 2_000_000).about_nusd == 20_000_000
    assert local(job, Settings(), "go is not there", 0).lacks == "go is not there"


def test_the_reason_names_what_was_passed_over_and_what_is_dearer() -> None:
    said = why(HERE, [HERE, THERE, NOT], [])
    assert "x:m cannot: it runs python, not go" in said
    assert "it costs about $0.0000, openai:m about $0.0090" in said
    assert why(THERE, [HERE, THERE], ["local did not: busy"]) == "local did not: busy"
