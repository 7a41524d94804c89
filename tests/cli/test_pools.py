"""headgate pools shows how accounts stand, of one worker or several, to people and programs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.cli import remote as asking
from headgate.sim.app import Options
from headgate.sim.scenario import Scenario
from tests.kit import message, running

NAMES = ("KEY_A", "KEY_B")
ENV = {name: f"sk-ant-api03-{name}-" + "t" * 80 for name in NAMES}
TOML = """
admin_token = "env:ADMIN"
[providers.anthropic]
base_url = "{sim}"
api_keys = ["env:KEY_A", "env:KEY_B"]
"""
TOKEN = "the-operators-own"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["pools", *words])


@pytest.mark.slow
async def test_it_asks_the_gateway_and_names_what_is_wrong_with_an_account() -> None:
    scenario = Scenario(bad_keys=(ENV["KEY_A"],))
    env = {**ENV, "ADMIN": TOKEN}
    async with running(TOML, options=Options(scenario=scenario), env=env) as field:
        for number in range(8):
            call = message("claude-haiku-5-5") | {"system": f"conversation {number}"}
            assert (await field.post("/v1/messages", call)).status == 200
        shown = await asyncio.to_thread(run, "--url", field.url, "--token", TOKEN)
        told = await asyncio.to_thread(run, "--url", field.url, "--token", TOKEN, "--json")
        refused = await asyncio.to_thread(run, "--url", field.url)
    assert shown.exit_code == 0, shown.output
    assert "quarantined" in shown.stdout
    assert "401 authentication_error" in shown.stdout
    assert "calls were answered although their own account could not" in shown.stdout
    assert ENV["KEY_A"] not in shown.stdout
    (pool,) = json.loads(told.stdout)
    states = {it["account"]: it["states"] for it in pool["accounts"]}
    assert states == {"KEY_A": {"quarantined": 1}, "KEY_B": {"live": 1}}
    assert (refused.exit_code, "admin" in refused.output) == (1, True)


def account(state: str, calls: int) -> dict[str, object]:
    headroom = {"requests": {"limit": 10, "left": 4}, "tokens": {"limit": 100, "left": 90}}
    return {
        "account": "A", "state": state, "calls": calls, "limited": 1, "refused": 0,
        "models": {"m": {"state": state, "wait_s": 0.0, "headroom": headroom}},
    }  # fmt: skip


def test_what_workers_know_is_added_and_where_they_differ_each_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gain = {
        "saved": {"short": 1500, "cooling": 0}, "avoided_429s": 2, "waited_s": 1.5,
        "input_tokens": 10, "cached_tokens": 9,
    }  # fmt: skip
    workers = [("live", 3), ("live", 1000), ("cooling", 0)]
    found = [{"target": "p:m", "cooling_s": 1.0}] + [
        {"pool": "p", "worker": n, "accounts": [account(*each)], "gain": gain}
        for n, each in enumerate(workers)
    ]
    monkeypatch.setattr(asking, "ask_targets", lambda url, token: found)
    text = run("--url", "http://127.0.0.1:1").stdout
    assert "2 live, 1 cooling" in text
    assert "1,003" in text
    assert "m: 40% of requests" in text
    assert "4,500 calls were answered" in text
    assert "(4,500 short)" in text
    assert "6 429s" in text
    assert "90% of prompts" in text


def test_where_nothing_was_asked_yet_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, ...]] = []

    def nothing(*words: str) -> list[object]:
        asked.append(words)
        return []

    monkeypatch.setattr(asking, "ask_targets", nothing)
    monkeypatch.setenv("KEY_A", ENV["KEY_A"])
    monkeypatch.setenv("ADMIN", TOKEN)
    file = tmp_path / "headgate.toml"
    file.write_text(
        '[server]\nhost = "::"\nport = 4444\nadmin_token = "env:ADMIN"\n'
        '[providers.anthropic]\napi_key = "env:KEY_A"\n'
    )
    said = run("--config", str(file))
    assert said.exit_code == 0, said.output
    assert "no account was asked yet" in said.stderr
    assert asked == [("http://[::1]:4444", TOKEN)]
