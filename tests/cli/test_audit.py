"""One command, no configuration: somebody with a ~/.claude learns what it cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.audits import _home, claude_home, run, told

__all__ = ("_home",)


@pytest.mark.slow
def test_without_a_ledger_it_reads_what_lies_in_the_usual_places(tmp_path: Path) -> None:
    root = claude_home(tmp_path)
    found = told()
    assert [it["name"] for it in found["sources"]] == ["claude-code"]
    assert found["spend_nusd"] > 0
    assert found["read"][0]["kind"] == "claude-code"
    assert found == told(str(root)), "a source that is named says the same"


@pytest.mark.slow
def test_the_first_screen_says_what_transcripts_cannot_tell(tmp_path: Path) -> None:
    claude_home(tmp_path)
    text = run("--quick").stdout
    assert "claude-code: carries no system prompts" in text
    assert "look here" in text or "Largest single day" in text


@pytest.mark.slow
def test_files_that_are_left_out_are_told(tmp_path: Path) -> None:
    root = claude_home(tmp_path)
    (root / "projects" / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    (root / "projects" / "notes.jsonl").write_text("no transcript\n")
    assert "notes.jsonl: no format fits" in run().stdout
    left_out = {Path(it["file"]).name: it["why"] for it in told()["unread"]}
    assert left_out == {
        "gone.jsonl": "No such file or directory",
        "notes.jsonl": "no format fits what it holds",
    }


def test_with_nothing_to_audit_it_says_what_to_do() -> None:
    done = run()
    assert done.exit_code == 1
    assert "there is nothing to audit" in done.stderr
    assert "headgate audit ~/.claude" in done.stderr


def test_a_source_that_is_not_there_is_named() -> None:
    done = run("nowhere")
    assert done.exit_code == 2
    assert "nowhere" in done.stderr


def test_the_other_commands_of_the_group_are_still_there() -> None:
    assert "--suggest" in run("purposes", "--help").stdout
    assert "applied" in run("--help").stdout
