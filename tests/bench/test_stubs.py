"""Every language has a stub of tests, and as it stands it fails the right answer too."""

from __future__ import annotations

from headgate.bench.stubs import STUBS, UNWRITTEN
from headgate.bench.task import TESTS


def test_every_language_has_one_that_says_what_is_to_be_done() -> None:
    assert STUBS.keys() == TESTS.keys()
    assert all(UNWRITTEN in stub for stub in STUBS.values())
