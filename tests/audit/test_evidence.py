"""An audit's material: its days, the prices of a day, and which rows can tell what is asked."""

from __future__ import annotations

from dataclasses import replace

from headgate.audit.evidence import Evidence
from headgate.ledger.book.columns import HEADS, PER_CALL, SOURCES
from tests.audit.ledgers import DAY_US, MONDAY_US, evidence_of


def test_days_are_those_of_the_window_and_at_least_one() -> None:
    with evidence_of([{}, {"at_us": MONDAY_US + 3 * DAY_US}]) as evidence:
        assert evidence.days == 4.0
        assert replace(evidence, until_us=evidence.since_us + 5).days == 1.0


def test_prices_are_those_of_the_day() -> None:
    with evidence_of([]) as evidence:
        august, november = (
            evidence.rates("anthropic", "claude-sonnet-5-5", MONDAY_US - days * DAY_US)
            for days in (60, 0)
        )
    read = [it.lines()[1].usd for it in (august, november)]
    assert read[0] == 2 * read[1]


def test_only_rows_whose_source_tells_enough_are_judged() -> None:
    rows = [{"source": name} for name in SOURCES] + [{"source": "nobody"}]

    def judged(evidence: Evidence, *needs: str) -> set[str]:
        where = evidence.able(frozenset(needs))
        found = evidence.book.rows("SELECT source FROM book WHERE " + where)  # noqa: S608 - ours
        return {row[0] for row in found}

    with evidence_of(rows) as evidence:
        assert judged(evidence) == {*SOURCES}
        assert judged(evidence, PER_CALL, HEADS) == {
            name for name, knows in SOURCES.items() if {PER_CALL, HEADS} <= knows
        }
        assert judged(evidence, "minds") == set()
