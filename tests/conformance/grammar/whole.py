"""Demands of a stream in a test that it be valid."""

from __future__ import annotations

from headgate.conformance.grammar.check import OURS, check
from headgate.conformance.grammar.verdict import Verdict, Wish


def whole(dialect: str, data: bytes, wish: Wish = OURS) -> Verdict:
    """The verdict on a stream that must be valid: complete, or the dialect's error."""
    verdict = check(dialect, data, wish)
    told = "\n".join(verdict.complaints)
    assert not verdict.violations, f"{told}\n--- the stream:\n{data.decode('utf-8', 'replace')}"
    return verdict
