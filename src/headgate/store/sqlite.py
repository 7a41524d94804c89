"""Owns where headgate.db lies and how it is opened, and says in plain words why it cannot be.

Rule 1: writing means WAL and synchronous=FULL: a committed row survives a power cut.
Rule 2: readers open their own connection and can change nothing through it.
Rule 3: the folder is the user's alone (0700) and so is the file (0600).
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from headgate.store import schema
from headgate.store.home import state_place as state_place  # beside what is opened there
from headgate.store.sql import StoreError as StoreError  # where a file is opened it is expected

BUSY_S = 5.0
NAME = "headgate.db"


def state_folder(env: Mapping[str, str]) -> Path:
    """The same folder, created if need be."""
    folder = state_place(env)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot create the state folder {folder}: {_obstacle(error)}",
            "set HEADGATE_HOME to a folder that can be written",
        ) from error
    return folder


def ledger_path(env: Mapping[str, str]) -> Path:
    """headgate.db in the state folder."""
    return state_folder(env) / NAME


def connect(path: Path) -> sqlite3.Connection:
    """Open for writing; a file that is new or empty gets its shape, an older one does not.

    Usable from any one thread at a time.
    """
    connection = _open_to_write(path)
    with _closed_by_trouble(connection, path):
        seen = schema.version(connection)
        if not seen:
            schema.migrate(connection)
        elif seen < len(schema.MIGRATIONS):
            raise _older(path, seen)
    return connection


def upgrade(path: Path) -> tuple[list[str], Path | None]:
    """Bring a file to the newest shape: what was applied, and the copy of it as it was."""
    kept: list[Path] = []

    def keep(seen: int) -> None:
        kept.append(_copy(path, seen))

    connection = _open_to_write(path)
    try:
        with _closed_by_trouble(connection, path):
            done = schema.migrate(connection, keep)
    except BaseException:
        for copy in kept:
            copy.unlink(missing_ok=True)  # the file itself is as it was
        raise
    connection.close()
    return done, kept[0] if kept else None


def shape(path: Path) -> int:
    """How many migrations the file has seen; 0: there is none yet."""
    if not path.exists():
        return 0
    with _in_words(path), contextlib.closing(_open(path, "ro")) as connection:
        return schema.version(connection)


def _open_to_write(path: Path) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < schema.MINIMUM_SQLITE:
        raise StoreError(
            f"this Python brings SQLite {sqlite3.sqlite_version}; Headgate needs 3.37 or newer",
            "use a Python built against a newer SQLite",
        )
    with _in_words(path):
        _create(path)
        connection = _open(path, "rw")
    with _closed_by_trouble(connection, path):
        schema.version(connection)  # before the journal mode is changed: it may not be ours
        _switch_to_wal(connection, path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA cache_size = -8192")
        connection.execute("PRAGMA secure_delete = FAST")  # rows hold nothing to shred
    return connection


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, schema.SchemaError) as error:
        raise explain(error, path) from error


@contextlib.contextmanager
def _closed_by_trouble(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    try:
        with _in_words(path):
            yield
    except BaseException:
        connection.close()
        raise


def _older(path: Path, seen: int) -> StoreError:
    return StoreError(
        f"the ledger {path} has an older shape ({seen}; this Headgate writes"
        f" {len(schema.MIGRATIONS)})",
        "`headgate db upgrade` brings it up to date, and keeps a copy of it as it was",
    )


def _copy(path: Path, seen: int) -> Path:
    """The file as it is now, beside it; its name tells the shape."""
    copy, count = path.with_name(f"{path.name}.shape-{seen}"), 1
    while copy.exists():
        count += 1
        copy = path.with_name(f"{path.name}.shape-{seen}-{count}")
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with (
            contextlib.closing(_open(path, "ro")) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    return copy


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open an existing ledger for reading only."""
    if not path.exists():
        raise StoreError(
            f"there is no ledger at {path} yet",
            "start the gateway once with `headgate up`, or name another file: --ledger",
        )
    with _in_words(path):
        connection = _open(path, "rw" if os.access(path, os.W_OK) else "ro")
    with _closed_by_trouble(connection, path):
        connection.execute("PRAGMA query_only = ON")
        seen = schema.version(connection)
    if seen < len(schema.MIGRATIONS):
        connection.close()
        if seen:
            raise _older(path, seen)
        raise StoreError(
            f"the ledger {path} is empty", "start the gateway once with `headgate up`"
        )
    return connection


