"""Who is alive: a dead writer's open intents are reported once, a living one's never."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.ledger import owner
from headgate.ledger.insert import Batch, write
from headgate.store.sqlite import connect
from tests.ledger.rows import INTENT, entry


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "headgate.db"


def states(connection: sqlite3.Connection) -> list[str]:
    return [state for (state,) in connection.execute("SELECT state FROM intent ORDER BY n")]


def test_a_living_writers_intents_are_left_alone(ledger: Path) -> None:
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


def test_a_dead_writers_intents_are_reported_once_and_stay_on_record(ledger: Path) -> None:
    connection = connect(ledger)
    dead, _ = owner.enter(connection, ledger)
    write(connection, dead.n, Batch(1, [entry()], [(1, INTENT), (2, INTENT)], []))
    os.close(dead.lock)  # as the kernel does at a death of any kind
    heir, orphans = owner.enter(connection, ledger)
    assert orphans == [INTENT, INTENT]
    assert states(connection) == ["orphaned", "orphaned"]
    last, again = owner.enter(connection, ledger)
    assert again == []
    heir.leave()
    last.leave()
    connection.close()


def test_a_process_that_is_killed_counts_as_dead(ledger: Path) -> None:
    """Also when its number is taken by another process: nobody looks at numbers."""
    script = (
        "import sys, pathlib, time\n"
        "from headgate.ledger import owner\n"
        "from headgate.store.sqlite import connect\n"
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


def test_a_writer_that_signs_out_leaves_no_trace(ledger: Path) -> None:
    connection = connect(ledger)
    mine, _ = owner.enter(connection, ledger)
    owner.sign_out(connection, mine)
    mine.leave()
    assert connection.execute("SELECT count(*) FROM owner").fetchone() == (0,)
    assert list(owner.lock_folder(ledger).iterdir()) == []
    connection.close()


def test_signing_out_with_open_intents_leaves_them_to_the_next_start(ledger: Path) -> None:
    connection = connect(ledger)
    mine, _ = owner.enter(connection, ledger)
    write(connection, mine.n, Batch(1, [], [(1, INTENT)], []))
    owner.sign_out(connection, mine)
    mine.leave()
    heir, orphans = owner.enter(connection, ledger)
    assert orphans == [INTENT]
    heir.leave()
    connection.close()


def test_an_owner_knows_its_own_file_from_another(ledger: Path, tmp_path: Path) -> None:
    here, elsewhere = connect(ledger), connect(tmp_path / "other.db")
    mine, _ = owner.enter(here, ledger)
    assert owner.known(here, mine)
    assert not owner.known(elsewhere, mine)
    mine.leave()
    here.close()
    elsewhere.close()
