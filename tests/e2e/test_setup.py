"""What `headgate setup --write` leaves behind is all a real client needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.street import CLIENTS, HEADGATE, Ran, Street, need, run_client

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]

QUIET = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}


def set_up(home: Path, *words: str) -> None:
    ran = run_client([str(HEADGATE), "setup", *words], {}, home)
    assert ran.code == 0, ran.err


def claude(home: Path, **env: str) -> Ran:
    need(CLIENTS / "claude", "Claude Code")
    command = [str(CLIENTS / "claude"), "-p", "hi", "--output-format", "json"]
    return run_client(command, QUIET | env, home)


@pytest.mark.parametrize("named", [False, True], ids=["key-written", "key-named"])
def test_claude_code_needs_nothing_but_its_settings_file(
    street: Street, fresh_home: Path, named: bool
) -> None:
    how = ["--key-env", "TEAM_KEY"] if named else ["--key", street.key]
    set_up(fresh_home, "claude-code", "--url", street.url, *how, "--write")
    mark = street.mark()
    ran = claude(fresh_home, **({"TEAM_KEY": street.key} if named else {}))
    assert ran.json["is_error"] is False, ran.out + ran.err
    (row,) = street.rows_after(mark)
    assert (row["status"], row["key_id"] != "") == (200, True)
    set_up(fresh_home, "claude-code", "--undo")
    assert not (fresh_home / ".claude" / "settings.json").exists()


def test_codex_needs_nothing_but_its_settings_file_and_its_key(
    street: Street, fresh_home: Path
) -> None:
    need(CLIENTS / "codex", "Codex")
    set_up(fresh_home, "codex", "--url", street.url, "--key-env", "TEAM_KEY", "--write")
    mark = street.mark()
    command = [str(CLIENTS / "codex"), "exec", "--json", "--skip-git-repo-check"]
    ran = run_client(
        [*command, "-m", "gpt-5.6-terra", "say hi"], {"TEAM_KEY": street.key}, fresh_home
    )
    assert ran.code == 0, ran.out + ran.err
    (row,) = street.rows_after(mark)
    assert (row["surface"], row["status"]) == ("responses", 200)
    set_up(fresh_home, "codex", "--undo")
    left = fresh_home / ".codex" / "config.toml"
    assert not left.exists() or "headgate" not in left.read_text()
