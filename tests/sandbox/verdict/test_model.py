"""The words of a verdict."""

from __future__ import annotations

from headgate.sandbox.model import Status
from headgate.sandbox.verdict.model import Ending, Verdict


def test_a_verdict_says_nothing_that_it_was_not_told() -> None:
    verdict = Verdict(passed=False, status=Status.OK, ending=Ending.FAILED)
    assert (verdict.checks_seen, verdict.suspicion, verdict.first_failure) == (0, (), "")
