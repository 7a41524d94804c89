"""Findings about caches say whom they are about, and what to do."""

from __future__ import annotations

from headgate.audit.asked import Whose
from headgate.audit.caching import about, is_planned, paid_back, switch
from headgate.audit.holdout import Verdict
from headgate.audit.rhythm import Sums
from tests.audit.ledgers import evidence_of

CI = Whose(0, 0, "", "anthropic", "", "claude-opus-5-5", "k1", "", None, None, None, None)


def verdict(first: Sums) -> Verdict:
    return Verdict(CI, "key_id = 'k1'", "1h", (), (first, Sums(0, 1)))


def test_whom_it_is_about_is_named_as_people_call_it() -> None:
    with evidence_of([{"key_id": "k1"}], names={"k1": "ci"}) as evidence:
        assert about(evidence, CI) == "key ci, model claude-opus-5-5"
        head = CI._replace(head=0xDEADBEEF12345678)
        assert about(evidence, head) == "key ci, model claude-opus-5-5, prompt deadbeef"
        spoilt = CI._replace(tools=3, least_bytes=10, most_bytes=12)
        assert about(evidence, spoilt).endswith("prompts that differ each time, 3 tools")
        project = CI._replace(key_id="", project="shop")
        assert about(evidence, project) == "project shop, model claude-opus-5-5"


def test_a_command_names_the_key_and_everybody_is_switched_in_the_file() -> None:
    with evidence_of([], names={"k1": "my key"}) as evidence:
        assert switch(evidence, CI, "on") == "headgate keys update 'my key' --prompt-cache on"
        assert "[cache] prompt" in switch(evidence, CI._replace(key_id=""), "off")


def test_who_set_the_marks_is_known_by_the_plans() -> None:
    assert is_planned(verdict(Sums(0, 0, calls=3, planned=2)))
    assert not is_planned(verdict(Sums(0, 0, calls=3, planned=1)))


def test_how_much_of_an_hours_writes_was_wanted_in_time() -> None:
    told = paid_back(verdict(Sums(0, 0, soon=37, later=50, never=13)))
    assert "37 % were wanted again within five minutes" in told
    assert "13 % not at all" in told
    assert paid_back(verdict(Sums(0, 0))) == ""
