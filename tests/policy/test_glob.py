"""Patterns: what one covers the other never exceeds, and what overlaps has a name in common."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policy.glob import covers, is_pattern, matcher, matches, overlaps

PATTERNS = st.text("ab*?", max_size=6)
NAMES = ["".join(signs) for count in range(7) for signs in product("ab", repeat=count)]


@given(PATTERNS, PATTERNS)
@settings(max_examples=300)
def test_what_a_pattern_covers_it_matches(wide: str, narrow: str) -> None:
    if covers(wide, narrow):
        assert all(matches(wide, name) for name in NAMES if matches(narrow, name))


@given(PATTERNS, PATTERNS)
@settings(max_examples=300)
def test_patterns_overlap_exactly_when_they_share_a_name(one: str, other: str) -> None:
    shared = any(matches(one, name) and matches(other, name) for name in NAMES)
    if shared:
        assert overlaps(one, other)
    elif len(one) + len(other) <= 6:  # else the shortest shared name may be a longer one
        assert not overlaps(one, other)
    assert overlaps(one, other) == overlaps(other, one)


@pytest.mark.parametrize(
    ("wide", "narrow", "is_within"),
    [
        ("claude-*", "claude-haiku-*", True),
        ("claude-*", "claude-haiku-5-5", True),
        ("*", "anything:*", True),
        ("claude-haiku-*", "claude-*", False),
        ("gpt-?", "gpt-*", False),
        ("gpt-?", "gpt-?", True),
        ("gpt-*", "gpt-?", True),
        ("a[b]", "a[b]", True),
        ("a.c", "abc", False),
    ],
)
def test_covering_is_what_an_operator_expects(wide: str, narrow: str, is_within: bool) -> None:
    assert covers(wide, narrow) is is_within


def test_only_stars_and_question_marks_are_signs() -> None:
    assert [is_pattern(name) for name in ("a*", "a?", "[ab]", "a.b")] == [
        True,
        True,
        False,
        False,
    ]
    assert matcher("a.b*").fullmatch("a.b-1")
    assert not matcher("a.b*").fullmatch("axb-1")


def test_many_stars_do_not_make_matching_slow() -> None:
    assert matcher("*" * 50 + "x").pattern == re.compile(".*x").pattern
