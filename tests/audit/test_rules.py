"""Rules are found by their files, and what is none is refused by name."""

from __future__ import annotations

import pytest

from headgate.audit.finding import Rule
from headgate.audit.rules import check


def rule(name: str) -> Rule:
    return Rule(name, name, frozenset(), lambda _: (), list, list)


def test_rules_come_in_the_order_of_their_names() -> None:
    assert [it.name for it in check([("x", rule("b")), ("y", rule("a"))])] == ["a", "b"]


def test_a_file_without_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="idle_cats brings no RULE"):
        check([("idle_cats", None)])


def test_one_name_is_used_once() -> None:
    with pytest.raises(ValueError, match="two audit rules are called 'a': y is the second"):
        check([("x", rule("a")), ("y", rule("a"))])
