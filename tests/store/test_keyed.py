"""The way to the table of keyed calls: of many one is Fresh, and no outcome is lost."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from headgate.policy.keyed import State, named
from headgate.store import keyed as module
from headgate.store.keyed import Done, Found, Keyed, Mismatch, Wanted
from headgate.store.outcome import Fresh, Running, Unknown
from headgate.store.place import Place, connect
from headgate.store.replies.kept import Kept
from headgate.store.server import Server
from headgate.store.sql import Connection, StoreError
from headgate.store.sqlite import connect as connect_file
from tests.servers import Postgres
from tests.stores import sign_in

SECRET = b"s" * 32
OWNER = 1
KEPT = Kept(200, False, [(b"content-type", b"application/json")], b"{}" * 300, 5, 7, "a", 9)


def wanted(key: str = "k", call_id: str = "a", **more: object) -> Wanted:
    given = {"what": b"q", "kept_s": 3600.0, "kept_bytes": 1000, **more}
    return Wanted(named(key.encode(), "me", SECRET), call_id=call_id, **given)  # type: ignore[arg-type]  # a test's shorthand


def rows(connection: Connection) -> list[tuple[str, str]]:
    found = connection.execute("SELECT call_id, state FROM keyed ORDER BY call_id")
    return [(str(call_id), str(state)) for call_id, state in found]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a thread, or another process, does it
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def opened(place: Place, **more: object) -> AsyncIterator[Keyed]:
    keyed = Keyed(place, lambda: OWNER, **more)  # type: ignore[arg-type]  # the same
    await asyncio.to_thread(keyed.start)
    try:
        yield keyed
    finally:
        await asyncio.to_thread(keyed.close)


@pytest.fixture
def keys(connection: Connection) -> Connection:
    sign_in(connection, OWNER)
    return connection


async def test_a_key_that_was_taken_is_in_the_store_before_anybody_goes_on(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as keyed:
        assert isinstance(await keyed.take(wanted()), Fresh)
        assert rows(keys) == [("a", "waiting")]
        await keyed.send(wanted().asked)
        assert rows(keys) == [("a", "running")]


async def test_of_a_thousand_at_once_in_two_processes_one_is_fresh(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as one, opened(store) as other:
        calls = [
            each.take(wanted(call_id=f"c{n}")) for n in range(500) for each in (one, other)
        ]
        found = Counter(type(each) for each in await asyncio.gather(*calls))
    assert found == {Fresh: 1, Running: 999}


async def test_what_was_answered_is_answered_alike_by_every_process(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as one, opened(store) as other:
        await one.take(wanted())
        one.end(wanted().asked, State.DONE, KEPT)
        await until(lambda: rows(keys) == [("a", "done")])
        for keyed in (one, other):
            assert await keyed.take(wanted(call_id="b")) == Done(KEPT)


async def test_an_answer_is_sealed_with_the_key_that_its_caller_sent(
    store: Place, keys: Connection
) -> None:
    kept = Kept(200, False, [], b"the secret of the house" * 9, 5, 7, "a", 9)
    async with opened(store) as keyed:
        await keyed.take(wanted())
        keyed.end(wanted().asked, State.DONE, kept)
    (name, reply), *_ = keys.execute("SELECT name, reply FROM keyed").fetchall()
    assert b"secret" not in reply
    assert name == wanted().asked.name


async def test_another_request_with_the_key_is_no_repeat(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as one, opened(store) as other:
        await one.take(wanted())
        for keyed in (one, other):
            assert isinstance(await keyed.take(wanted(what=b"other")), Mismatch)
            assert await keyed.take(wanted(call_id="b")) == Running("a")


async def test_an_unknown_outcome_is_run_anew_by_who_names_it(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as keyed:
        await keyed.take(wanted())
        keyed.end(wanted().asked, State.UNKNOWN)
        assert await keyed.take(wanted(call_id="b")) == Unknown("a", answered=False)
        assert isinstance(await keyed.take(wanted(call_id="b", rerun="a")), Fresh)


async def test_a_call_that_was_turned_away_may_come_again_at_once(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as keyed:
        for n in range(3):
            assert isinstance(await keyed.take(wanted(call_id=f"c{n}")), Fresh)
            keyed.end(wanted().asked, State.ABSENT)


async def test_an_answer_that_is_too_long_is_not_kept_and_that_is_said(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as keyed:
        await keyed.take(wanted(kept_bytes=10))
        keyed.end(wanted().asked, State.DONE, KEPT)
        assert await keyed.take(wanted(call_id="b")) == Unknown("a", answered=True)


async def test_a_key_that_nobody_waits_for_any_more_is_given_back(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as keyed:
        leaving = [asyncio.ensure_future(keyed.take(wanted(f"k{n}"))) for n in range(50)]
        for n, task in enumerate(leaving):
            for _ in range(n % 5):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        for n in range(50):
            found = await keyed.take(wanted(f"k{n}", "b"))
            while isinstance(found, Running):  # for as long as it takes to be given back
                await asyncio.sleep(0.01)
                found = await keyed.take(wanted(f"k{n}", "b"))
            assert isinstance(found, Fresh)


async def test_who_leaves_takes_no_key_from_who_stays(store: Place, keys: Connection) -> None:
    async with opened(store) as keyed:
        leaving = asyncio.ensure_future(keyed.take(wanted(call_id="a")))
        staying = asyncio.ensure_future(keyed.take(wanted(call_id="b")))
        await asyncio.sleep(0)
        leaving.cancel()
        found = await staying
        assert found in (Running("a"), Fresh(found.at_us if isinstance(found, Fresh) else 0))
        await until(lambda: rows(keys) in ([], [("b", "waiting")]))


async def test_a_call_whose_key_is_anothers_meanwhile_must_not_be_sent(
    store: Place, keys: Connection
) -> None:
    async with opened(store) as slow, opened(store) as other:
        await slow.take(wanted())
        keys.execute("DELETE FROM owner")  # it is taken for dead
        assert isinstance(await other.take(wanted(call_id="b")), Fresh)
        with pytest.raises(StoreError, match="another has its key"):
            await slow.send(wanted().asked)
        slow.end(wanted().asked, State.ABSENT)
        await other.send(wanted().asked)
        await asyncio.to_thread(slow.close)
        assert rows(keys) == [("b", "running")]


async def test_the_lease_of_what_runs_is_renewed_and_of_nothing_else(
    store: Place, keys: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW_S", 0.05)
    async with opened(store) as keyed:
        await keyed.take(wanted("runs"))
        await keyed.take(wanted("ended", "b"))
        keyed.end(wanted("ended").asked, State.UNKNOWN)
        keys.execute("UPDATE keyed SET lease_us = 5")
        leases = "SELECT call_id FROM keyed WHERE lease_us > 5"
        await until(lambda: keys.execute(leases).fetchall() == [("a",)])


async def test_what_is_too_old_is_forgotten(
    store: Place, keys: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP_S", 0.05)
    monkeypatch.setattr(module, "RENEW_S", 0.05)
    async with opened(store) as keyed:
        await keyed.take(wanted("short", kept_s=0.01))
        keyed.end(wanted("short").asked, State.DONE, KEPT)
        await keyed.take(wanted("long", "b"))
        await until(lambda: rows(keys) == [("b", "waiting")])


async def test_without_a_store_no_key_is_had_and_it_is_said_why(tmp_path: Path) -> None:
    async with opened(tmp_path / "none" / "headgate.db") as keyed:
        with pytest.raises(StoreError, match="cannot be used"):
            await keyed.take(wanted())
    with pytest.raises(StoreError, match="about to stop"):
        await keyed.take(wanted())


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    """A store in which one process is signed in."""
    path = tmp_path / "headgate.db"
    with contextlib.closing(connect_file(path)) as connection:
        sign_in(connection, OWNER)
    return path


async def test_an_outcome_is_written_once_the_store_can_be_again(
    a_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.02)
    path, away = a_file, a_file.with_name("away.db")
    async with opened(path) as keyed:
        await keyed.take(wanted())
        path.rename(away)
        keyed.end(wanted().asked, State.DONE, KEPT)
        with pytest.raises(StoreError):
            await keyed.take(wanted("other"))
        away.rename(path)
        found: Found = Running("")
        while isinstance(found, Running):
            await asyncio.sleep(0.02)
            found = await keyed.take(wanted(call_id="b"))
        assert found == Done(KEPT)


@pytest.mark.slow
def test_a_server_that_comes_back_hears_of_every_outcome(
    server_store: Place, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.1)
    with contextlib.closing(connect(server_store)) as connection:
        sign_in(connection, OWNER)
    keyed = Keyed(server_store, lambda: OWNER)
    keyed.start()
    with asyncio.Runner() as runner, contextlib.closing(keyed):
        runner.run(keyed.take(wanted()))
        runner.run(keyed.take(wanted("lost", "c")))
        postgres.stop()
        keyed.end(wanted().asked, State.DONE, KEPT)
        keyed.end(wanted("lost").asked, State.UNKNOWN)
        with pytest.raises(StoreError):
            runner.run(keyed.take(wanted("new", "d")))
        postgres.start()
        with contextlib.closing(connect(server_store)) as connection:
            expected = [("a", "done"), ("c", "unknown")]
            runner.run(until(lambda: rows(connection) == expected))


RACER = """
import asyncio, sys
from pathlib import Path
from headgate.policy.keyed import named
from headgate.store.keyed import Keyed, Wanted
from headgate.store.server import read_url

async def main(place, worker):
    keyed = Keyed(place, lambda: 1)
    keyed.start()
    print("ready", flush=True)
    sys.stdin.readline()
    async def one(n):
        asked = named(b"key %d" % n, "me", b"s" * 32)
        return type(await keyed.take(Wanted(asked, b"q", f"w{worker}-{n}", 60.0, 9))).__name__
    print(" ".join(await asyncio.gather(*(one(n) for n in range(100)))), flush=True)
    sys.stdin.readline()
    keyed.close()

address = sys.argv[1]
asyncio.run(main(read_url(address) if "://" in address else Path(address), sys.argv[2]))
"""


@pytest.mark.slow
def test_of_several_processes_that_race_for_a_key_one_has_it(
    store: Place, keys: Connection
) -> None:
    address = store.url if isinstance(store, Server) else str(store)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, address, str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for worker in range(4)
    ]
    try:
        answers = []
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        for racer in racers:
            assert racer.stdout is not None
            answers.append(racer.stdout.readline().split())
    finally:
        for racer in racers:
            racer.communicate("\n", timeout=20)
    for at_one_key in zip(*answers, strict=True):
        assert sorted(at_one_key) == ["Fresh", "Running", "Running", "Running"]
