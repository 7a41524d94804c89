"""What two accounts of the same days say, ours and the provider's, in one form.

Rule 1: pure data; token classes are disjoint on both sides, money is whole nano-dollars.
Rule 2: what a side does not say is None, and is not taken for nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

DAY_US = 86_400_000_000

TOKENS = (
    "input_fresh",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_30m",
    "cache_write_12h",
    "output",
)
"""the token classes, as the columns of the ledger are called and in the order of its rates"""

LINES = ("input", "cache_read", "cache_write", "output", "search", "other")
"""what money is charged for"""

LINE_OF = ("input", "cache_read", *["cache_write"] * 4, "output")
"""the line that pays for each of TOKENS"""

SIMULATED = "simulated"
"""the account of a report that the simulator made"""

_DATED = re.compile(r"(?:[-@]20\d{6}|-20\d\d-\d\d-\d\d|-latest|-v\d+:\d+|-0)$")
_OLD_CLAUDE = re.compile(r"claude-(\d+)(?:-(\d+))?-([a-z]+)$")


class Place(NamedTuple):
    """One line of the comparison."""

    provider: str
    """the vendor who reports"""
    day: int
    """since 1970, UTC"""
    model: str
    """by the name that all its spellings have in common"""
    simulated: bool = False


class Ours(NamedTuple):
    """What the ledger has of one place."""

    calls: int = 0
    tokens: tuple[int, ...] = (0,) * len(TOKENS)
    nusd: tuple[int, ...] = (0,) * len(LINES)
    names: tuple[str, ...] = ()
    """how the model is spelled in these rows"""
    imported_nusd: int = 0
    """of rows that did not pass through the gateway"""
    client_nusd: int = 0
    """of calls that were made with their callers' own keys"""
    priority_nusd: int = 0
    """of calls of a tier that Anthropic's report of costs leaves out"""
    estimated_nusd: int = 0
    """of calls whose tokens we estimated, because the answer did not say"""
    ceiling_nusd: int = 0
    """of calls of a model whose price nobody knows"""
    maybe_billed: int = 0
    """tries without an answer that were perhaps billed"""
    crossing_nusd: int = 0
    """of calls that began on this day and ended on the next"""


class Theirs(NamedTuple):
    """What the provider reports of one place."""

    requests: int | None = None
    tokens: tuple[int, ...] | None = None
    nusd: tuple[int, ...] | None = None
    lines: int = 0
    """how many lines of money it was added up from"""
    names: tuple[str, ...] = ()


class Loose(NamedTuple):
    """Calls that were sent and whose outcome was never written down."""

    open: int = 0
    orphaned: int = 0
    probable_nusd: int = 0


def canonical(model: str) -> str:
    """The one name of a model: no date, no alias, no capitals; display names become ids."""
    name = "-".join(model.strip().lower().split())
    name = name.rpartition("/")[2]
    if name.startswith(("anthropic.", "us.anthropic.", "eu.anthropic.")):
        name = name.rpartition("anthropic.")[2]
    if name.startswith("claude"):
        name = name.replace(".", "-")
    while found := _DATED.search(name):
        name = name[: found.start()]
    if old := _OLD_CLAUDE.fullmatch(name):
        major, minor, family = old.groups()
        name = f"claude-{family}-{major}" + (f"-{minor}" if minor else "")
    return name


def plus(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
