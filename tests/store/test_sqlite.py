"""Where the store lies, who may read it, and what is said when it cannot be used."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.store import schema
from headgate.store.sqlite import (
    StoreError,
    connect,
    connect_reader,
    explain,
    ledger_path,
    shape,
    state_folder,
    upgrade,
)

OLD = Path(__file__).parent / "old" / "shape-1.db"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"HEADGATE_HOME": "own", "XDG_STATE_HOME": "xdg", "HOME": "me"}, "own"),
        ({"HEADGATE_HOME": "", "XDG_STATE_HOME": "xdg", "HOME": "me"}, "xdg/headgate"),
        ({"HOME": "me"}, "me/.local/state/headgate"),
    ],
)
def test_the_state_folder_is_the_most_specific_one(
    env: dict[str, str], expected: str, tmp_path: Path
) -> None:
    placed = {name: str(tmp_path / value) if value else "" for name, value in env.items()}
    folder = state_folder(placed)
    assert folder == tmp_path / expected
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert ledger_path(placed) == folder / "headgate.db"


def test_a_state_folder_that_cannot_be_made_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="HEADGATE_HOME") as caught:
        state_folder({"HEADGATE_HOME": str(tmp_path / "file" / "below")})
    assert "cannot create the state folder" in caught.value.what
    assert "a file lies in its way" in caught.value.what


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_folder_of_the_ledger_that_cannot_be_made_names_the_remedy(
    tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="a file lies in its way") as caught:
        connect(tmp_path / "file" / below / "headgate.db")
    assert "[Errno" not in caught.value.what
    assert "[ledger] path" in caught.value.hint


def test_the_ledger_and_its_log_are_the_users_alone(tmp_path: Path) -> None:
    connection = connect(tmp_path / "new" / "headgate.db")
    connection.execute("UPDATE meta SET value = 1 WHERE name = 'keys_version'")
    files = list((tmp_path / "new").iterdir())
    assert {file.name for file in files} >= {"headgate.db", "headgate.db-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    connection.close()


def test_a_commit_survives_a_power_cut(tmp_path: Path) -> None:
    """As far as settings go: write-ahead log, every commit synced, no memory map."""
    connection = connect(tmp_path / "headgate.db")
    settings = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "mmap_size")
    ]
    assert settings == ["wal", 2, 0]
    connection.close()


def test_a_reader_sees_what_is_written_and_can_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    writing = connect(path)
    reading = connect_reader(path)
    writing.execute("UPDATE meta SET value = 5 WHERE name = 'keys_version'")
    sql = "SELECT value FROM meta WHERE name = 'keys_version'"
    assert reading.execute(sql).fetchone() == (5,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.execute("UPDATE meta SET value = 6 WHERE name = 'keys_version'")
    reading.close()
    writing.close()


def test_reading_a_ledger_that_does_not_exist_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="headgate up"):
        connect_reader(tmp_path / "headgate.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("opener", [connect, connect_reader])
def test_an_older_file_is_refused_with_the_command_that_upgrades_it(
    opener: Callable[[Path], sqlite3.Connection], tmp_path: Path
) -> None:
    shutil.copy(OLD, tmp_path / "headgate.db")
    with pytest.raises(StoreError, match="older shape") as caught:
        opener(tmp_path / "headgate.db")
    assert "headgate db upgrade" in caught.value.hint
    assert shape(tmp_path / "headgate.db") == 1


def test_an_upgrade_keeps_a_copy_of_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    shutil.copy(OLD, path)
    with contextlib.closing(sqlite3.connect(path)) as old:
        before = list(old.iterdump())
    done, copy = upgrade(path)
    assert len(done) == len(schema.MIGRATIONS) - 1
    assert copy == tmp_path / "headgate.db.shape-1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as kept:
        assert list(kept.iterdump()) == before
    assert upgrade(path) == ([], None)


def test_an_earlier_copy_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    shutil.copy(OLD, path)
    (tmp_path / "headgate.db.shape-1").write_text("precious")
    assert upgrade(path)[1] == tmp_path / "headgate.db.shape-1-2"
    assert (tmp_path / "headgate.db.shape-1").read_text() == "precious"


def test_an_upgrade_that_fails_leaves_the_file_as_it_was_and_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "headgate.db"
    shutil.copy(OLD, path)

    def broken(_: sqlite3.Connection) -> None:
        raise OSError(errno.ENOSPC, "no space")

    steps = [*schema.MIGRATIONS[:-1], schema.Migration("broken", broken)]
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(StoreError, match="disk is full"):
        upgrade(path)
    assert shape(path) == 1
    assert not [file for file in tmp_path.iterdir() if ".shape-" in file.name]


@pytest.mark.slow
def test_of_two_that_upgrade_at_once_one_does_the_work(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    shutil.copy(OLD, path)
    script = (
        "import pathlib, sys\n"
        "from headgate.store.sqlite import upgrade\n"
        "sys.stdin.readline()\n"
        "done, copy = upgrade(pathlib.Path(sys.argv[1]))\n"
        "print(len(done), copy is not None)\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = sorted(racer.communicate()[0].strip() for racer in racers)
    assert said == ["0 False", "0 False", f"{len(schema.MIGRATIONS) - 1} True"]


def test_reading_an_empty_file_says_that_it_has_no_shape_yet(tmp_path: Path) -> None:
    (tmp_path / "headgate.db").touch()
    with pytest.raises(StoreError, match="headgate up"):
        connect_reader(tmp_path / "headgate.db")
    assert shape(tmp_path / "headgate.db") == shape(tmp_path / "none.db") == 0


@pytest.mark.parametrize("opener", [connect, connect_reader])
def test_a_file_of_another_kind_is_refused_and_left_alone(
    opener: type[sqlite3.Connection], tmp_path: Path
) -> None:
    diary, other = tmp_path / "diary", tmp_path / "other.db"
    diary.write_text("not a database " * 100)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE diary (page)")
    connection.close()
    before = [diary.read_bytes(), other.read_bytes()]
    with pytest.raises(StoreError, match="not an SQLite database"):
        opener(diary)
    with pytest.raises(StoreError, match="another program"):
        opener(other)
    assert [diary.read_bytes(), other.read_bytes()] == before


def test_a_folder_in_the_ledgers_place_is_explained(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        connect(tmp_path)


@pytest.mark.skipif(
    os.geteuid() == 0, reason="root may write anything: run the tests as another user to see it"
)
def test_a_read_only_folder_is_explained(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="writable"):
        connect(tmp_path / "headgate.db")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "disk is full"),
        (sqlite3.SQLITE_READONLY, "read-only"),
        (sqlite3.SQLITE_IOERR_FSYNC, "input/output error"),
        (sqlite3.SQLITE_IOERR_SHMOPEN, "local disk"),
        (sqlite3.SQLITE_PROTOCOL, "network file systems"),
        (sqlite3.SQLITE_BUSY, "write lock"),
        (sqlite3.SQLITE_CORRUPT, "damaged"),
        (sqlite3.SQLITE_CANTOPEN, "folder exists"),
    ],
)
def test_every_trouble_is_explained_with_its_remedy(code: int, words: str) -> None:
    error = sqlite3.OperationalError("raw words of the library")
    error.sqlite_errorcode = code
    explained = explain(error, Path("headgate.db"))
    assert words in str(explained)
    assert explained.hint
    assert "raw words" not in str(explained)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "access is denied"),
        (errno.ESTALE, "network file systems"),
        (errno.ENOLCK, "network file systems"),
    ],
)
def test_the_systems_errors_are_explained_too(number: int, words: str) -> None:
    assert words in str(explain(OSError(number, os.strerror(number)), Path("headgate.db")))


def test_an_unknown_error_keeps_its_own_words() -> None:
    explained = explain(sqlite3.OperationalError("gremlins"), Path("headgate.db"))
    assert "gremlins" in explained.what
    assert explained.hint


@pytest.mark.slow
def test_opening_again_keeps_the_locks_this_process_holds(tmp_path: Path) -> None:
    """Else a reader in another process takes itself for the last and deletes our log."""
    path = tmp_path / "headgate.db"
    first, second = connect(path), connect(path)
    first.execute("UPDATE meta SET value = 7 WHERE name = 'keys_version'")
    log = path.with_name("headgate.db-wal")
    before = log.stat().st_ino
    script = (
        "import pathlib, sys\n"
        "from headgate.store.sqlite import connect_reader\n"
        "reader = connect_reader(pathlib.Path(sys.argv[1]))\n"
        "print(reader.execute('SELECT value FROM meta ORDER BY name DESC').fetchone()[0])\n"
        "reader.close()\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "7\n"
    assert log.stat().st_ino == before
    first.close()
    second.close()
