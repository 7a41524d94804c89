"""Decides which names a pattern stands for: * is any run of characters, ? is any one of them.

Rule 1: everything that takes patterns of model names asks here: routes, abilities and permits.
"""

from __future__ import annotations

import re
from functools import lru_cache


def is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> re.Pattern[str]:
    """Matches the names that a pattern with * and ? stands for."""
    return _compiled(pattern, {"*": ".*", "?": "."})


def matches(pattern: str, name: str) -> bool:
    return pattern == name or matcher(pattern).fullmatch(name) is not None


def covers(wide: str, narrow: str) -> bool:
    """Is every name that `narrow` stands for one that `wide` stands for.

    Never a wrong yes. A no can be wrong where only several stars together would tell.
    """
    # A ? of the wide one must meet one character, and a star of the narrow one may be many.
    return wide == narrow or _strict(wide).fullmatch(narrow) is not None


def overlaps(one: str, other: str) -> bool:
    """Is there a name that both stand for."""
    row = [True]
    for sign in other:
        row.append(row[-1] and sign == "*")
    for mine in one:
        # row[n]: can what was read of `one` and the first n signs of `other` be one name
        before, row = row, [row[0] and mine == "*"]
        for at, its in enumerate(other):
            if "*" in (mine, its):
                row.append(before[at + 1] or row[at])
            else:
                row.append(before[at] and (mine == its or "?" in (mine, its)))
    return row[-1]


@lru_cache(maxsize=4096)
def _strict(pattern: str) -> re.Pattern[str]:
    return _compiled(pattern, {"*": ".*", "?": "[^*]"})


def _compiled(pattern: str, signs: dict[str, str]) -> re.Pattern[str]:
    text = "".join(signs.get(sign) or re.escape(sign) for sign in re.sub(r"\*+", "*", pattern))
    return re.compile(text, re.DOTALL)
