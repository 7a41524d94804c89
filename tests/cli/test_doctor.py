"""`headgate doctor`: everything worth knowing before the first call, and an exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main, toolchains
from headgate.cli.checkup import Finding
from headgate.ledger.insert import Batch, write
from headgate.store.sqlite import connect
from tests.ledger.rows import INTENT

WHOLE = "sk-ant-api03-" + "Ab1_" * 23 + "xyz"


@pytest.fixture(autouse=True)
def on_a_quiet_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", WHOLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(toolchains, "findings", lambda: [Finding("languages", "ok", "sh: 1")])
    (tmp_path / "headgate.toml").write_text("[server]\nport = 0\n")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *words])


def findings(*words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("--json", *words).stdout)["findings"]
    return found


def test_a_healthy_house_is_described_and_exit_code_is_0() -> None:
    result = run()
    assert result.exit_code == 0, result.output
    for words in (
        "ok    headgate.toml",
        "ok    anthropic: ANTHROPIC_API_KEY, 108 characters",
        "claude-*: anthropic x3",
        "connect 2 s, whole call 600 s, silence 300 s",
        "genai-prices",
        "a synced write takes",
        "none was created",
        "open files allowed",
        "sh: 1",
    ):
        assert words in result.stdout
    assert "0 failed" in result.stderr
    assert WHOLE not in result.output


def test_a_failure_is_exit_code_1_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text("[serve]\n")
    result = run()
    assert result.exit_code == 1
    assert "FAIL  serve (line 1): unknown section [serve]" in result.stdout
    assert "hint: did you mean 'server'?" in result.stdout
    assert "open files allowed" in result.stdout


def test_json_holds_the_same_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    result = run("--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"]) == (1, False)
    failed = [each for each in told["findings"] if each["state"] == "fail"]
    assert [each["area"] for each in failed] == ["configuration"]
    assert "export ANTHROPIC_API_KEY" in failed[0]["hint"]


def test_keys_and_calls_left_open_are_counted() -> None:
    assert CliRunner().invoke(main, ["keys", "create", "--name", "alice"]).exit_code == 0
    told = {each["area"]: each["what"] for each in findings()}
    assert told["keys"] == "1 of 1 keys live"
    CliRunner().invoke(main, ["keys", "revoke", "alice"])
    (keys,) = [each for each in findings() if each["area"] == "keys"]
    assert (keys["state"], keys["what"]) == ("warn", "0 of 1 keys live")


def test_calls_never_settled_are_counted_and_the_hint_shows_them(nobody_home: Path) -> None:
    connection = connect(nobody_home / "headgate" / "headgate.db")
    connection.execute(
        "INSERT INTO owner (n, lock, pid, started_us, batch) VALUES (1, 'lock', 1, 0, 0)"
    )
    write(connection, 1, Batch(1, [], [(1, INTENT._replace(id="lost"))], []))
    connection.execute("UPDATE intent SET state = 'orphaned'")
    connection.close()
    (left,) = [each for each in findings() if each["area"] == "ledger"]
    assert left["what"].startswith("1 calls were sent and never settled")
    command = left["hint"].removeprefix("headgate ").removesuffix(" shows them").split()
    assert "lost" in CliRunner().invoke(main, command).stdout


def test_a_ledger_that_is_none_is_a_failure(nobody_home: Path) -> None:
    folder = nobody_home / "headgate"
    folder.mkdir(exist_ok=True)
    (folder / "headgate.db").write_text("this is no database, but it is long enough " * 50)
    assert run().exit_code == 1
    assert [each["area"] for each in findings() if each["state"] == "fail"] == ["ledger"]


def test_live_calls_are_made_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text(
        "[server]\nport = 0\n[providers.anthropic]\nbase_url = 'http://127.0.0.1:9'\n"
    )
    assert run().exit_code == 0
    result = run("--live")
    assert result.exit_code == 1
    assert "anthropic: the network fails: " in result.stdout


def test_a_stream_address_that_answers_nobody_is_a_failure() -> None:
    result = run("--stream", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "is anything listening there?" in result.stdout


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "'nonsense' must begin with http://"),
        ("localhost:4100", "'localhost:4100' must begin with http://"),
        ("http://", "names no host"),
        ("http://127.0.0.1:99999", "no valid port"),
        ("http://[::1", "'http://[::1': Invalid IPv6"),
    ],
)
def test_a_stream_address_that_is_none_is_named_with_the_remedy(url: str, words: str) -> None:
    result = run("--stream", url)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "hint: give the address that clients use, such as https://" in result.stderr


def test_fix_installs_what_languages_lack_and_looks_at_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fix(say: Callable[[str], None]) -> list[Finding]:
        say("go: installing it")
        return [Finding("languages", "fail", "go: no room", "make some")]

    monkeypatch.setattr(toolchains, "fix", fix)
    result = run("--fix")
    assert result.exit_code == 1
    assert "go: installing it" in result.stderr
    assert "hint: make some" in result.stdout
    assert "credentials" not in result.stdout
