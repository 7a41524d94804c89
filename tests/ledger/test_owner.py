"""Who is alive: a dead writer's open intents are reported once, a living one's never."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.ledger import owner
from headgate.ledger.insert import Batch, Buried, write
from headgate.ledger.owner import Owner
from headgate.store.place import Place, connect
from headgate.store.sql import Connection, on_file
from tests.ledger.rows import INTENT, entry


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "headgate.db"


DAY = INTENT.at_us // 86_400_000_000
DEAR = INTENT._replace(charged="house key:k_1", probable_nusd=500)


def states(connection: Connection) -> list[str]:
    return [state for (state,) in connection.execute("SELECT state FROM intent ORDER BY n")]


def spend(connection: Connection) -> list[tuple[object, ...]]:
    sql = "SELECT account, day, owner, calls, cost_nusd FROM spend ORDER BY 1, 2, 3"
    return [tuple(row) for row in connection.execute(sql).fetchall()]


def die(connection: Connection, dead: Owner) -> None:
    """As a process dies: the kernel drops its lock; on a server it says nothing any more."""
    if dead.lock_path is not None:
        os.close(dead.lock)
    old_us = f"{owner.CLOCK_US} - 6000000" if dead.lock_path is None else "0"
    connection.execute(f"UPDATE owner SET alive_us = {old_us} WHERE n = ?", (dead.n,))  # noqa: S608 - constant text


@pytest.fixture(autouse=True)
def long_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' server was started a moment ago, which is a promise of its own below."""
    monkeypatch.setattr(owner, "_STARTED_US", "0")


def test_a_living_writers_intents_are_left_alone(store: Place) -> None:
    ledger = store
    first, second = connect(ledger), connect(ledger)
    living, _ = owner.enter(first, ledger)
    write(first, living.n, Batch(1, [], [(1, INTENT)], []))
    other, orphans = owner.enter(second, ledger)
    assert orphans == []
    assert states(second) == ["open"]
    living.leave()
    other.leave()
    first.close()
    second.close()


def test_a_dead_writers_intents_are_reported_once_and_stay_on_record(
    store: Place, connection: Connection
) -> None:
    ledger = store
    dead, _ = owner.enter(connection, ledger)
    write(connection, dead.n, Batch(1, [entry()], [(1, INTENT), (2, INTENT)], []))
    die(connection, dead)
    heir, orphans = owner.enter(connection, ledger)
    assert orphans == [INTENT, INTENT]
    assert states(connection) == ["orphaned", "orphaned"]
    last, again = owner.enter(connection, ledger)
    assert again == []
    heir.leave()
    last.leave()


