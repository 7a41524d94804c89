"""`headgate setup`: prints a client's lines, writes them, and takes them out again."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.cli.clients import read_clients


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["setup", *words])


@pytest.mark.parametrize("client", read_clients())
def test_every_client_prints_its_lines_and_changes_nothing(
    client: str, nobody_home: Path
) -> None:
    result = run(client, "--url", "http://gate.test:9", "--key", "hg-abc")
    assert result.exit_code == 0
    assert "http://gate.test:9" in result.stdout
    assert "hg-abc" in result.stdout
    assert list(nobody_home.iterdir()) == []


def test_claude_code_takes_two_lines() -> None:
    assert run("claude-code").stdout.splitlines()[:2] == [
        "export ANTHROPIC_BASE_URL=http://127.0.0.1:4100",
        "export ANTHROPIC_AUTH_TOKEN=headgate",
    ]


def test_the_address_comes_from_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "headgate.toml"
    path.write_text('[server]\nhost = "0.0.0.0"\nport = 4242\ntls_cert = "a"\ntls_key = "b"\n')
    seen = json.loads(run("claude-code", "--json", "--config", str(path)).stdout)
    assert seen["url"] == "https://127.0.0.1:4242"
    assert seen["env"]["ANTHROPIC_BASE_URL"] == seen["url"]
    path.write_text("[serve]")
    assert run("claude-code", "--config", str(path)).exit_code == 1


@pytest.mark.parametrize("more", [[], ["--write"]])
def test_whoever_has_created_keys_is_told_to_give_one(
    more: list[str], nobody_home: Path
) -> None:
    assert "any key works" in run("claude-code", *more).stderr
    assert not (nobody_home / "headgate").exists()
    CliRunner().invoke(main, ["keys", "create", "--name", "alice"])
    told = run("claude-code", *more).stderr
    assert "this Headgate asks for a key" in told
    assert "any key works" not in told
    assert "any key works" in run("claude-code", "--url", "http://elsewhere:1").stderr
    given = run("claude-code", "--key", "hg-abc").stderr
    assert "any key works" not in given
    assert "asks for a key" not in given


def test_a_broken_file_nobody_named_does_not_stand_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headgate.toml").write_text("[serve]")
    result = run("curl")
    assert result.exit_code == 0
    assert "headgate.toml has mistakes" in result.stderr
    assert "http://127.0.0.1:4100/v1/messages" in result.stdout


def test_writing_claude_codes_settings_twice_is_writing_once(nobody_home: Path) -> None:
    path = nobody_home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"model": "opus", "env": {"ANTHROPIC_BASE_URL": "http://old"}}')
    first = run("claude-code", "--key", "hg-0123456789", "--write")
    assert first.exit_code == 0
    assert '+    "ANTHROPIC_AUTH_TOKEN": "hg-***"' in first.stdout
    written = path.read_text()
    assert json.loads(written)["model"] == "opus"
    assert json.loads(written)["env"]["ANTHROPIC_AUTH_TOKEN"] == "hg-0123456789"
    again = run("claude-code", "--key", "hg-0123456789", "--write")
    assert (again.stdout, path.read_text()) == ("", written)
    assert run("claude-code", "--undo").exit_code == 0
    assert path.read_text() == '{"model": "opus", "env": {"ANTHROPIC_BASE_URL": "http://old"}}'
    assert list(path.parent.iterdir()) == [path]


def test_a_named_key_is_fetched_by_a_command_and_not_written(nobody_home: Path) -> None:
    path = nobody_home / ".claude" / "settings.json"
    run("claude-code", "--key", "hg-0123456789", "--write")
    run("claude-code", "--key-env", "TEAM_KEY", "--write")
    settings = json.loads(path.read_text())
    assert settings["apiKeyHelper"] == "printenv TEAM_KEY"
    assert "ANTHROPIC_AUTH_TOKEN" not in settings["env"]
    run("claude-code", "--undo")
    assert list(path.parent.iterdir()) == []


def test_codex_settings_are_written_and_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    path = tmp_path / "config.toml"
    path.write_text('model = "x"\n[history]\nkeep = true\n')
    seen = json.loads(run("codex", "--write", "--json").stdout)
    assert seen == {"file": str(path), "changed": True, "did": "written"}
    assert tomllib.loads(path.read_text())["model_provider"] == "headgate"
    assert run("codex", "--undo").exit_code == 0
    assert path.read_text() == 'model = "x"\n[history]\nkeep = true\n'


def test_a_broken_settings_file_is_left_alone_and_named(nobody_home: Path) -> None:
    path = nobody_home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text("{ // mine\n}")
    result = run("claude-code", "--write")
    assert result.exit_code == 1
    assert f"{path} was left as it is: it is not JSON" in result.stderr
    assert path.read_text() == "{ // mine\n}"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["cluade"], 1, "did you mean 'claude-code'?"),
        (["cursor", "--write"], 1, "headgate setup cursor prints what to enter"),
        (["codex", "--undo"], 1, "nothing to undo"),
        (["codex", "--undo", "--write"], 2, "exclude each other"),
        (["codex", "--key", "a", "--key-env", "B"], 2, "exclude each other"),
        (["codex", "--key", "a b"], 2, "--key is no key"),
        (["codex", "--key-env", "a-b"], 2, "takes the name of a variable"),
        (["codex", "--url", "localhost:9"], 2, "is no address"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(words: list[str], code: int, said: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_without_a_client_all_of_them_are_listed() -> None:
    names = [each["name"] for each in json.loads(run("--json").stdout)]
    assert names == list(read_clients())
    assert all(name in run().stdout for name in names)