def connect_beside(ledger: Path, name: str, busy_s: float) -> sqlite3.Connection:
    """Open a file of its own in the ledger's folder, for what may be lost when power fails.

    Nobody waits in it for longer than that.
    """
    path = ledger.with_name(name)
    with _in_words(path):
        _create(path)
        connection = _open(path, "rw")
    with _closed_by_trouble(connection, path):
        _switch_to_wal(connection, path)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute(f"PRAGMA busy_timeout = {int(busy_s * 1000)}")
    return connection


def _obstacle(error: OSError) -> str:
    """Why a folder cannot be made."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a file lies in its way"
    return error.strerror or str(error)


def _create(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot create {path.parent}, the ledger's folder: {_obstacle(error)}",
            "name a place that can be written: [ledger] path in headgate.toml, or --ledger",
        ) from error
    if path.exists():
        # Closing any descriptor of a file drops every lock this process holds on it: another
        # process would take itself for the last one and delete the log that we write to.
        # (https://www.sqlite.org/howtocorrupt.html, section 2.2, read 2026-11-20)
        return
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _open(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA mmap_size = 0")  # a failing disk must be an error, not a SIGBUS
    return connection


def _switch_to_wal(connection: sqlite3.Connection, path: Path) -> None:
    # SQLite gives up at once, whatever the busy time-out, when two connections switch together.
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise StoreError(
                f"the ledger {path} cannot use a write-ahead log on this file system",
                "keep it on a local disk (not NFS, SMB or a plain FUSE mount)",
            )
        return


_BY_CODE: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: (
        "the disk is full",
        "free some space: rows are kept and written then",
    ),
    sqlite3.SQLITE_READONLY: (
        "it, or the folder it lies in, is read-only",
        "make both writable for this user, or name another ledger",
    ),
    sqlite3.SQLITE_NOTADB: (
        "it is not an SQLite database",
        "name another ledger, or move that file away",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the file is damaged",
        "move it away and start anew; keep it: `sqlite3 … .recover` reads most of the rows",
    ),
    sqlite3.SQLITE_BUSY: (
        f"another process has held its write lock for more than {BUSY_S:.0f} s",
        "close programs that write to it, such as an open sqlite3 shell",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "check that its folder exists, is local and may be entered and written by this user",
    ),
    sqlite3.SQLITE_PROTOCOL: (
        "its locks do not work, as is usual on network file systems",
        "keep it on a local disk",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk or file system reports an input/output error",
        "look at the disk and the kernel's log; keep the ledger on a local disk",
    ),
    sqlite3.SQLITE_PERM: ("access is denied", "make it readable and writable for this user"),
}

_BY_ERRNO: dict[int, int] = {
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
    errno.EROFS: sqlite3.SQLITE_READONLY,
    errno.EACCES: sqlite3.SQLITE_PERM,
    errno.EPERM: sqlite3.SQLITE_PERM,
    errno.EIO: sqlite3.SQLITE_IOERR,
    errno.ESTALE: sqlite3.SQLITE_PROTOCOL,
    errno.ENOLCK: sqlite3.SQLITE_PROTOCOL,
}


def explain(error: Exception, path: Path) -> StoreError:
    """What is wrong with the ledger, and the remedy, for a person."""
    if isinstance(error, StoreError):
        return error
    code: int | None = None
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)  # absent when Python itself raised
    elif isinstance(error, OSError) and error.errno is not None:
        code = _BY_ERRNO.get(error.errno)
    words = str(error)
    if isinstance(error, OSError) and error.strerror:
        words = error.strerror
    other = "name another one: [ledger] path in headgate.toml, or --ledger"
    what, hint = _BY_CODE.get(code & 0xFF if code else -1, (words, other))
    return StoreError(f"the ledger {path} cannot be used: {what}", hint, why=what)
