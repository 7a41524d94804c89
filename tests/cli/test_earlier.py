"""Who reads only rows that are not sealed says that there are earlier ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.cli import main
from headgate.cli.earlier import earlier, tell_earlier
from headgate.store.place import Place
from headgate.store.sql import Connection
from tests.ledger.archive.scenes import NOON, add, rows_at, seal_all

SAID = "calls that began before 2024-10-04 12:00 UTC are sealed"


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A ledger with a sealed call and a hot one."""
    from headgate.store.place import connect

    ledger = tmp_path / "headgate.db"
    connection = connect(ledger)
    add(connection, *rows_at(NOON))
    seal_all(ledger, tmp_path)
    add(connection, *rows_at(NOON + 9))
    connection.close()
    return ledger


def test_it_says_how_far_calls_are_sealed_or_nothing(
    store: Place, connection: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_earlier(connection, 0)
    assert (earlier(connection, 0), capsys.readouterr().err) == ("", "")
    add(connection, *rows_at(NOON))
    seal_all(store, tmp_path)
    tell_earlier(connection, 0)
    assert earlier(connection, 0) == SAID
    assert "headgate report" in capsys.readouterr().err
    assert earlier(connection, NOON + 1) == ""


@pytest.mark.parametrize(
    "words", [["tail", "--once"], ["cache", "report", "--since", "2020-01-01"]]
)
def test_figures_without_sealed_calls_never_stand_alone(half: Path, words: list[str]) -> None:
    result = CliRunner().invoke(main, [*words, "--ledger", str(half)])
    assert SAID in result.stderr


def test_a_call_that_is_not_found_may_be_sealed(half: Path) -> None:
    result = CliRunner().invoke(main, ["cache", "why", "nobody", "--ledger", str(half)])
    assert result.exit_code == 1
    assert SAID in result.stderr
