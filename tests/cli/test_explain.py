"""`headgate explain`: what a request would meet, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main

KEY = "sk-ant-api03-" + "Ab1_" * 23 + "xyz"


@pytest.fixture(autouse=True)
def with_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["explain", *words])


def test_a_model_is_explained_without_sending_anything() -> None:
    result = run("--model", "claude-opus-5-5", "--stream")
    assert result.exit_code == 0, result.stderr
    for words in (
        "claude-opus-5-5 by messages, streamed",
        "no key was ever created",
        "claude-*: no [models] entry matches, and anthropic serves claude-*",
        "https://api.anthropic.com/v1/messages",
        "1 s, 2 s",
        "connect 2 s, whole call 600 s, silence 300 s",
        "up to 10,000 ms",
        "genai-prices",
    ):
        assert words in result.stdout
    assert KEY not in result.output


def test_a_request_file_says_model_surface_and_size(tmp_path: Path) -> None:
    body = {"model": "claude-haiku-5-5", "max_tokens": 1000, "stream": True, "messages": []}
    (tmp_path / "request.json").write_text(json.dumps(body))
    seen = json.loads(run("--file", "request.json", "--json").stdout)
    assert (seen["model"], seen["surface"], seen["stream"]) == (
        "claude-haiku-5-5",
        "messages",
        True,
    )
    assert seen["input"]["bytes"] == len(json.dumps(body))
    assert seen["ladder"][0]["estimate"]["at_most_usd"]
    assert "at most $" in run("--file", "request.json").stdout


@pytest.mark.parametrize(
    ("body", "surface"),
    [
        ({"model": "m", "max_tokens": 1, "messages": []}, "messages"),
        ({"model": "m", "messages": []}, "chat"),
        ({"model": "m", "messages": [], "max_completion_tokens": 1}, "chat"),
        ({"model": "m", "input": "x", "instructions": "y"}, "responses"),
        ({"model": "m", "input": ["x"]}, "embeddings"),
    ],
)
def test_the_surface_is_told_by_the_bodys_fields(
    tmp_path: Path, body: dict[str, object], surface: str
) -> None:
    (tmp_path / "request.json").write_text(json.dumps(body))
    seen = run("--file", "request.json", "--json", "--model", "anthropic:x")
    assert json.loads(seen.stdout)["surface"] == surface


def test_a_surface_nobody_speaks_is_said_aloud() -> None:
    result = run("--model", "claude-opus-5-5", "--surface", "chat")
    assert "skipped: anthropic does not speak chat" in result.stdout
    assert "no target of this ladder speaks this surface" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "give --model NAME or --file"),
        (["--model", "claud-opus"], 1, "404: no model 'claud-opus' here"),
        (["--file", "nothing.json"], 1, "cannot be read"),
        (["--file", "list.json"], 1, "must be a JSON object"),
        (["--model", "claude-x", "--surface", "nonsense"], 2, "nonsense"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    (tmp_path / "list.json").write_text("[]")
    result = run(*words)
    assert result.exit_code == code
    assert said in result.stderr


def test_without_any_provider_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    result = run("--model", "claude-x")
    assert result.exit_code == 1
    assert "export ANTHROPIC_API_KEY" in result.stderr


def test_a_key_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", f'"{KEY}"')
    result = run("--model", "claude-x")
    assert result.exit_code == 1
    assert "has quotes around it" in result.stderr


def gate(*words: str) -> dict[str, object]:
    result = run("--model", "claude-x", "--json", *words)
    assert result.exit_code == 0, result.stderr
    told: dict[str, object] = json.loads(result.stdout)["gate"]
    return told


def test_a_key_is_judged_as_the_gateway_would() -> None:
    made = CliRunner().invoke(main, ["keys", "create", "--name", "alice", "--json"])
    secret = json.loads(made.stdout)["secret"]
    assert gate()["open"] is None
    assert gate("--key", secret)["open"] is True
    assert gate("--key-id", "alice")["open"] is True
    assert gate("--key", "hg-unheard-of") == {"open": False, "why": "401: the key is unknown"}
    CliRunner().invoke(main, ["keys", "revoke", "alice"])
    assert gate("--key", secret) == {"open": False, "why": "401: the key is revoked"}
    assert "is revoked" in str(gate("--key-id", "alice")["why"])
    assert run("--model", "claude-x", "--key-id", "bob").exit_code == 1
