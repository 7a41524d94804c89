"""The store is opened in one place, wherever it lies."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.store import place
from headgate.store.place import Place, connect, connect_bare, connect_reader, explain, there_is
from headgate.store.server import Server, read_url
from headgate.store.sql import ERRORS, ServerError, StoreError, on_file

NOWHERE = read_url("postgresql://ann:hush@127.0.0.1:1/gate")


def test_either_kind_is_opened_to_write_and_to_read(store: Place) -> None:
    with contextlib.closing(connect(store)) as writing:
        assert on_file(writing) is isinstance(store, Path)
        writing.execute("UPDATE meta SET value = 5 WHERE name = 'keys_version'")
    with contextlib.closing(connect_reader(store)) as reading:
        sql = "SELECT value FROM meta WHERE name = 'keys_version'"
        assert reading.execute(sql).fetchone() == (5,)
        with pytest.raises(ERRORS):
            reading.execute("UPDATE meta SET value = 6 WHERE name = 'keys_version'")


def test_of_a_file_it_is_known_whether_it_is_there(tmp_path: Path) -> None:
    assert not there_is(tmp_path / "headgate.db")
    connect(tmp_path / "headgate.db").close()
    assert there_is(tmp_path / "headgate.db")
    assert there_is(NOWHERE)


@pytest.mark.parametrize("opener", [connect, connect_reader, connect_bare])
def test_a_server_that_is_not_there_is_explained_without_the_password(
    opener: Callable[[Server], object],
) -> None:
    with pytest.raises(StoreError, match="nothing listens there") as caught:
        opener(NOWHERE)
    assert "hush" not in str(caught.value)
    assert "[store] url" in caught.value.hint


def test_an_error_is_explained_by_whom_it_came_from(tmp_path: Path) -> None:
    known = StoreError("known")
    assert explain(known, NOWHERE) is known
    assert "[ledger] path" in explain(OSError(999, "odd"), tmp_path / "x").hint
    assert "disk is full" in explain(ServerError("no room", "53100"), NOWHERE).what


def test_a_server_without_the_driver_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("headgate.store.postgres", raising=False)
    monkeypatch.delitem(sys.modules, "headgate.store.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="psycopg") as caught:
        connect(NOWHERE)
    assert caught.value.hint == "pip install 'headgate[postgres]'"


def test_the_driver_is_loaded_for_a_server_only(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys\n"
        "from headgate.store import keys, place\n"
        "place.connect(pathlib.Path(sys.argv[1])).close()\n"
        "print('psycopg' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "headgate.db")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_a_place_is_a_file_or_a_server() -> None:
    assert place.Place == Path | Server
