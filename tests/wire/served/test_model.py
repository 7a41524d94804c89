"""Words that both vendors' code tools share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.served.model import Ran, Wanted, free, summed, words


@given(st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**9)))
def test_usage_of_one_round_is_its_own(usage: dict[str, int]) -> None:
    assert summed(None, usage) == usage
    assert summed({}, usage) == usage


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 99)), min_size=1))
def test_usage_adds_up_count_by_count(rounds: list[dict[str, int]]) -> None:
    total: dict[str, int] = {}
    for one in rounds:
        total = summed(total, one)
    for name, count in total.items():
        assert count == sum(one.get(name, 0) for one in rounds)


def test_words_of_usage_are_the_later_rounds() -> None:
    assert summed({"tier": "a", "n": 1}, {"tier": "b", "n": None}) == {"tier": "b", "n": 1}


@given(st.sets(st.sampled_from(["f", "f_2", "f_3", "g"])))
def test_a_free_name_is_nobodys(taken: set[str]) -> None:
    assert free("f", taken) not in taken


def test_what_a_model_wrote_that_is_no_object_is_empty() -> None:
    assert Wanted("a", "b", "python", "x", "[1").input == {}
    assert Wanted("a", "b", "python", "x", "").input == {}


def test_a_model_is_always_told_something() -> None:
    assert words(Ran()) == "(no output)"
    assert words(Ran("out", "err", 2)) == "exit code 2\nout\nstderr:\nerr"
    assert words(Ran(trouble="time", why="wall_limit")) == "error: wall_limit"
