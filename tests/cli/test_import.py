"""headgate import says what it brought, what it left out, and how to take it back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from tests.ledger.importers import transcripts
from tests.ledger.importers.reads import lay_lines
from tests.ledger.importers.test_claude_code import ANSWER, USER, changed


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "HEADGATE_CONFIG", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HEADGATE_HOME", str(home / "state"))
    monkeypatch.chdir(home)
    return home


def ask(*args: object) -> Result:
    return CliRunner().invoke(main, ["import", *map(str, args)])


def data(*args: object) -> Any:
    result = ask(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_without_a_source_the_usual_places_are_looked_at(home: Path) -> None:
    lay_lines(home / ".claude" / "projects" / "p" / "a.jsonl", [USER, ANSWER])
    result = ask()
    assert result.exit_code == 0, result.output
    assert f"found {home}/.claude" in result.stderr
    assert "brought 1 call from 2026-11-21 to 2026-11-21" in result.stdout
    assert "headgate audit shows" in result.stderr


def test_a_usual_place_without_a_file_is_passed_over(home: Path) -> None:
    (home / ".claude" / "projects").mkdir(parents=True)
    lay_lines(home / ".config" / "claude" / "projects" / "p" / "a.jsonl", [ANSWER])
    result = ask()
    assert result.exit_code == 0, result.output
    assert "brought 1 call from" in result.stdout


def test_a_file_that_cannot_be_read_to_its_end_is_named(home: Path) -> None:
    lay_lines(home / "src" / "a.jsonl", [ANSWER])
    packed = gzip.compress((home / "src" / "a.jsonl").read_bytes() * 900)
    (home / "src" / "b.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    result = ask(home / "src")
    assert result.exit_code == 0, result.output
    assert "the packed file is damaged" in result.output


def test_where_nothing_lies_it_says_where_it_looked() -> None:
    result = ask()
    assert result.exit_code == 1
    assert "nothing lies in the usual places" in result.stderr
    assert "~/.claude" in result.stderr
    assert "headgate import SOURCE" in result.stderr


def test_every_malformed_line_is_shown_with_its_place_and_why(home: Path) -> None:
    path = lay_lines(
        home / "a.jsonl", [ANSWER, '{"type":"assis', changed(output_tokens=-1), USER]
    )
    with open(path, "ab") as more:
        more.write(b'{"type":"user","uuid":"\xff"}\n{"cut":')
    result = ask(path)
    assert result.exit_code == 0, result.output
    for text in (
        f"{path}:2: it is cut off: no JSON object ends in it",
        f"{path}:3: a count of tokens is negative",
        f"{path}:5: it is not UTF-8",
        f"{path}:6: the last line is cut off",
        "could not be read, 1 line: it is not UTF-8",
        "lines that tell of no call: user 1",
    ):
        assert text in result.stdout


def test_a_model_without_a_price_is_named_with_the_remedy(home: Path) -> None:
    line = ANSWER | {"message": ANSWER["message"] | {"model": "claude-next-9"}}
    result = ask(lay_lines(home / "a.jsonl", [line]))
    assert "no price is known for claude-next-9 (1)" in result.stdout
    assert "[prices.overrides]" in result.stdout


def test_an_import_is_listed_and_undone_and_can_be_repeated(home: Path) -> None:
    path = lay_lines(home / "a.jsonl", [ANSWER])
    (first,) = data(path)
    assert first["calls"] == 1
    assert "brought nothing: no call in it is new" in ask(path).stdout
    (row,) = data("list")
    assert (row["id"], row["state"], row["detail"]["kind"]) == (
        first["id"],
        "done",
        "claude-code",
    )
    assert first["id"] in ask("list").stdout
    assert "1 row of" in ask("undo", first["id"]).stderr
    again = ask("undo", first["id"])
    assert again.exit_code == 1
    assert "could be undone" in again.stderr
    assert data(path)[0]["calls"] == 1
    assert data("undo", data("list")[1]["id"])["rows"] == 1


def test_a_dry_run_only_says_what_it_would_bring(home: Path) -> None:
    path = lay_lines(home / "a.jsonl", [ANSWER])
    assert "would bring 1 call" in ask(path, "--dry-run").stdout
    assert data("list") == []
    assert "nothing was imported yet" in ask("list").stderr


def test_overlapping_copies_are_counted_once_and_said(home: Path) -> None:
    lay_lines(home / "src" / "a.jsonl", [ANSWER])
    lay_lines(home / "src" / "b.jsonl", [ANSWER, ANSWER | {"uuid": "a2"}])
    text = ask(home / "src").stdout
    assert "in two places, and counted once: 1 call" in text
    assert "told more of a call already told: 1 line" in text


def test_files_that_are_left_out_are_named(home: Path) -> None:
    lay_lines(home / "src" / "a.jsonl", [ANSWER])
    for n in range(7):
        lay_lines(home / "src" / f"x{n}.jsonl", [{"what": "else"}])
    result = ask(home / "src")
    assert f"left out: {home}/src/x0.jsonl: no format fits what it holds" in result.stderr
    assert "left out: 2 more" in result.stderr
    assert sum("left_out" in it for it in data(home / "src")) == 7


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nowhere"], "nowhere is not there"),
        (["--as", "plums", "."], "--as takes one of:"),
        (["--map", "ts", "."], "says not which column is what"),
        (["--map", "ts=", "."], "NAME=COLUMN"),
        (["empty"], "empty holds nothing to import"),
        (["odd.jsonl"], "odd.jsonl is in no format that is known; tried:"),
        (["undo", "imp_1"], "nothing is imported"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(
    home: Path, args: list[str], words: str
) -> None:
    (home / "empty").mkdir()
    lay_lines(home / "odd.jsonl", [{"what": "else"}])
    result = ask(*args)
    assert result.exit_code != 0
    assert words in result.stderr
    assert "hint: " in result.stderr
    assert "Traceback" not in result.output


def test_columns_are_named_in_one_option_or_in_several(home: Path) -> None:
    (home / "a.csv").write_text("when,name,in,out\n2026-11-20T10:00:00Z,gpt-4.1,100,5\n")
    one = data(home / "a.csv", "--map", "ts=when,model=name", "--map", "input=in,output=out")
    assert (one[0]["kind"], one[0]["calls"]) == ("table", 1)


@pytest.mark.slow
def test_a_whole_folder_of_transcripts_is_brought_by_the_documented_rule(home: Path) -> None:
    files = transcripts.folder(11, 3, 5, 60)
    transcripts.write(home / ".claude", files)
    (told,) = data(home / ".claude")
    rule = transcripts.expected(line for lines in files.values() for line in lines)
    assert told["calls"] == len(rule)


@pytest.mark.slow
def test_a_sheet_of_costs_is_brought_at_its_dollars(home: Path) -> None:
    (home / "a.csv").write_text("date,model,cost\n2026-08-01,gpt-4o,12.50\n")
    text = ask(home / "a.csv").stdout
    assert "2026-08-01, $12.5000 as the source states" in text
    assert (
        "at the cost their source states, for want of tokens or of a listed price: 1 row"
        in text
    )


@pytest.mark.slow
def test_two_groupings_of_the_same_days_in_one_import_are_told(home: Path) -> None:
    head = "date,model,project,input_tokens,output_tokens,requests\n"
    folder = home / "both"
    folder.mkdir()
    (folder / "a.csv").write_text(
        head + "2026-08-01,gpt-4o,x,600,10,2\n2026-08-01,gpt-4o,y,400,20,3\n"
    )
    (folder / "b.csv").write_text(head + "2026-08-01,gpt-4o,,1000,30,5\n")
    text = ask(folder, "--dry-run").stdout
    assert "1 day (2026-08-01) both in" in text
    assert "undo it, and import one of the two" in text
