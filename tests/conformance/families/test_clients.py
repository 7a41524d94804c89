"""Clients miss their lists, their counts and the words for their mistakes behind a pipe."""

from __future__ import annotations

import pytest

from headgate.conformance.families import clients
from tests.conformance.plays import names, through_a_pipe, through_nothing

FAILS = {
    "Claude Code learns how much a conversation takes, or that nobody counts",
    "Codex is told at once that there is no WebSocket",
    "a body that is no JSON is refused in words that the client can show",
    "an unknown model is refused in words that the client can show",
    "the models are listed for the client's menu",
}
"""what even a client of the vendor's own dialect misses behind a pipe"""
HOLDS: set[str] = set()
"""what both dialects happen to say in the same words"""


@pytest.mark.slow
async def test_a_pipe_is_told_from_a_gateway() -> None:
    played = await through_a_pipe("clients")
    assert names(played, "fails", native=True) == FAILS
    assert names(played, "holds", native=False) == HOLDS


@pytest.mark.slow
async def test_a_gateway_that_does_nothing_keeps_no_promise() -> None:
    played = await through_nothing("clients")
    held = names(played, "holds", native=True) | names(played, "holds", native=False)
    assert held == {"a probe of the address is answered at once, without a redirect"}


def test_every_promise_has_a_name_and_a_judge_of_its_own() -> None:
    cases = list(clients.cases())
    assert clients.TITLE
    for case in cases:
        assert case.name == case.name.strip(".")
        assert callable(case.judge)
    assert len(cases) >= 15
