"""An explanation says whom a call is charged to, what it sets aside, and within which bound."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headgate.cli.charge import BOUNDS, Asking, lines, weigh
from headgate.config import Config, load
from headgate.policy.cap import Budget, Caps, Kind, Limits
from headgate.store import keys
from headgate.store.sqlite import connect
from headgate.store.traits import Changes
from headgate.wire.envelope import Envelope

NOW = datetime.now(UTC)
USD = 10**9
TEXT = """
[limits.each_key]
requests = 300
[limits."model:fast*"]
output_tokens = 100000
[budgets.house]
month = 1000
kind = "soft"
[budgets."tag:nightly"]
day = 1
kind = "watch"
[providers.anthropic]
[providers.ollama]
[models]
fast = ["anthropic:claude-haiku-5-5", "anthropic:claude-sonnet-5-5"]
"""


@pytest.fixture
def config() -> Config:
    key = "sk-ant-api03-" + "Ab1_" * 23 + "xyz"
    return load(TEXT, {"ANTHROPIC_API_KEY": key}, source="headgate.toml")


def make(ledger: Path, caps: Caps) -> keys.Key:
    with contextlib.closing(connect(ledger)) as connection:
        now_us = time.time_ns() // 1000
        return keys.create(connection, "al", changes=Changes(caps=caps), now_us=now_us)[0]


def asked(key: keys.Key | None = None, tags: tuple[str, ...] = (), **members: Any) -> Asking:
    body = {"model": "fast", "max_tokens": 64_000, "messages": []} | members
    return Asking("fast", "messages", Envelope(json.dumps(body).encode()), key, tags)


def test_every_account_is_named_with_its_limits_and_budgets(
    config: Config, tmp_path: Path
) -> None:
    caps = Caps(Limits(concurrent=5), (Budget(USD, "day"),))
    key = make(tmp_path / "h.db", caps)
    told = weigh(config, asked(key, ("nightly", "other")), tmp_path / "h.db", NOW)
    assert told["accounts"] == ["house", *key.accounts(), "tag:nightly"]
    assert [it["of"] for it in told["capped"]] == [
        "the whole house",
        "key 'al'",
        "tag:nightly",
        "model 'fast*'",
    ]
    mine = told["capped"][1]
    assert {it["limit"]: it["amount"] for it in mine["limits"]} == {
        "requests": 300,
        "concurrent": 5,
    }
    assert [it["reserves"] for each in told["capped"] for it in each["budgets"]] == [
        "probable",
        "worst",
        "nothing",
    ]


def test_every_limit_and_budget_says_within_which_bound_it_is_held(
    config: Config, tmp_path: Path
) -> None:
    key = make(tmp_path / "h.db", Caps(Limits(1, 2, 3, 4, 5), (Budget(USD, "day"),)))
    told = weigh(config, asked(key), tmp_path / "h.db", NOW)
    bounds = {
        it["bound"] for each in told["capped"] for it in (*each["limits"], *each["budgets"])
    }
    assert bounds <= set(BOUNDS.values())
    shown = "\n".join(lines(told))
    assert all(bound in shown for bound in bounds)


@pytest.mark.parametrize(
    ("kind", "aside"), [("hard", "worst_nusd"), ("soft", "probable_nusd"), ("watch", "")]
)
def test_what_is_set_aside_depends_on_the_kind_of_budget(
    config: Config, tmp_path: Path, kind: Kind, aside: str
) -> None:
    key = make(tmp_path / "h.db", Caps(budgets=(Budget(9 * USD, "day", kind),)))
    told = weigh(config, asked(key), tmp_path / "h.db", NOW)
    reservation = told["reservation"]
    (budget,) = told["capped"][1]["budgets"]
    assert budget["reserved_nusd"] == (reservation[aside] if aside else 0)
    assert budget["fits"] is True
    assert reservation["worst_nusd"] == max(it["worst_nusd"] for it in reservation["targets"])


def test_what_does_not_fit_is_lowered_where_that_is_allowed_else_refused(
    config: Config, tmp_path: Path
) -> None:
    def of(name: str, nusd: int, lower: bool) -> tuple[dict[str, Any], str]:
        caps = Caps(budgets=(Budget(nusd, "day"),), lower_output=lower)
        ledger = tmp_path / name
        told = weigh(config, asked(make(ledger, caps)), ledger, NOW)
        return told["capped"][1]["budgets"][0], "\n".join(lines(told))

    budget, shown = of("a", USD // 2, True)
    assert 1024 < budget["lowered_to"] < 64_000
    assert f"its output would be lowered to {budget['lowered_to']:,} tokens" in shown
    budget, shown = of("b", USD // 2, False)
    assert budget["lowered_to"] is None
    assert "429: $0.64" in shown
    _, shown = of("c", USD // 1000, True)
    assert "and too little output would fit" in shown


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "a token for each of"),
        ({}, "64,000 output (its own bound)"),
        ({"max_tokens": 10**6}, "it asks for 1,000,000, the model gives no more"),
        ({"max_tokens": None}, "it names no bound: the most the model may say"),
        (
            {"tools": [{"type": "web_search_20250305", "max_uses": 4}]},
            "the whole context window: it refers to what is not in the body",
        ),
        ({"tools": [{"type": "web_search_20250305", "max_uses": 4}]}, " + 4 searches"),
    ],
)
def test_the_reservation_is_told_with_how_it_was_reckoned(
    config: Config, tmp_path: Path, members: dict[str, Any], words: str
) -> None:
    told = weigh(config, asked(None, **members), tmp_path / "none.db", NOW)
    assert all(words in it["formula"] for it in told["reservation"]["targets"])
    assert words in "\n".join(lines(told))


def test_without_a_body_the_accounts_are_told_and_nothing_is_reckoned(
    config: Config, tmp_path: Path
) -> None:
    told = weigh(config, Asking("other", "messages", None, None), tmp_path / "none.db", NOW)
    assert told["reservation"] is None
    assert [it["of"] for it in told["capped"]] == ["the whole house"]
    plain = weigh(Config(), Asking("x", "chat", None, None), tmp_path / "none.db", NOW)
    assert "no limit and no budget stands over them" in "\n".join(lines(plain))


def test_a_bound_that_a_server_does_not_read_is_told_as_none(tmp_path: Path) -> None:
    text = '[providers.own]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:9/v1"\n'
    config = load(text + '[models]\nfast = "own:x"\n', {}, source="headgate.toml")
    body = json.dumps({"model": "fast", "max_completion_tokens": 5, "messages": []})
    asking = Asking("fast", "chat", Envelope(body.encode()), None)
    (target,) = weigh(config, asking, tmp_path / "none.db", NOW)["reservation"]["targets"]
    assert "it names no bound that this server reads" in target["formula"]
