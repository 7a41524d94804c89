"""A dearer model is a claim only where somebody compared it with a cheaper one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from headgate.audit.finding import Finding
from headgate.audit.rules.model_overkill import RULE, cheaper
from headgate.audit.trials import Trial
from headgate.stats.compare import Pairs, Rates
from tests.audit.ledgers import MONDAY_US, evidence_of, priced
from tests.audit.rules.judged import found as found_of
from tests.audit.rules.judged import keeps_its_word

PROVEN = Trial("key", "triage", "claude-opus-5-5", "claude-sonnet-5-5", Pairs(1_400, 9, 11))


def judged(rows: Sequence[Mapping[str, Any]], *trials: Trial, **more: Any) -> list[Finding]:
    return found_of(RULE, rows, trials=trials, **more)


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_without_a_comparison_it_is_a_hypothesis_with_the_sample_it_needs() -> None:
    (found,) = judged(RULE.fires_on())
    assert found.confidence == "hypothesis"
    assert found.needs.startswith("1,237 pairs")
    assert "--evidence" in found.needs


def test_a_comparison_makes_it_a_claim_at_the_other_models_prices() -> None:
    (found,) = judged(RULE.fires_on(), PROVEN)
    was = sum(priced(row)["cost_nusd"] for row in RULE.fires_on())
    to = [priced({**row, "model_sent": "claude-sonnet-5-5"}) for row in RULE.fires_on()]
    assert found.confidence == "strong"
    assert found.saving_nusd == was - sum(row["cost_nusd"] for row in to)
    assert found.lever == "downshift"
    _, toml = found.change.split("headgate.toml:\n")
    assert tomllib.loads(toml) == {
        "models": {"claude-opus-5-5": ["anthropic:claude-sonnet-5-5"]}
    }


def test_a_model_of_another_vendor_is_asked_of_that_vendor() -> None:
    other = PROVEN._replace(to="gpt-6.1-terra")
    (found,) = judged(RULE.fires_on(), other)
    assert '"openai:gpt-6.1-terra"' in found.change


def test_a_comparison_too_small_says_how_large_it_must_be() -> None:
    small = PROVEN._replace(seen=Pairs(200, 2, 2))
    (found,) = judged(RULE.fires_on(), small)
    assert found.confidence == "hypothesis"
    assert found.needs.startswith("1,237 pairs"), "four in two hundred differ: 2 %"


def test_a_model_that_was_shown_to_be_worse_needs_no_larger_sample() -> None:
    worse = PROVEN._replace(seen=Rates(0.99, 0.93, 2_000))
    (found,) = judged(RULE.fires_on(), worse)
    assert found.confidence == "hypothesis"
    assert found.needs.startswith("another model")


@pytest.mark.parametrize(
    "trial",
    [
        PROVEN._replace(about="key", value="Sorting"),
        PROVEN._replace(about="head", value="00000000000000ff"),
        PROVEN._replace(about="purpose", value="o'triage"),
    ],
)
def test_its_calls_are_those_of_a_key_a_head_or_a_purpose(trial: Trial) -> None:
    rows = [row | {"head": 255, "tags": "o'triage"} for row in RULE.fires_on()]
    other = [row | {"key_id": "other", "head": 9, "tags": "", "output": 999} for row in rows]
    (found,) = judged([*rows, *other], trial, names={"triage": "Sorting"}, purpose="tags")
    assert (found.confidence, found.rows) == ("strong", len(rows))


def test_longer_answers_of_the_other_model_count() -> None:
    (same,) = judged(RULE.fires_on(), PROVEN)
    (longer,) = judged(RULE.fires_on(), PROVEN._replace(answers=3.0))
    assert longer.saving_nusd < same.saving_nusd


def test_the_next_cheaper_model_is_one_with_a_price() -> None:
    with evidence_of([]) as evidence:
        assert cheaper(evidence, "anthropic", "claude-opus-5-5", MONDAY_US) == (
            "claude-sonnet-5-5"
        )
        assert cheaper(evidence, "anthropic", "claude-haiku-5-5", MONDAY_US) is None
        assert cheaper(evidence, "x", "a-model-nobody-knows", MONDAY_US) is None
