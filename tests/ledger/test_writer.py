"""The writer keeps its word: nothing waits for the disk, is lost, or is doubled."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger import insert, writer
from headgate.ledger.writer import Writer
from headgate.store.place import Place, connect
from headgate.store.sql import Connection, StoreError, on_file
from tests.ledger.rows import INTENT, entry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store that is a file: for what only a file can suffer."""
    return tmp_path / "headgate.db"


@pytest.fixture
def said() -> list[str]:
    return []


Opener = Callable[..., Writer]


def opener(place: Place, said: list[str]) -> Iterator[Opener]:
    writers: list[Writer] = []

    def start(**settings: Any) -> Writer:
        settings = {"linger_ms": 1, "on_trouble": said.append, **settings}
        writers.append(Writer(place, **settings))
        writers[-1].start()
        return writers[-1]

    yield start
    for one in writers:
        one.close(timeout_s=1)


@pytest.fixture
def opened(store: Place, said: list[str]) -> Iterator[Opener]:
    """Starts writers on a store of either kind and closes them in the end."""
    yield from opener(store, said)


@pytest.fixture
def opened_file(path: Path, said: list[str]) -> Iterator[Opener]:
    """The same on a file."""
    yield from opener(path, said)


def ask(place: Place, sql: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(connect(place)) as connection:
        return connection.execute(sql).fetchall()


def block(blocker: Connection) -> None:
    """Keep every writer from committing until the transaction ends."""
    blocker.execute("BEGIN IMMEDIATE" if on_file(blocker) else "BEGIN")
    if not on_file(blocker):
        blocker.execute("LOCK TABLE call")


@pytest.fixture
def no_intents(store: Place) -> Iterator[None]:
    """Whoever writes an intent to the store is refused."""
    with contextlib.closing(connect(store)) as connection:
        how = "EXECUTE FUNCTION refuse()"
        if on_file(connection):
            how = "BEGIN SELECT RAISE(ABORT, ''); END"
        connection.execute(f"CREATE TRIGGER never BEFORE INSERT ON intent {how}")
        yield
        if not on_file(connection):  # the next test has the same database
            connection.execute("DROP TRIGGER never ON intent")


def count(place: Place, table: str) -> int:
    return int(ask(place, f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - a test's own


async def test_a_row_is_on_the_disk_once_durable_returns(opened: Opener, store: Place) -> None:
    ledger = await asyncio.to_thread(opened)
    ledger.put(ledger.intend(INTENT), entry(cost_nusd=7))
    await ledger.durable()
    assert await asyncio.to_thread(ask, store, "SELECT id, cost_nusd FROM call") == [
        ("req-1", 7)
    ]


async def test_an_intent_is_on_the_disk_before_its_call_is_over(
    opened: Opener, store: Place
) -> None:
    ledger = await asyncio.to_thread(opened)
    handle = ledger.intend(INTENT)
    await ledger.durable()
    assert await asyncio.to_thread(ask, store, "SELECT id, state FROM intent") == [
        ("req-1", "open")
    ]
    ledger.put(handle, entry())
    await ledger.durable()
    assert await asyncio.to_thread(count, store, "intent") == 0
    assert await asyncio.to_thread(count, store, "call") == 1


async def test_an_intent_whose_outcome_came_first_is_never_written(
    no_intents: None, opened: Opener, store: Place
) -> None:
    ledger = await asyncio.to_thread(opened, linger_ms=20)
    ledger.put(ledger.intend(INTENT), entry())
    await ledger.durable()
    assert not ledger.trouble
    assert await asyncio.to_thread(count, store, "call") == 1


async def test_durable_returns_at_once_when_nothing_is_outstanding(opened: Opener) -> None:
    ledger = await asyncio.to_thread(opened, linger_ms=60_000)
    await asyncio.wait_for(ledger.durable(), 0.1)
    ledger._linger_s = 0


async def test_all_who_wait_are_told_with_one_wake_up(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await asyncio.to_thread(opened, linger_ms=20)
    told = 0
    tell = ledger._tell

    def counted() -> None:
        nonlocal told
        told += 1
        tell()

    monkeypatch.setattr(ledger, "_tell", counted)
    for _ in range(50):
        ledger.put(0, entry())
    await asyncio.gather(*(ledger.durable() for _ in range(50)))
    assert told == 1


async def test_a_caller_that_stops_waiting_harms_nobody(opened: Opener) -> None:
    ledger = await asyncio.to_thread(opened, linger_ms=20)
    ledger.put(0, entry())
    first = asyncio.ensure_future(ledger.durable())
    second = asyncio.ensure_future(ledger.durable())
    await asyncio.sleep(0)
    first.cancel()
    await second


async def test_a_full_queue_refuses_new_calls_and_keeps_old_rows(
    opened: Opener, store: Place
) -> None:
    ledger = await asyncio.to_thread(opened, queue_rows=10)
    blocker = await asyncio.to_thread(connect, store)
    await asyncio.to_thread(block, blocker)
    for n in range(10):
        assert ledger.has_room()
        ledger.put(0, entry(id=str(n)))
    assert not ledger.has_room()
    ledger.put(0, entry(id="admitted before"))
    waiting = asyncio.ensure_future(ledger.room())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    await asyncio.to_thread(blocker.execute, "COMMIT")
    await waiting
    assert ledger.has_room()
    await ledger.durable()
    assert await asyncio.to_thread(count, store, "call") == 11
    await asyncio.to_thread(blocker.close)


@pytest.mark.slow
def test_a_full_disk_is_reported_waited_out_and_recovered_from(
    opened_file: Opener, path: Path, said: list[str]
) -> None:
    ledger = opened_file()
    connection = ledger._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")  # SQLite's own "disk is full"
    for n in range(200):
        ledger.put(0, entry(id=str(n), client="c" * 200))
    assert not ledger.flush(timeout_s=0.2)
    assert ledger.trouble == "the disk is full"
    assert count(path, "call") == 0
    connection.execute("PRAGMA max_page_count = 1000000")
    assert ledger.flush(timeout_s=5)
    assert ledger.trouble == ""
    assert count(path, "call") == 200
    assert len(said) == 2
    assert str(path) in said[0]
    assert "hint: free some space" in said[0]
    assert said[1] == ""


@pytest.mark.slow
def test_closing_in_trouble_says_how_many_rows_are_lost(path: Path, said: list[str]) -> None:
    ledger = Writer(path, linger_ms=1, on_trouble=said.append)
    ledger.start()
    assert ledger._connection is not None
    ledger._connection.execute("PRAGMA max_page_count = 1")
    for _ in range(300):
        ledger.put(0, entry(client="c" * 200))
    assert ledger.close(timeout_s=0.1) == 300
    assert said[-1].startswith("300 rows were not written before the end")


async def test_a_row_the_database_refuses_is_mended_not_lost(
    opened: Opener, store: Place, said: list[str]
) -> None:
    ledger = await asyncio.to_thread(opened)
    ledger.put(0, entry(id="good"))
    ledger.put(0, entry(id="bad", status="what", agent="\ud800", cost_nusd=2**70))
    await ledger.durable()
    rows = await asyncio.to_thread(ask, store, "SELECT id, status, warnings FROM call")
    assert rows == [
        ("good", 200, ""),
        ("bad", 0, "ledger could not store as given: agent, status, cost_nusd"),
    ]
    assert len(said) == 1
    assert ledger.trouble == ""


@pytest.mark.slow
def test_a_ledger_deleted_under_the_writer_is_noticed_and_begun_anew(
    opened_file: Opener, path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LOOK_S", 0.0)
    ledger = opened_file()
    path.rename(path.with_name("moved.db"))
    handle = ledger.intend(INTENT)
    assert ledger.flush()
    ledger.put(handle, entry(id="after"))
    assert ledger.flush()
    assert ask(path, "SELECT id FROM call") == [("after",)]
    assert count(path, "intent") == 0
    assert any("moved or deleted" in text for text in said)
    assert ledger.trouble == ""


def test_closing_writes_what_is_left_and_may_be_repeated(store: Place) -> None:
    ledger = Writer(store, linger_ms=20)
    assert ledger.close() == 0
    ledger.start()
    for n in range(100):
        ledger.put(0, entry(id=str(n)))
    assert ledger.close() == 0
    assert ledger.close() == 0
    assert count(store, "call") == 100
    assert count(store, "owner") == 0


async def test_waiting_for_a_closed_ledger_fails_instead_of_hanging(store: Place) -> None:
    ledger = Writer(store)
    await asyncio.to_thread(ledger.start)
    await asyncio.to_thread(ledger.close)
    ledger.put(0, entry())
    with pytest.raises(StoreError, match="closed"):
        await ledger.durable()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_bug_in_the_writer_stops_admission_loudly(
    opened: Opener, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    ledger = await asyncio.to_thread(opened)
    monkeypatch.setattr(insert, "write", broken)
    ledger.put(0, entry())
    with pytest.raises(StoreError, match="a bug"):
        await ledger.durable()
    assert not ledger.has_room()
    assert "a bug" in said[0]


@pytest.mark.slow
def test_a_process_that_forgets_to_close_still_writes_its_rows(path: Path) -> None:
    script = (
        "import pathlib, sys\n"
        "from headgate.ledger.writer import Writer\n"
        "from tests.ledger.rows import entry\n"
        "ledger = Writer(pathlib.Path(sys.argv[1]), linger_ms=50)\n"
        "ledger.start()\n"
        "ledger.put(0, entry())\n"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, cwd=root)
    assert count(path, "call") == 1


def test_a_start_reports_what_a_dead_process_left_open_once(store: Place) -> None:
    first = Writer(store, linger_ms=1)
    first.start()
    first.intend(INTENT)
    first.close()  # it never learned the outcome
    second, third = Writer(store), Writer(store)
    assert second.start() == [INTENT]
    assert third.start() == []
    second.close()
    third.close()
    assert ask(store, "SELECT state FROM intent") == [("orphaned",)]


def test_the_fingerprint_key_outlives_the_process(store: Place) -> None:
    keys = []
    for _ in range(2):
        ledger = Writer(store)
        ledger.start()
        keys.append(ledger.fingerprint_key)
        ledger.close()
    assert keys[0] == keys[1]
    assert len(keys[0]) == 32


def test_a_file_that_is_no_ledger_is_refused_at_start(path: Path) -> None:
    path.write_text("dear diary, " * 100)
    with pytest.raises(StoreError, match="not an SQLite database"):
        Writer(path).start()
    assert path.read_text().startswith("dear diary")


@pytest.mark.slow
async def test_any_interleaving_leaves_one_row_per_outcome_and_one_intent_per_open_call(
    opened: Opener, store: Place
) -> None:
    dice = random.Random(7)  # noqa: S311 - a repeatable test
    ledger = await asyncio.to_thread(opened, linger_ms=0, queue_rows=500)
    running: dict[int, str] = {}
    settled: list[str] = []
    for n in range(6_000):
        if dice.random() < 0.55:
            name = f"req-{n}"
            running[ledger.intend(INTENT._replace(id=name))] = name
        elif running:
            handle = dice.choice(list(running)[-50:])
            settled.append(running.pop(handle))
            ledger.put(handle, entry(id=settled[-1]))
        if dice.random() < 0.01:
            await ledger.durable()
        if not ledger.has_room():
            await ledger.room()
    await ledger.durable()
    rows = await asyncio.to_thread(ask, store, "SELECT id FROM call ORDER BY seq")
    intents = await asyncio.to_thread(ask, store, "SELECT id FROM intent")
    assert [name for (name,) in rows] == settled
    assert sorted(name for (name,) in intents) == sorted(running.values())


@pytest.mark.slow
def test_two_processes_worth_of_writers_share_one_file(opened: Opener, store: Place) -> None:
    writers = [opened(linger_ms=0) for _ in range(2)]

    def fill(ledger: Writer, name: str) -> None:
        for n in range(500):
            ledger.put(ledger.intend(INTENT), entry(id=f"{name}-{n}"))

    threads = [
        threading.Thread(target=fill, args=(one, str(n))) for n, one in enumerate(writers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one.flush() for one in writers)
    assert count(store, "call") == 1_000
    assert ask(store, "SELECT count(DISTINCT id) FROM call") == [(1_000,)]
    assert count(store, "intent") == 0
