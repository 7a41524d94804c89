"""An audit's sums agree with each other, whatever rules say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.audit.run import Audit, run
from headgate.config.model import Purpose
from tests.audit.ledgers import evidence_of

ROWS = [
    {"key_id": key, "input_fresh": 100_000, "output": 1_000, "source": source}
    for key in "abc"
    for source in ("", "", "claude-code")
]
FINDING = st.builds(
    Finding,
    rule=st.just(""),
    subject=st.sampled_from("xyz"),
    saving_nusd=st.integers(-5, 400_000_000),
    confidence=st.sampled_from(["measured", "strong", "hypothesis"]),
    what=st.just("what"),
    change=st.just("change"),
    lever=st.sampled_from(["", "cache", "downshift", "batch"]),
    where=st.sampled_from(["key_id = 'a'", "key_id IN ('a', 'b')", "TRUE"]),
)


def audited(found: Iterable[Finding], needs: Iterable[str] = ()) -> Audit:
    def judge(evidence: Evidence) -> Iterable[Finding]:
        return found

    rule = Rule("mine", "My rule", frozenset(needs), judge, list, list)
    rows: list[dict[str, Any]] = [dict(row) for row in ROWS]
    with evidence_of(rows, purpose="CASE WHEN key_id = 'a' THEN 'ants' ELSE '' END") as it:
        return run(it, (rule,), (Purpose("ants", valuable=True),))


@settings(max_examples=25, deadline=None)
@given(st.lists(FINDING, max_size=5))
def test_claims_are_counted_once_and_hypotheses_never(found: list[Finding]) -> None:
    audit = audited(found)
    claimed = [it for it in found if it.confidence != "hypothesis" and it.saving_nusd > 0]
    assert len(audit.claims) == len(claimed)
    assert {it.rule for it in audit.claims} <= {"mine"}
    assert audit.joint.total_nusd <= min(audit.nusd, sum(it.saving_nusd for it in claimed))
    assert sum(nusd for _, nusd in audit.counted) == audit.joint.total_nusd
    assert sum(it.spend_nusd for it in audit.buckets) == audit.nusd
    assert audit.nusd - sum(it.after_nusd for it in audit.buckets) == audit.joint.total_nusd
    assert len(audit.hypotheses) == sum(it.confidence == "hypothesis" for it in found)


def test_what_a_source_cannot_tell_is_said() -> None:
    audit = audited([], needs=("heads",))
    (out,) = audit.left_out
    assert (out.title, out.source, out.lacks) == ("My rule", "claude-code", ("heads",))
    assert out.nusd == sum(it.nusd for it in audit.sources if it.name == "claude-code")