def test_a_process_that_is_killed_counts_as_dead(ledger: Path) -> None:
    """Also when its number is taken by another process: nobody looks at numbers."""
    script = (
        "import sys, pathlib, time\n"
        "from headgate.ledger import owner\n"
        "from headgate.store.place import connect\n"
        "ledger = pathlib.Path(sys.argv[1])\n"
        "connection = connect(ledger)\n"
        "mine, _ = owner.enter(connection, ledger)\n"
        "print(mine.n, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(ledger)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        connection = connect(ledger)
        write(connection, number, Batch(1, [], [(1, INTENT)], []))
        while_alive, orphans = owner.enter(connection, ledger)
        assert orphans == []
        process.kill()
    afterwards, orphans = owner.enter(connection, ledger)
    assert orphans == [INTENT]
    while_alive.leave()
    afterwards.leave()
    connection.close()


def test_a_writer_that_signs_out_leaves_no_trace_but_what_it_spent(
    store: Place, connection: Connection
) -> None:
    mine, _ = owner.enter(connection, store)
    write(connection, mine.n, Batch(1, [entry(charged="house", cost_nusd=5)], [], []))
    connection.execute("INSERT INTO lease VALUES ('house', 0, ?, 9)", (mine.n,))
    owner.sign_out(connection, mine)
    mine.leave()
    for table in ("owner", "lease", "buried"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608 - names of ours
    assert spend(connection) == [("house", DAY, 0, 1, 5)]
    if isinstance(store, Path):
        assert list(owner.lock_folder(store).iterdir()) == []


def test_signing_out_with_open_intents_leaves_them_to_the_next_start(
    store: Place, connection: Connection
) -> None:
    ledger = store
    mine, _ = owner.enter(connection, ledger)
    write(connection, mine.n, Batch(1, [], [(1, INTENT)], []))
    owner.sign_out(connection, mine)
    mine.leave()
    heir, orphans = owner.enter(connection, ledger)
    assert orphans == [INTENT]
    heir.leave()


def test_an_owner_knows_its_own_file_from_another(ledger: Path, tmp_path: Path) -> None:
    here, elsewhere = connect(ledger), connect(tmp_path / "other.db")
    mine, _ = owner.enter(here, ledger)
    assert owner.known(here, mine)
    assert not owner.known(elsewhere, mine)
    mine.leave()
    here.close()
    elsewhere.close()


def test_the_dead_are_buried_while_others_run_and_what_they_left_is_settled(
    store: Place, connection: Connection
) -> None:
    living, _ = owner.enter(connection, store)
    dead, _ = owner.enter(connection, store)
    paid = entry(charged="house", cost_nusd=7)
    write(connection, living.n, Batch(1, [paid], [(1, DEAR)], []))
    write(connection, dead.n, Batch(1, [paid], [(1, DEAR), (2, DEAR)], []))
    connection.execute("INSERT INTO lease VALUES ('house', 0, ?, 9)", (dead.n,))
    assert owner.bury(connection, store) == []
    die(connection, dead)
    assert owner.bury(connection, store) == [DEAR, DEAR]
    assert owner.bury(connection, store) == []
    assert sorted(states(connection)) == ["open", "orphaned", "orphaned"]
    assert spend(connection) == [
        ("house", DAY, 0, 1, 1_007),
        ("house", DAY, living.n, 1, 7),
        ("key:k_1", DAY, 0, 0, 1_000),
    ]
    assert connection.execute("SELECT count(*) FROM lease").fetchone() == (0,)
    assert connection.execute("SELECT n FROM owner").fetchall() == [(living.n,)]
    living.leave()


def test_who_was_buried_and_comes_back_is_counted_once(
    store: Place, connection: Connection
) -> None:
    gone, _ = owner.enter(connection, store)
    first, late = entry(charged="house", cost_nusd=7), entry(charged="house", cost_nusd=11)
    sent = DEAR._replace(charged="house")
    write(connection, gone.n, Batch(1, [], [(1, sent), (2, sent)], []))
    write(connection, gone.n, Batch(2, [first], [], [1]))
    die(connection, gone)
    assert owner.bury(connection, store) == [sent]
    assert spend(connection) == [("house", DAY, 0, 1, 507)]
    with pytest.raises(Buried):
        write(connection, gone.n, Batch(2, [first], [], [1]))
    back, orphans = owner.enter(connection, store, gone)
    assert (orphans, back.mark) == ([], gone.mark)
    assert back.n != gone.n
    for number, batch in ((2, [first]), (3, [late]), (3, [late])):
        closed = [1] if number == 2 else [2]
        write(connection, back.n, Batch(number, batch, [], closed, back.mark))
    assert states(connection) == []
    assert connection.execute("SELECT count(*) FROM call").fetchone() == (2,)
    assert spend(connection) == [("house", DAY, 0, 1, 7), ("house", DAY, back.n, 1, 11)]
    back.leave()


def test_in_another_store_nothing_is_known_of_who_comes_back(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    here, _ = owner.enter(connection, store)
    elsewhere = tmp_path / "other" / "headgate.db"
    with contextlib.closing(connect(elsewhere)) as other:
        there, _ = owner.enter(other, elsewhere, here)
        assert there.mark == there.n
        write(other, there.n, Batch(1, [entry()], [], []))
        there.leave()
    here.leave()


def test_a_pulse_says_whether_it_came_too_late(store: Place, connection: Connection) -> None:
    mine, _ = owner.enter(connection, store)
    connection.execute("UPDATE owner SET alive_us = 1")
    assert owner.pulse(connection, mine)
    if not on_file(connection):
        (alive,) = connection.execute("SELECT alive_us FROM owner").fetchone()
        (now,) = connection.execute(f"SELECT {owner.CLOCK_US}").fetchone()
        assert 0 <= now - alive < 5_000_000
    connection.execute("DELETE FROM owner")
    assert not owner.pulse(connection, mine)
    mine.leave()


def test_a_server_that_was_away_proves_nobody_dead(
    server_store: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(connect(server_store)) as connection:
        silent, _ = owner.enter(connection, server_store)
        die(connection, silent)
        monkeypatch.setattr(owner, "_STARTED_US", f"({owner.CLOCK_US} - 1000000)")
        assert owner.bury(connection, server_store) == []
        assert owner.known(connection, silent)
        monkeypatch.setattr(owner, "_STARTED_US", "0")
        owner.bury(connection, server_store)
        assert not owner.known(connection, silent)


def test_who_was_silent_itself_judges_nobody(server_store: Place) -> None:
    with contextlib.closing(connect(server_store)) as connection:
        judge, _ = owner.enter(connection, server_store)
        silent, _ = owner.enter(connection, server_store)
        die(connection, silent)
        die(connection, judge)
        owner.bury(connection, server_store, judge)
        assert owner.known(connection, silent)
        assert owner.pulse(connection, judge)
        owner.bury(connection, server_store, judge)
        assert not owner.known(connection, silent)
        assert owner.known(connection, judge)


def test_who_is_in_the_middle_of_a_commit_is_not_buried(server_store: Place) -> None:
    with (
        contextlib.closing(connect(server_store)) as busy,
        contextlib.closing(connect(server_store)) as judge,
    ):
        silent, _ = owner.enter(busy, server_store)
        die(busy, silent)
        busy.execute("BEGIN")
        busy.execute("UPDATE owner SET batch = 1 WHERE n = ?", (silent.n,))
        assert owner.bury(judge, server_store) == []
        assert owner.known(judge, silent)
        busy.execute("ROLLBACK")
        owner.bury(judge, server_store)
        assert not owner.known(judge, silent)
