"""A thought survives a client of another dialect, and only its maker gets it back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import Thought
from headgate.wire.seal import START, may_hold, unwrap, wrap

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


@given(st.text(), st.text(), st.integers(0, 600))
def test_a_seal_is_found_wherever_it_stands(before: str, after: str, tildes: int) -> None:
    sealed = wrap(Thought("hm", "s", maker="anthropic"))
    around = (before + "~" * tildes).encode("utf-8", "replace")
    body = around + sealed.encode() + after.encode("utf-8", "replace")
    assert may_hold(body)
    assert may_hold(around) == (START.encode() in around)
