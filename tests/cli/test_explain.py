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


def test_several_accounts_are_named_with_what_decides_among_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OTHER", KEY[:-1] + "a")
    keys = 'api_keys = ["env:ANTHROPIC_API_KEY", "env:OTHER"]'
    (tmp_path / "headgate.toml").write_text(f"[providers.anthropic]\n{keys}\n")
    result = run("--model", "claude-opus-5-5")
    assert "ANTHROPIC_API_KEY or OTHER" in result.stdout
    assert "keys    anthropic: a conversation keeps to one of them" in result.stdout
    assert KEY[:-1] not in result.output


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
    result = run("--model", "claude-opus-5-5", "--surface", "embeddings")
    assert "skipped: anthropic does not speak embeddings" in result.stdout
    assert "no target of this ladder speaks this surface" in result.stderr


def test_a_target_of_another_dialect_is_shown_with_what_it_takes() -> None:
    result = run("--model", "claude-opus-5-5", "--surface", "chat")
    assert "https://api.anthropic.com/v1/messages (translated to messages)" in result.stdout
    assert "takes   anthropic:claude-opus-5-5: thinking adaptive, efforts low" in result.stdout
    assert "no forced_tools" in result.stdout


ASK = {
    "model": "claude-opus-5-5",
    "max_tokens": 128_000,
    "top_k": 5,
    "messages": [{"role": "user", "content": "hi"}],
}


def test_what_a_translation_loses_is_told_without_configuration_or_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    (tmp_path / "request.json").write_text(json.dumps(ASK))
    result = run("--from", "messages", "--to", "openai:gpt-4o", "request.json")
    assert result.exit_code == 0, result.stderr
    for words in (
        "messages to openai:gpt-4o, by chat",
        "  max_tokens: ",
        "16384",
        "  top_k: dropped",
        "2 losses; it passes",
    ):
        assert words in result.stdout


def test_a_request_that_would_be_refused_ends_with_1_and_names_the_field(
    tmp_path: Path,
) -> None:
    (tmp_path / "request.json").write_text(json.dumps(ASK | {"container": "c"}))
    result = run("--to", "openai:gpt-4o", "--file", "request.json")
    assert result.exit_code == 1
    assert "  container: refused: " in result.stdout
    assert "400: it would be refused" in result.stdout


def test_the_translated_body_is_data_and_the_losses_are_words() -> None:
    asked = ("--from", "messages", "--to", "openai:gpt-4o")
    shown = CliRunner().invoke(
        main, ["explain", *asked, "--show-body", "-"], input=json.dumps(ASK)
    )
    body = json.loads(shown.stdout)
    assert (body["model"], body["max_completion_tokens"]) == ("gpt-4o", 16_384)
    assert "top_k: dropped" in shown.stderr
    told = CliRunner().invoke(main, ["explain", *asked, "--json", "-"], input=json.dumps(ASK))
    data = json.loads(told.stdout)
    assert data["body"] == body
    assert (data["passes"], data["from"], data["to"]) == (True, "messages", "chat")
    assert [loss["field"] for loss in data["losses"] if loss["refused"]] == []


def test_a_target_that_speaks_the_callers_dialect_gets_the_request_as_it_is() -> None:
    shown = CliRunner().invoke(
        main, ["explain", "--to", "anthropic:claude-opus-5", "-"], input=json.dumps(ASK)
    )
    assert shown.exit_code == 0
    assert "anthropic:claude-opus-5 speaks messages: the request passes" in shown.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "give --model NAME or FILE"),
        (["--model", "claud-opus"], 1, "404: no model 'claud-opus' here"),
        (["--file", "nothing.json"], 1, "cannot be read"),
        (["--file", "list.json"], 1, "must be a JSON object"),
        (["--to", "openai:gpt-4o"], 2, "give the request: FILE, or - to read it"),
        (["--to", "opnai:gpt-4o", "ask.json"], 1, "did you mean openai:gpt-4o?"),
        (["--to", "openai:gpt-4o", "nothing.json"], 1, "cannot be read"),
        (["--to", "openai:gpt-4o", "ask.json"], 1, "400: messages"),
        (["--model", "claude-x", "--surface", "nonsense"], 2, "nonsense"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "ask.json").write_text('{"model": "m", "max_tokens": 1, "messages": 7}')
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


def test_a_key_is_explained_with_what_its_call_would_be_charged_to(tmp_path: Path) -> None:
    make = ["keys", "create", "--name", "al", "--budget", "20/day", "--limit", "concurrent=5"]
    assert CliRunner().invoke(main, make).exit_code == 0
    body = {"model": "claude-haiku-5-5", "max_tokens": 1000, "messages": []}
    (tmp_path / "request.json").write_text(json.dumps(body))
    shown = run("request.json", "--key-id", "al").stdout
    assert "charged to house, organisation:o_default, team:t_default, key:k_" in shown
    assert "key 'al': $20 a day, $20.0000 left" in shown
    assert "key 'al': 5 calls at once" in shown
    assert "at the worst, probably" in shown
    told = json.loads(run("request.json", "--key-id", "al", "--json").stdout)["charge"]
    assert told["capped"][0]["budgets"][0]["fits"] is True


def test_what_a_key_says_of_the_prompt_cache_goes_over_route_and_house() -> None:
    make = ["keys", "create", "--name", "al", "--prompt-cache", "on"]
    assert CliRunner().invoke(main, make).exit_code == 0
    shown = run("--model", "claude-x", "--key-id", "al").stdout
    assert "caches  prompt on, reply off, join off" in shown
    assert "caches  prompt advise, reply off" in run("--model", "claude-x").stdout
