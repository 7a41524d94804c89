"""A finding stands for itself alone unless it says otherwise, and a rule is a plain record."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from headgate.audit.finding import Finding
from headgate.audit.rules import load


def test_a_finding_claims_no_ceiling_no_lever_and_all_rows_unless_it_says_so() -> None:
    plain = Finding("rule", "key ci", 5, "strong", "what", "change")
    assert (plain.ceiling_nusd, plain.lever, plain.needs) == (0, "", "")
    assert (plain.where, plain.scope, plain.per) == ("TRUE", "TRUE", "sum(calls)")
    with pytest.raises(FrozenInstanceError):
        plain.saving_nusd = 6  # type: ignore[misc]  # that is what is tested


def test_every_rule_has_a_title_and_examples_of_what_it_finds_and_what_it_leaves_alone() -> (
    None
):
    for rule in load():
        assert rule.title
        assert rule.fires_on()
        assert rule.silent_on()
