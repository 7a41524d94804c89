"""The demonstration traffic: the same from the same seed, in order, like the real thing."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.traffic import day


@given(st.integers(0, 1000), st.integers(1, 60))
def test_the_same_seed_gives_the_same_day_in_order(seed: int, calls: int) -> None:
    errands = list(day(seed, calls))
    assert errands == list(day(seed, calls))
    assert len(errands) == calls
    assert [e.at for e in errands] == sorted(e.at for e in errands)
    assert all(0 <= e.at < 1 for e in errands)


def test_an_agents_conversation_grows_and_keeps_its_marks_within_the_limit() -> None:
    turns = 0
    for errand in day(1, 400):
        body = json.loads(errand.body)
        if errand.who == "ana":
            assert len(body["messages"]) == turns + 1
            turns += 2
            assert errand.body.count(b"cache_control") <= 4
    assert turns > 20


def test_every_surface_and_every_kind_of_bad_day_occurs() -> None:
    errands = list(day(1, 2000))
    assert {e.path for e in errands} == {
        "/v1/messages",
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/embeddings",
    }
    scripts = {dict(e.headers)[b"x-headgate-sim"].split(b";")[0] for e in errands}
    assert {b"529", b"429", b"reset=2500"} < scripts
