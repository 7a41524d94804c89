"""A stored request leaves a fingerprint of its head, and no text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ledger.importers.reading.heads import Heads

SECRET = bytes(32)
TURN = {"role": "user", "content": "hello"}


def test_the_head_is_tools_and_system_prompt_wherever_they_stand() -> None:
    heads = Heads(SECRET)
    first = heads.of({"system": "you help", "messages": [TURN], "max_tokens": 9})
    later = heads.of({"system": "you help", "messages": [TURN, TURN, TURN]})
    other = heads.of({"system": "you hinder", "messages": [TURN]})
    tooled = heads.of({"system": "you help", "tools": [{"name": "a"}], "stream": True})
    assert first.head == later.head
    assert len({first.head, other.head, tooled.head, 0}) == 4
    assert (first.max_output, tooled.tools_offered, tooled.stream) == (9, 1, 1)
    turns = [{"role": "system", "content": "you help"}, TURN]
    assert heads.of({"messages": turns}) == heads.of({}, turns)
    assert heads.of({"instructions": "you help", "input": [TURN]}).head == first.head


def test_another_installation_has_other_fingerprints_and_without_a_key_there_is_none() -> None:
    body = {"system": "you help"}
    assert Heads(SECRET).of(body).head != Heads(bytes(range(32))).of(body).head
    assert Heads(b"").of(body).head == 0


def test_a_request_without_a_head_has_none() -> None:
    assert Heads(SECRET).of({"messages": [TURN]}).head == 0
    assert Heads(SECRET).of({}).head == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)
NAME = st.sampled_from(["system", "tools", "messages", "max_tokens", "input", "stream"])


@settings(max_examples=40)
@given(body=st.dictionaries(NAME, JSON))
def test_no_body_whatsoever_is_too_odd(body: dict[str, object]) -> None:
    found = Heads(SECRET).of(body)
    assert 0 <= found.head < 2**64
