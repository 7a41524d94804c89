"""What fits a window: judged at the longest request, with room for the answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.money.decision.room import Prompt, fit

TOKENS = st.integers(0, 2_000_000)
WINDOWS = st.integers(1000, 1_000_000)


@given(TOKENS, TOKENS, TOKENS, st.integers(1, 2_000_000))
def test_a_larger_window_never_fits_less(fixed: int, longest: int, out: int, size: int) -> None:
    prompt = Prompt(fixed=fixed, longest=longest, output=out, chunk=700, turn=900)
    small, large = fit(prompt, size, None), fit(prompt, size + 1000, None)
    assert not (small.fits and not large.fits)
    assert small.chunks <= large.chunks
    assert small.turns <= large.turns


@given(
    st.integers(1, 5000), st.integers(0, 50_000), st.integers(0, 8000), st.integers(1000, 10**6)
)
def test_as_many_chunks_as_are_promised_fit_and_one_more_does_not(
    chunk: int, fixed: int, out: int, size: int
) -> None:
    room = fit(Prompt(fixed=fixed, output=out, chunk=chunk), size, None)
    asked = Prompt(fixed=fixed, output=out, chunk=chunk, chunks=room.chunks)
    assert fit(asked, size, None).fits or room.chunks == 0
    assert not fit(asked._replace(chunks=room.chunks + 1), size, None).fits


def test_an_unknown_window_refuses_nothing_and_says_so() -> None:
    room = fit(Prompt(longest=10), None, None)
    assert room.fits is None
    assert "not known" in room.why


def test_a_document_beyond_the_free_room_must_be_cut() -> None:
    assert fit(Prompt(document=180_000, output=8000), 200_000, None).must_cut is False
    assert fit(Prompt(document=185_000, output=8000), 200_000, None).must_cut is True


def test_an_answer_beyond_what_it_writes_does_not_fit() -> None:
    room = fit(Prompt(longest=10, output=64_001), 200_000, 64_000)
    assert room.fits is False
    assert "writes 64,000 at most" in room.why


def test_too_few_turns_are_counted() -> None:
    room = fit(Prompt(fixed=20_000, output=2_000, turn=10_000, turns=50), 200_000, None)
    assert room.fits is False
    assert "16 of 50 turns" in room.why
