"""Tools work through a pipe where nothing is translated, and never where it must be."""

from __future__ import annotations

import pytest

from headgate.conformance.families import tools
from tests.conformance.plays import names, through_a_pipe, through_nothing

FAILS: set[str] = set()
"""what even a client of the vendor's own dialect misses behind a pipe"""
HOLDS: set[str] = set()
"""what both dialects happen to say in the same words"""


@pytest.mark.slow
async def test_a_pipe_is_told_from_a_gateway() -> None:
    played = await through_a_pipe("tools")
    assert names(played, "fails", native=True) == FAILS
    assert names(played, "holds", native=False) == HOLDS


@pytest.mark.slow
async def test_a_gateway_that_does_nothing_keeps_no_promise() -> None:
    played = await through_nothing("tools")
    held = names(played, "holds", native=True) | names(played, "holds", native=False)
    assert held == set()


def test_every_promise_has_a_name_and_a_judge_of_its_own() -> None:
    cases = list(tools.cases())
    assert tools.TITLE
    for case in cases:
        assert case.name == case.name.strip(".")
        assert callable(case.judge)
    assert len(cases) >= 15
