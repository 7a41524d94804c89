"""Finds the rules: modules of this folder with a RULE, and those that installed packages bring.

Rule 1: what is no Rule, or has another's name, is refused by name: it is never left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from headgate.audit.finding import Rule

GROUP = "headgate.audit.rules"
"""the entry points of packages that bring rules of their own"""


def load() -> tuple[Rule, ...]:
    """All rules, by their names."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    names = [file.stem for file in files if file.stem != "__init__"]
    found: list[tuple[str, object]] = [(name, _rule_of(name)) for name in names]
    found += [(point.value, point.load()) for point in entry_points(group=GROUP)]
    return check(found)


def _rule_of(name: str) -> object:
    return getattr(import_module(f"{__name__}.{name}"), "RULE", None)


def check(found: Iterable[tuple[str, object]]) -> tuple[Rule, ...]:
    """The same in order; ValueError names what is no rule."""
    rules: dict[str, Rule] = {}
    for place, rule in found:
        if not isinstance(rule, Rule):
            raise ValueError(f"the audit rule {place} brings no RULE, or not a Rule")
        if rule.name in rules:
            raise ValueError(f"two audit rules are called {rule.name!r}: {place} is the second")
        rules[rule.name] = rule
    return tuple(rules[name] for name in sorted(rules))
