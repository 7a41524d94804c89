"""What a rule finds, and what a rule is: a module of rules/ with a RULE, one file each.

Rule 1: a saving is claimed only from evidence that was measured; what is merely possible is a
hypothesis, with what would settle it, and is never added to a claim.
Rule 2: a finding ends in a change somebody can make: a command, a difference of headgate.toml,
or what to set at the vendor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from headgate.audit.evidence import Evidence

Confidence = Literal["measured", "strong", "hypothesis"]
"""measured: replayed on data it was not chosen by; strong: declared or plain from the rows;
hypothesis: possible, and not shown"""

Lever = Literal["cache", "downshift", "batch", ""]
"""which of the three savings that overlap it pulls; empty: it stands alone"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One waste, what it cost, and how to stop it."""

    rule: str
    subject: str
    """whom or what it is about, such as: key ci, model claude-opus-5-5"""
    saving_nusd: int
    """what the change would have saved in the window; of a hypothesis: what it might"""
    confidence: Confidence
    what: str
    """one or two sentences with the figures"""
    change: str
    """the command, the lines of headgate.toml, or the change at the vendor"""
    lever: Lever = ""
    where: str = "TRUE"
    """SQL over the view `book` that finds the rows it is about"""
    scope: str = "TRUE"
    """SQL: the traffic that the change touches, wasteful or not"""
    per: str = "sum(calls)"
    """SQL over that traffic: the work done, which waste is a rate of"""
    rows: int = 0
    ceiling_nusd: int = 0
    """what perfect foresight would have saved; 0: the same or unknown"""
    needs: str = ""
    """of a hypothesis: what would settle it, such as a sample of so many pairs"""
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of waste."""

    name: str
    title: str
    needs: frozenset[str]
    """what rows must tell (the words of ledger.book.columns); rows of sources that do not are
    left out, and the audit says so"""
    judge: Callable[[Evidence], Iterable[Finding]]
    fires_on: Callable[[], Sequence[dict[str, Any]]]
    """rows of a small ledger in which it must find something: columns of the book that differ
    from their defaults"""
    silent_on: Callable[[], Sequence[dict[str, Any]]]
    """rows of one in which it must not"""
