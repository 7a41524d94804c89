"""A thought survives a client of another dialect, and only its maker gets it back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import Thought
from headgate.wire.seal import START, unwrap, wrap

THOUGHTS = st.builds(
    Thought,
    text=st.text(),
    seal=st.text(),
    redacted=st.booleans(),
    maker=st.sampled_from(["anthropic", "openai_responses"]),
    id=st.text(),
)


@given(THOUGHTS)
def test_what_was_wrapped_comes_back_whole(thought: Thought) -> None:
    assert unwrap(wrap(thought)) == thought


@given(st.text())
def test_a_vendors_own_seal_is_not_touched(seal: str) -> None:
    assert unwrap("Er" + seal) is None


@given(st.text())
def test_a_damaged_seal_is_nobodys(seal: str) -> None:
    thought = unwrap(START + seal)
    assert thought is not None
    assert thought.maker in ("anthropic", "openai_responses", "unknown") or thought.maker


def test_a_seal_holds_nothing_that_json_or_headers_must_escape() -> None:
    assert wrap(Thought("é🙂", "s", maker="anthropic")).isascii()
