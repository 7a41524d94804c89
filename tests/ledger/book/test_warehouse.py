"""A warehouse gives the same answers as the book."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from headgate.ledger.book.columns import BOOK
from headgate.ledger.book.warehouse import open_warehouse, table_text
from headgate.store.sql import StoreError


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("both")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.ledger.book.ask_both", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_every_question_has_one_answer_on_both_engines(told: dict[str, Any]) -> None:
    asked: dict[str, list[Any]] = told["questions"]
    assert {name: apart for name, (_, apart) in asked.items() if apart} == {}
    assert [name for name, (lines, _) in asked.items() if not lines] == []


def test_the_quick_audit_says_the_same_on_both(told: dict[str, Any]) -> None:
    assert told["quick"] is True


def test_a_window_bounds_a_warehouse_too(told: dict[str, Any]) -> None:
    assert told["window"] == [True, True]


def test_what_a_warehouse_refuses_is_told_with_a_remedy(told: dict[str, Any]) -> None:
    kind, words = told["error"]
    assert kind == "StoreError"
    assert "hint:" in words


def test_its_table_has_every_column_of_the_book() -> None:
    text = table_text()
    assert all(f"\n  {it.name} " in text for it in BOOK)
    assert "calls Int64 DEFAULT 1" in text
    assert "stated_nusd Nullable(Int64)" in text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://x/y", "must begin with clickhouse://"),
        ("clickhouse:///db", "names no host"),
        ("clickhouse://h:port/db", "no URL"),
    ],
)
def test_a_url_that_cannot_be_meant_is_told_with_one_that_can(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused, open_warehouse(url):
        pass
    assert "clickhouse://USER:PASSWORD@HOST:8123/DATABASE" in refused.value.hint


def test_a_missing_driver_is_said_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "clickhouse_connect", None)
    with (
        pytest.raises(StoreError, match="clickhouse-connect") as refused,
        open_warehouse("clickhouse://h/db"),
    ):
        pass
    assert "headgate[clickhouse]" in refused.value.hint


@pytest.mark.slow
def test_a_warehouse_that_is_gone_is_told_without_its_password() -> None:
    code = (
        "from headgate.ledger.book.warehouse import open_warehouse\n"
        "with open_warehouse('clickhouse://me:hidden@127.0.0.1:1/db'): pass"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "does not answer" in run.stderr
    assert "hidden" not in run.stderr
