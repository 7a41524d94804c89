"""What is planted is found, what is healthy is left alone, and the one total is what a changed
caller would have saved: simulated, on twenty of the ledgers of `make bench-audit`."""

from __future__ import annotations

import pytest

from benchmarks.planted import failures
from headgate.audit.rules import load
from tests.audit.planted.score import Score, ledger, score
from tests.audit.planted.traffic import bill

SEEDS = range(2_000, 2_020)


@pytest.mark.slow
def test_planted_waste_is_found_and_claimed_at_what_it_would_save() -> None:
    rules = load()
    found = Score()
    for seed in SEEDS:
        found.add(score(ledger(seed), rules))
    assert {rule.name for rule in rules} <= {*found.planted}, "a rule whose waste nobody plants"
    assert [*failures(found)] == [], "\n".join(found.notes)


@pytest.mark.slow
def test_a_seed_gives_the_same_ledger_every_time() -> None:
    one, other = ledger(7), ledger(7)
    assert one == other
    assert one.rows != ledger(8).rows
    assert one.realisable_nusd == one.bill_nusd - bill(
        it for each in one.planted for it in each.changed
    )


def test_a_rule_that_finds_too_much_or_too_little_is_told() -> None:
    poor = Score(claimed_nusd=90, realisable_nusd=100)
    poor.told.update({"eager": 10})
    poor.right.update({"eager": 9})
    poor.planted.update({"lazy": 10})
    poor.found.update({"lazy": 8})
    assert [*failures(poor)] == [
        "eager: precision 0.900 is below 0.95",
        "lazy: recall 0.800 is below 0.9",
        "the total claim is 0.900 of what could be saved",
    ]
