"""Brackets that belong together, and what stands between separators outside of them."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict import shapes


def test_a_bracket_closes_where_its_own_does() -> None:
    assert shapes.closing("a(b(c)d)e", 1) == 7
    assert shapes.closing("<fn() -> A<B>>", 0) == 13
    with pytest.raises(ValueError, match="never closed"):
        shapes.closing("(()", 0)


def test_pieces_are_split_outside_of_brackets_alone() -> None:
    assert shapes.split("a, b(c, d), E<F, G>, fn() -> H") == [
        "a",
        "b(c, d)",
        "E<F, G>",
        "fn() -> H",
    ]
