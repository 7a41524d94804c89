"""`headgate config`: what is printed reads back to what is in force."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.config import Config, load

TEXT = """
[server]
port = 4242
admin_token = "env:ADMIN"
[retry]
waits_s = [0.5, 2]
[prices.overrides."one:x y"]
input = "0.25"
[providers.one]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
api_key = "env:ONE"
paths = { embeddings = "" }
[providers.pool]
kind = "vllm"
base_url = "http://127.0.0.1:9/v1"
limits = { requests = 900, concurrent = 20 }
api_keys = ["env:ONE", { key = "env:TWO", limits = { output_tokens = 5000 } }]
[providers.ollama]
models = []
[cache]
prompt = "on"
reply = "deterministic"
ttl_s = 60
[limits]
queue_calls = 7
when_unreachable = "open"
[limits.each_key]
requests = 60
[limits."model:one-*"]
concurrent = 3
[budgets."tag:a=b"]
day = "0.25"
warn_at = [0.5]
[models]
"one-*" = "one"
[models."fast \\"one\\""]
ladder = ["one:small x2", "ollama"]
canned = "sorry,\\nreally"
silence_s = 5
prompt_cache = "off"
join = "all"
[models.shared]
policy = "weighted"
hints = false
ladder = [{ target = "one:small x2", weight = 2.5, quality = 7 }, "ollama"]
[routing.tags.nightly]
prefer = "cost"
[routing.tags."a=b"]
prefer = "speed"
"""
ENV = {"ADMIN": "hunter2-admin", "ONE": "hunter2-one", "TWO": "hunter2-two"}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["config", *words])


def test_what_is_printed_reads_back_to_the_same_configuration(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text(TEXT)
    printed = run()
    assert printed.exit_code == 0, printed.stderr
    assert "hunter2" not in printed.output
    text = printed.stdout.replace('admin_token = "***"', 'admin_token = "env:ADMIN"')
    again = load(text, os.environ, source="headgate.toml")
    before = load(TEXT, ENV, source="headgate.toml")
    assert replace(again, notes=()) == replace(before, notes=())


def test_json_shows_the_same_and_hides_secrets(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text(TEXT)
    shown = json.loads(run("--json").stdout)
    assert shown["server"]["port"] == 4242
    assert shown["providers"]["one"]["api_key"] == "***"
    assert shown["providers"]["pool"]["api_keys"] == {"ONE": "***", "TWO": "***"}


def test_the_example_changes_nothing_as_it_stands_or_with_every_default_uncommented() -> None:
    text = run("--example").stdout
    assert load(text, {}, source="").retry == Config().retry
    plain = text.partition("# A provider is named once")[0]
    switched_on = re.sub(r"^# (?=\w+ = )", "", plain, flags=re.M)
    config = load(switched_on, {}, source="")
    assert (config.server, config.retry, config.ledger, config.prices, config.cache) == (
        Config().server,
        Config().retry,
        Config().ledger,
        Config().prices,
        Config().cache,
    )
    assert config.caps == Config().caps


def test_the_examples_below_it_are_right_too() -> None:
    examples = "# A provider is" + run("--example").stdout.partition("# A provider is")[2]
    lines = [line.removeprefix("# ") for line in examples.splitlines() if "# " in line[:2]]
    text = "\n".join(line for line in lines if not line.endswith(".") or "=" in line)
    env = {"ANTHROPIC_API_KEY": "a-key-for-tests", "MY_LLM_KEY": "another"}
    config = load(text, env, source="it")
    assert len(config.routes) > 3
    assert config.caps.each_key.limits.requests == 300
    assert [budget.period for budget in config.caps.house.budgets] == ["day", "month"]


def test_every_mistake_is_told_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "candidate.toml").write_text("[servre]\n[retry]\ntires = 3\n")
    result = run("--config", "candidate.toml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "candidate.toml has 2 mistakes" in result.stderr
    assert "did you mean 'tries'?" in result.stderr
