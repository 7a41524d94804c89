"""Tests are counted by how they ended."""

from __future__ import annotations

import unittest

from headgate.sandbox.verdict.inside import checks, runners


class Cases(unittest.TestCase):
    __test__ = False

    def test_well(self) -> None:
        assert runners.run_suite is not None

    @unittest.skip("not today")
    def test_left_out(self) -> None:
        raise AssertionError

    def test_badly(self) -> None:
        self.assertEqual(1, 2)  # noqa: PT009 (its own words are looked for)


def test_a_test_counts_when_it_ran_to_its_end_and_did_not_fail() -> None:
    count = checks.Checks()
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Cases)
    runners.run_suite(suite, count)
    assert (count.seen, count.passed) == (2, 1)
    assert "1 != 2" in count.failure
