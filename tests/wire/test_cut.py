"""The place where an answer ends is found however its text is cut into pieces."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.cut import Cutter

WORDS = st.text(alphabet="ab\n🙂", max_size=30)
STOPS = st.lists(st.text(alphabet="ab\n🙂", min_size=1, max_size=4), min_size=1, max_size=4)


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    at = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in itertools.pairwise(at)]


@given(WORDS, STOPS, st.lists(st.integers(0, 30), max_size=8))
def test_any_chunking_ends_where_the_first_stop_sequence_begins(
    text: str, stops: list[str], cuts: list[int]
) -> None:
    cutter = Cutter(stops)
    said = "".join(cutter.feed(piece) for piece in pieces_of(text, cuts))
    said += "" if cutter.found else cutter.finish()
    begins = [text.find(stop) for stop in stops if stop in text]
    if not begins:
        assert (said, cutter.found) == (text, "")
    else:
        assert text.startswith(said + cutter.found)
        assert cutter.found in stops
        # a longer sequence that begins earlier may be complete later
        assert len(said) <= max(begins)
        assert not any(stop in said for stop in stops)


@given(WORDS, STOPS)
def test_only_what_may_become_a_stop_sequence_waits(text: str, stops: list[str]) -> None:
    cutter = Cutter(stops)
    said = cutter.feed(text)
    held = text[len(said) :]
    assert cutter.found or not held or any(stop.startswith(held) for stop in stops)


def test_after_the_end_nothing_is_said() -> None:
    cutter = Cutter(["END"])
    assert [cutter.feed(piece) for piece in ("one E", "ND two", "three")] == ["one ", "", ""]
    assert cutter.found == "END"
