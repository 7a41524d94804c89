"""Owns the one thread that writes the ledger: group commit, back-pressure, and recovery.

Rule 1: the event loop only appends to memory; it never waits for the disk unless it asks to.
Rule 2: a row once taken is kept until it is committed; a disk in trouble stops new calls, not
the rows of old ones, and is tried again until it works.
Rule 3: an outcome that arrives before its intent was committed replaces it: the same commit
would write and delete it.
Rule 4: the loop is told of commits once per batch, and only when somebody waits.
Rule 5: a process that was taken for dead signs in anew, and its rows still count once.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from headgate.ledger import insert, owner
from headgate.ledger.mend import mend_entry, mend_intent
from headgate.ledger.pulse import Pulse
from headgate.ledger.record import Entry, Intent
from headgate.store.place import Place, connect, explain
from headgate.store.sql import ERRORS, Connection, ServerError, StoreError

BATCH_ROWS = 4_096
"""A backlog is written in commits of this size, so that other processes get their turn."""
BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
CLOSE_S = 10.0
LOOK_S = 1.0
"""How often the writer makes sure that the file it writes to still has its name."""


def _ignore(_: object) -> None:
    pass


class Writer:
    """Takes intents and entries from one event loop, and makes them durable in groups.

    intend, put, has_room, room and durable belong to one thread, the loop's. `trouble` is
    empty, or why the ledger cannot be written now, without naming files: it may be shown to
    callers. on_trouble is told everything, from a thread of the ledger: what is wrong, where
    and the remedy; and an empty text when the ledger works again. on_orphans is told from there
    of calls that processes left open which died since the start.
    """

    def __init__(
        self,
        place: Place,
        *,
        linger_ms: float = 5,
        queue_rows: int = 20_000,
        on_trouble: Callable[[str], None] = _ignore,
        on_orphans: Callable[[list[Intent]], None] = _ignore,
    ) -> None:
        self.trouble = ""
        self.fingerprint_key = b""
        """Keys the hashes of prefixes and replies; known after start(), kept in the ledger."""
        self._place = place
        self._linger_s = linger_ms / 1000
        self._bound = queue_rows
        self._on_trouble = on_trouble
        self._on_orphans = on_orphans
        # Shared by two threads without a lock: each name is assigned by one of them only, and
        # list append, slice, delete and dict pop are single steps under the interpreter lock.
        self._accepted = 0
        self._committed = 0
        self._fresh: dict[int, Intent] = {}
        self._entries: list[tuple[int, Entry]] = []
        self._idle = False
        self._closing = False
        self._ended = False
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._owner: owner.Owner | None = None
        self._is_buried = False
        self._pulse = Pulse(place, lambda: self._owner, self._found_buried, self._report_dead)
        self._inode = (0, 0)
        self._look_at = 0.0
        self._batches = 0

    def start(self) -> list[Intent]:
        """Open, migrate, begin to write; the intents dead processes left open.

        Each may have been billed and nobody saw its answer. StoreError says why it cannot open.
        """
        assert self._thread is None, "a Writer starts once"
        orphans = self._open()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()
        self._pulse.start()
        atexit.register(self.close)
        return orphans

    @property
    def owner_n(self) -> int:
        """What this process is signed in as; it changes when it was taken for dead."""
        return self._owner.n if self._owner is not None else 0

    # ---- the loop's side

    def intend(self, intent: Intent) -> int:
        """Note a call about to be sent upstream; the handle its put() closes."""
        handle = self._accepted + 1
        self._fresh[handle] = intent
        self._accepted = handle
        if self._idle:
            self._nudge()
        return handle

    def put(self, handle: int, entry: Entry) -> None:
        """Note what became of a call; 0 is the handle of one that never had an intent."""
        if self._fresh.pop(handle, None) is None:
            self._entries.append((handle, entry))
        else:
            self._entries.append((0, entry))
        self._accepted += 1
        if self._idle:
            self._nudge()

    def has_room(self) -> bool:
        """May a new call be admitted; rows of admitted calls are always taken."""
        return self._accepted - self._committed < self._bound

    async def room(self) -> None:
        """Wait until a new call may be admitted; StoreError: never again."""
        while not self.has_room():
            await self._commit_of(self._committed + 1)

    async def durable(self) -> None:
        """Wait until everything put and intended so far is on the disk; StoreError: never."""
        await self._commit_of(self._accepted)

    async def _commit_of(self, mark: int) -> None:
        self._loop = asyncio.get_running_loop()
        done = self._loop.create_future()
        self._waiting.append((mark, done))
        # Looked at after joining the queue, so that no wake-up is missed.
        if self._committed >= mark or self._ended:
            self._tell()
        await done

    def _tell(self) -> None:
        ended, committed = self._ended, self._committed
        still = []
        for mark, done in self._waiting:
            if done.done():
                continue
            if mark <= committed:
                done.set_result(None)
            elif ended:
                done.set_exception(StoreError(self.trouble or "the ledger is closed"))
            else:
                still.append((mark, done))
        self._waiting = still

    def _nudge(self) -> None:
        self._idle = False
        self._wake.put(None)

    def flush(self, timeout_s: float = CLOSE_S) -> bool:
        """Block until everything so far is on the disk; False: it is not, in that time."""
        mark, deadline = self._accepted, time.monotonic() + timeout_s
        while self._committed < mark:
            if self._ended or time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def close(self, timeout_s: float = CLOSE_S) -> int:
        """Write what is left and stop; how many rows could not be written in that time.

        Those are lost with the process, and on_trouble is told how many they were; the calls
        among them whose intents were committed are reported at the next start.
        """
        atexit.unregister(self.close)
        if self._thread is None or self._closing:
            return 0
        self.flush(timeout_s)
        self._pulse.stop()
        self._closing = True
        self._wake.put(None)
        self._thread.join(timeout_s + 2 * BACKOFF_S[-1])
        lost = len(self._entries)
        if lost:
            self._say(f"{lost} rows were not written before the end: {self.trouble}")
        return lost

    # ---- the writer's side

    def _run(self) -> None:
        try:
            while self._rest():
                while self._accepted > self._committed and not self._closing:
                    self._commit_some()
        except BaseException as bug:
            self._report(f"its writer stopped: {bug!r}; no new calls are admitted")
            self._bound = 0
            raise
        finally:
            self._shut()

    def _rest(self) -> bool:
        """Sleep until there is something to write, and the linger after it; False: the end."""
        if self._closing:
            return False
        self._idle = True
        if self._accepted == self._committed and not self._is_buried:
            self._wake.get()
        self._idle = False
        if self._is_buried and self._accepted == self._committed:
            self._come_back()
        if self._linger_s and not self._closing:
            time.sleep(self._linger_s)
        return not self._closing

    def _commit_some(self) -> None:
        # Read first: whatever counts below the mark was appended before it was counted.
        mark = self._accepted
        taken = self._entries[:BATCH_ROWS]
        whole = len(taken) < BATCH_ROWS
        intents = []
        for handle in list(self._fresh):
            intent = self._fresh.pop(handle, None)  # the loop may have been quicker
            if intent is not None:
                intents.append((handle, intent))
        self._batches += 1
        batch = insert.Batch(
            self._batches,
            [entry for _, entry in taken],
            intents,
            [handle for handle, _ in taken if handle],
        )
        if not self._persist(batch):
            return
        del self._entries[: len(taken)]
        self._committed = mark if whole else self._committed + len(taken)
        self._tell_loop()
        if self._linger_s and whole:
            time.sleep(self._linger_s)

    def _tell_loop(self) -> None:
        if self._waiting and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # that loop has ended: nobody waits
                self._loop.call_soon_threadsafe(self._tell)

    def _persist(self, batch: insert.Batch) -> bool:
        """Write the batch however long it takes; False: closing, and still in trouble."""
        attempt, was_mended = 0, False
        while True:
            try:
                connection = self._usable()
                signed_in = self._signed_in()
                insert.write(connection, signed_in.n, batch._replace(mark=signed_in.mark))
            except insert.Buried:
                self._is_buried = True
                continue
            except (*_ROW_FAULTS, *ERRORS, OSError, StoreError) as error:
                if _is_row_fault(error) and not was_mended:
                    batch, was_mended = self._mend(batch, error), True
                    continue
                fault: Exception = error
            else:
                if self.trouble:
                    self._report("")
                return True
            explained = explain(fault, self._place)
            self._report(explained.why, str(explained))
            if int(getattr(fault, "sqlite_errorcode", 0)) & 0xFF not in _PASSING:
                self._drop_connection()
            if self._closing:
                return False
            time.sleep(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
            attempt += 1

    def _mend(self, batch: insert.Batch, error: Exception) -> insert.Batch:
        better = batch._replace(
            entries=[mend_entry(entry) for entry in batch.entries],
            intents=[(handle, mend_intent(intent)) for handle, intent in batch.intents],
        )
        self._say(f"a row held a value the ledger cannot store and was mended: {error}")
        return better

    def _report(self, trouble: str, in_full: str = "") -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._say(in_full or trouble)

    def _say(self, text: str) -> None:
        with contextlib.suppress(Exception):  # a broken log must not stop the ledger
            self._on_trouble(text)

    # ---- the store

    def _open(self) -> list[Intent]:
        """Open the store and sign in, anew if it is another one than before."""
        connection = connect(self._place)
        try:
            self._look_at = time.monotonic() + LOOK_S
            self._inode = _inode(self._place)
            row = connection.execute("SELECT secret FROM meta WHERE name = 'fingerprint_key'")
            self.fingerprint_key = self.fingerprint_key or row.fetchone()[0]
            orphans = self._sign_in(connection)
        except (*ERRORS, OSError) as error:
            connection.close()
            raise explain(error, self._place) from error
        self._connection = connection
        return orphans

    def _sign_in(self, connection: Connection) -> list[Intent]:
        """Unless that was done already; also the open intents of processes that died."""
        left = self._owner
        if left is not None and owner.known(connection, left):
            self._is_buried = False
            return []
        self._owner, orphans = owner.enter(connection, self._place, left)
        self._is_buried = False
        if left is not None:
            left.leave()
        return orphans

    def _found_buried(self) -> None:
        """Told by the pulse, in its thread."""
        self._is_buried = True
        self._wake.put(None)

    def _come_back(self) -> None:
        """Sign in anew though there is nothing to write: others count who is signed in."""
        try:
            self._usable()
        except (*ERRORS, OSError, StoreError):
            self._drop_connection()
            time.sleep(BACKOFF_S[-1])

    def _report_dead(self, orphans: list[Intent]) -> None:
        if orphans:
            with contextlib.suppress(Exception):  # the same
                self._on_orphans(orphans)

    def _usable(self) -> Connection:
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            if _inode(self._place) != self._inode:
                self._report(
                    "the ledger's file was moved or deleted",
                    f"the ledger {self._place} was moved or deleted while in use: rows of the"
                    f" last {LOOK_S:.0f} s may be in the moved file, a new file is begun",
                )
                self._drop_connection()
        if self._connection is None:
            self._report_dead(self._open())
            assert self._connection is not None
        elif self._is_buried:
            self._report_dead(self._sign_in(self._connection))
        return self._connection

    def _signed_in(self) -> owner.Owner:
        assert self._owner is not None
        return self._owner

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*ERRORS):
                connection.close()

    def _shut(self) -> None:
        if self._connection is not None and self._owner is not None:
            with contextlib.suppress(*ERRORS):
                owner.sign_out(self._connection, self._owner)
        self._drop_connection()
        if self._owner is not None:
            self._owner.leave()
        self._ended = True
        self._tell_loop()


_ROW_FAULTS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeEncodeError,
)
_PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)
"""Troubles in which the open connection stays good."""


def _is_row_fault(error: Exception) -> bool:
    """Is it a value, and not the store, that is wrong."""
    return error.refused if isinstance(error, ServerError) else isinstance(error, _ROW_FAULTS)


def _inode(place: Place) -> tuple[int, int]:
    if not isinstance(place, Path):
        return (0, 0)
    try:
        stat = os.stat(place)
    except FileNotFoundError:
        return (0, 0)
    return (stat.st_dev, stat.st_ino)
