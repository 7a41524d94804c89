"""A report reads what it was told to, and nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.insert import Batch, write
from headgate.store.place import connect
from headgate.store.server import Server
from tests.cli.reports import call, data, ledger, run
from tests.ledger.book.pages import MONDAY_US, page
from tests.stores import sign_in


def test_a_key_may_be_named_as_people_name_it(tmp_path: Path) -> None:
    path = ledger(tmp_path)
    (row,) = data("spend", "--ledger", path, "--key", "ci")["spend"]["rows"]
    assert row["calls"] == 6


def test_a_span_counts_back_from_the_newest_call(tmp_path: Path) -> None:
    rows = data("spend", "--ledger", ledger(tmp_path), "--since", "2m")["spend"]["rows"]
    assert sum(row["calls"] for row in rows) == 2


@pytest.mark.slow
def test_a_store_on_a_server_is_read_as_the_configuration_names_it(
    tmp_path: Path, server_store: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(connect(server_store)) as connection:
        sign_in(connection, 1)
        write(connection, 1, Batch(1, [call(number) for number in range(5)], [], []))
    monkeypatch.setenv("BOOK_STORE", server_store.url)
    (tmp_path / "headgate.toml").write_text('[store]\nurl = "env:BOOK_STORE"\n')
    told = data("sessions", "--config", tmp_path / "headgate.toml")
    assert [it["calls"] for it in told["sessions"]["rows"]] == [5]


@pytest.mark.parametrize("named", ["one.parquet", "."])
def test_files_and_folders_of_them_are_read_instead(tmp_path: Path, named: str) -> None:
    rows: list[dict[str, Any]] = [{"cost_nusd": 7, "source": "codex"}, {"at_us": MONDAY_US - 1}]
    page(tmp_path / "one.parquet", rows)
    told = data("spend", "--source", tmp_path / named, "--by", "source")
    assert [(it["name"], it["cost_nusd"]) for it in told["spend"]["rows"]] == [
        ("codex", 7),
        ("", 0),
    ]


def test_whose_rows_could_not_answer_is_told_beside_the_others(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"source": "codex"}, {"head": 7}, {"head": 7}]
    page(tmp_path / "one.parquet", rows)
    words = run("prefixes", "--source", tmp_path).stderr
    assert "left out: rows of codex, which do not tell system prompts" in words
    told = data("prefixes", "--source", tmp_path)
    assert told["prefixes"]["left_out"] == ["codex"]
    assert told["prefixes"]["rows"][0]["head"] == "0000000000000007"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--source", ".", "--warehouse", "clickhouse://h/d"], "both given"),
        (["--source", "."], "no Parquet file"),
        (["--since", "2026-01-02", "--until", "2026-01-01"], "--until lies before"),
        (["--until", "soon"], "--until soon"),
        (["--key", "nobody"], "there are: k_1, ci"),
        (["--model", "gpt-2"], "there are: claude-sonnet-5-5, odd"),
        (["--warehouse", "http://h/d"], "must begin with clickhouse://"),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    more = [] if "--source" in words else ["--ledger", str(ledger(tmp_path))]
    result = run("spend", *words, *more)
    assert result.exit_code in (1, 2)
    assert said in result.stderr


def test_a_file_that_is_no_segment_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.parquet"
    path.write_bytes(b"not a segment")
    result = run("spend", "--source", path)
    assert result.exit_code == 1
    assert "the book cannot be read" in result.stderr
