"""What a rule says of rows, for the rules' tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.audit.finding import Finding, Rule
from tests.audit.ledgers import evidence_of

USD = 1_000_000_000


def found(rule: Rule, rows: Sequence[Mapping[str, Any]], **more: Any) -> list[Finding]:
    """Its findings; of each it is made sure that its rows and its traffic can be found."""
    with evidence_of(rows, **more) as evidence:
        findings = list(rule.judge(evidence))
        for it in findings:
            assert it.rule == rule.name
            assert it.change
            assert (it.needs != "") == (it.confidence == "hypothesis"), it
            assert it.saving_nusd > 0 or it.confidence == "hypothesis"
            (there,) = evidence.book.one("SELECT count(*) FROM book WHERE " + it.where)  # noqa: S608 - its own
            asked = "SELECT " + it.per + " FROM book WHERE " + it.scope  # noqa: S608 - the same
            (touched,) = evidence.book.one(asked)
            assert 0 <= there <= len(rows)
            assert touched is None or touched >= 0
        return findings


def keeps_its_word(rule: Rule) -> None:
    """It fires on its own example, and is silent on the other, and on what cannot tell."""
    assert found(rule, rule.fires_on())
    assert not found(rule, rule.silent_on())
    assert not found(rule, [])
    buckets = [
        {**row, "calls": 500, "span_us": 86_400_000_000, "tier": ""} for row in rule.fires_on()
    ]
    if rule.needs:
        assert not found(rule, buckets)
        assert not found(rule, [{**row, "source": "nowhere"} for row in rule.fires_on()])
