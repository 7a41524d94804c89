"""What explain says of an order is what the gateway would do; what it cannot know it says."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.cli.ranking import Hints, recall, wish_of
from headgate.config import Config, Tag
from headgate.ledger.insert import Batch, write
from headgate.policy.wish import NO_WISH, Wish
from headgate.store import keys
from headgate.store.schema import migrate
from headgate.store.sqlite import connect
from headgate.store.traits import Changes
from tests.kit import ENV
from tests.ledger.rows import entry
from tests.stores import sign_in

NAME = ("anthropic", "claude-haiku-5-5")
TOML = """
[providers.anthropic]
[providers.openai]
[routing.tags.nightly]
prefer = "cost"
[ledger]
path = "it.db"
[models.pair]
ladder = ["anthropic:claude-opus-5-5", "anthropic:claude-haiku-5-5"]
[models.cheap]
policy = "cheapest"
ladder = ["anthropic:claude-opus-5-5", "openai:gpt-4o", "openai:text-embedding-3-small"]
[models.fixed]
hints = false
ladder = ["anthropic:claude-opus-5-5", "anthropic:claude-haiku-5-5"]
[models.scored]
policy = "best"
ladder = ["anthropic:claude-haiku-5-5", { target = "openai:gpt-4o", quality = 5, weight = 2 }]
"""


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headgate.toml").write_text(TOML)


def run(*words: str) -> Result:
    result = CliRunner().invoke(main, ["explain", *words])
    assert result.exit_code == 0, result.output
    return result


def order_of(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)["order"]


def names(order: Any) -> list[str]:
    return [each["target"].partition(":")[2] for each in order["targets"]]


def asked(model: str, words: int = 10, **more: object) -> str:
    body = {
        "model": model,
        "max_tokens": 100,
        "messages": [],
        "system": "word " * words,
        **more,
    }
    Path("request.json").write_text(json.dumps(body))
    return "request.json"


def test_a_plain_ladder_is_told_as_written() -> None:
    order = order_of(asked("pair"))
    assert (order["policy"], order["by"], order["chosen_by"]) == ("ordered", "route", "")
    assert names(order) == ["claude-opus-5-5", "claude-haiku-5-5"]
    assert "order   ordered: as written" in run("request.json").stdout


def test_a_preference_orders_it_by_the_price_of_this_very_request() -> None:
    order = order_of("--prefer", "cost", asked("pair", 4_000))
    assert (order["policy"], order["by"]) == ("cheapest", "header")
    assert names(order) == ["claude-haiku-5-5", "claude-opus-5-5"]
    first, second = order["targets"]
    assert order["chosen_by"] == f"cheapest by header: ${first['usd']}, next ${second['usd']}"
    assert first["nusd"] < second["nusd"]
    assert first["output_tokens"] == 100, "bounded by max_tokens"
    shown = run("--prefer", "cost", "request.json").stdout
    assert order["chosen_by"] in shown
    assert "taken to be cold" in shown


def test_a_tag_orders_it_and_a_header_wins_over_a_tag() -> None:
    assert order_of("--model", "pair", "--tag", "nightly")["by"] == "tag nightly"
    both = order_of("--model", "pair", "--tag", "nightly", "--prefer", "quality")
    assert (both["policy"], both["by"]) == ("best", "header")
    told = run("--model", "pair", "--tag", "nightly").stdout
    assert "for an answer alone: no request was given" in told
    assert "give FILE" in told


def test_a_keys_own_tags_count() -> None:
    with contextlib.closing(connect(Path("it.db"))) as connection:
        changes = Changes(tags=("nightly",))
        keys.create(connection, "a", changes=changes, now_us=1)
    assert order_of("--model", "pair", "--key-id", "a")["by"] == "tag nightly"


def test_a_route_without_hints_says_so() -> None:
    order = order_of("--prefer", "cost", "--model", "fixed")
    assert (order["policy"], order["hints"]) == ("ordered", False)
    assert "this route takes no hints" in run("--prefer", "cost", "--model", "fixed").stdout


def test_what_does_not_fit_says_why_and_what_surely_cannot_take_it_is_skipped() -> None:
    order = order_of(asked("cheap", 60_000))
    assert names(order) == ["gpt-4o", "claude-opus-5-5"]
    assert [each["target"] for each in order["skipped"]] == ["openai:text-embedding-3-small"]
    assert "too small" in order["skipped"][0]["why_not"]
    assert "is too small" in run("request.json").stdout.replace("\n", " ")


def test_a_target_that_it_cannot_be_translated_for_is_named_with_the_field_in_the_way() -> None:
    turn = {"role": "user", "content": "hi"}
    body = {"model": "cheap", "messages": [turn], "max_tokens": 5, "logprobs": True}
    Path("request.json").write_text(json.dumps(body))
    order = order_of("--surface", "chat", "request.json")
    opus = next(each for each in order["targets"] if "opus" in each["target"])
    assert not opus["fits"]
    assert opus["why_not"].startswith("passed over when it is reached: logprobs: ")
    gpt = next(each for each in order["targets"] if "gpt-4o" in each["target"])
    assert (gpt["fits"], gpt["why_not"]) == (True, None)


def test_scores_are_the_operators_until_results_are_stored() -> None:
    order = order_of(asked("scored"))
    assert names(order) == ["gpt-4o", "claude-haiku-5-5"]
    assert order["chosen_by"] == "best: score 5, next no score"
    assert order["scores"].startswith("no benchmark result is stored")
    assert "no benchmark result is stored" in run("request.json").stdout
    assert order["targets"][0]["weight"] == 2


def test_a_time_is_what_the_ledger_tells_of_the_last_quarter_of_an_hour() -> None:
    now = datetime.now(UTC)
    at_us = int((now - timedelta(minutes=5)).timestamp() * 1e6)
    told = {"provider": NAME[0], "model_sent": NAME[1], "usage_from": "provider", "output": 40}
    with contextlib.closing(connect(Path("it.db"))) as connection:
        migrate(connection)
        sign_in(connection, 1)
        rows = [entry(id=str(n), at_us=at_us, ttft_us=250_000 + n, **told) for n in range(3)]
        old = [entry(id="o", at_us=at_us - 10**9, ttft_us=9, **told)]
        write(connection, 1, Batch(1, [*old, *rows], [], []))
    order = order_of("--prefer", "speed", "--stream", "--deadline-ms", "100", asked("pair"))
    slow = order["targets"][1]
    assert (slow["target"], slow["measured"]) == ("anthropic:claude-haiku-5-5", 3)
    assert slow["pace_s"] == pytest.approx(0.250001)
    assert (slow["fits"], slow["output_tokens"]) == (False, 40)
    assert slow["why_not"] == "takes 0.25 s of the 0.1 s it may"
    assert order["deadline_ms"] == 100
    shown = run("--prefer", "speed", "--stream", "request.json").stdout
    assert "0.25 s" in shown
    assert "not known (0 calls)" in shown


def test_without_a_ledger_nothing_is_known() -> None:
    memory = recall(Path("none.db"), [NAME], datetime.now(UTC))
    assert memory.pace(NAME, 0.0, stream=True) == (None, 0)
    assert recall(None, [NAME], datetime.now(UTC)).output(NAME) is None


def test_hints_are_read_as_the_gateway_reads_them() -> None:
    config = Config(tags=(Tag("nightly", "cost"),))
    assert wish_of(config, Hints()) == NO_WISH
    assert wish_of(config, Hints("speed", ("nightly",), 500)) == Wish("fastest", "header", 0.5)


def test_a_surface_nobody_speaks_has_no_order() -> None:
    told = json.loads(run("--model", "pair", "--surface", "embeddings", "--json").stdout)
    assert told["order"] is None
