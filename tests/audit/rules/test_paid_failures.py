"""What failed and was charged is waste; what failed for nothing is not."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.audit.rules.paid_failures import RULE
from headgate.config import load
from tests.audit.ledgers import MONDAY_US
from tests.audit.rules.judged import found, keeps_its_word


def call(n: int, **more: Any) -> dict[str, Any]:
    return {
        "at_us": MONDAY_US + n * 1_000_000,
        "key_id": "k",
        "input_fresh": 3_000,
        "output": 900,
        "took_us": 30_000_000,
        **more,
    }


COST = 3_000 * 2_000 + 900 * 10_000


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"ending": "idle"}, "silence_s"),
        ({"ending": "truncated"}, "hold_ms"),
        ({"ending": "client_gone", "status": 0}, "timeout"),
        ({"ending": "error", "fault": "overloaded", "status": 529}, "second\n target"),
        ({"ending": "error", "fault": "", "status": 500}, "second\n target"),
    ],
)
def test_each_kind_of_failure_has_its_price_and_its_remedy(
    how: dict[str, Any], told: str
) -> None:
    (it,) = found(RULE, [call(n, **(how if n < 7 else {})) for n in range(100)])
    assert it.saving_nusd == 7 * COST
    assert it.rows == 7
    assert told.replace("\n", "") in it.change
    assert it.confidence == "strong"


def test_kinds_are_told_apart() -> None:
    rows = [call(n, ending="idle") for n in range(8)]
    rows += [call(n, ending="truncated") for n in range(6)]
    rows += [call(n) for n in range(50)]
    assert [it.subject.rpartition(", ")[2] for it in found(RULE, rows)] == ["idle", "truncated"]


def test_tries_that_may_have_been_billed_are_a_hypothesis() -> None:
    (it,) = found(RULE, [call(n, tries=2, maybe_billed=1) for n in range(8)])
    assert it.confidence == "hypothesis"
    assert it.saving_nusd == 8 * 3_000 * 2_000
    assert "provider's report" in it.needs


def test_the_lines_it_proposes_can_be_read() -> None:
    (it,) = found(RULE, [call(n, ending="idle" if n < 7 else "complete") for n in range(60)])
    lines = it.change.partition("\n")[2].replace("PROVIDER:MODEL", "anthropic:claude-haiku-5-5")
    config = load(
        lines + '\n[providers.anthropic]\napi_key = "env:KEY"',
        {"KEY": "sk"},
        source="proposed",
    )
    assert config.routes[0].silence_s == 30
