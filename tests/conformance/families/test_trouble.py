"""Trouble passes a pipe unchanged: errors keep their words, but not whose fault they are."""

from __future__ import annotations

import pytest

from headgate.conformance.families import trouble
from tests.conformance.plays import names, through_a_pipe, through_nothing

FAILS = {
    "a bad key of the house is not shown as the client's",
    "a broken answer never looks whole: a cut",
    "a client that leaves ends the vendor's work, and its bill",
    "half a tool call never looks whole",
}
"""what even a client of the vendor's own dialect misses behind a pipe"""
HOLDS = {
    "a broken answer never looks whole: a cut",
    "a broken answer never looks whole: a reset",
    "a broken answer never looks whole: an error amid it",
    "a conversation that is too long is told in the client's words",
    "a rate limit says when to come again",
    "an overload is told as one that passes",
    "half a tool call never looks whole",
    "the vendor's own words on a mistake arrive",
}
"""what both dialects happen to say in the same words"""


@pytest.mark.slow
async def test_a_pipe_is_told_from_a_gateway() -> None:
    played = await through_a_pipe("trouble")
    assert names(played, "fails", native=True) == FAILS
    assert names(played, "holds", native=False) == HOLDS


@pytest.mark.slow
async def test_a_gateway_that_does_nothing_keeps_no_promise() -> None:
    played = await through_nothing("trouble")
    held = names(played, "holds", native=True) | names(played, "holds", native=False)
    assert held == set()


def test_every_promise_has_a_name_and_a_judge_of_its_own() -> None:
    cases = list(trouble.cases())
    assert trouble.TITLE
    for case in cases:
        assert case.name == case.name.strip(".")
        assert callable(case.judge)
    assert len(cases) >= 15
