"""Turns: one process works on a store's archive, and whoever dies has had its turn."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

from headgate.ledger.archive.turn import turn
from headgate.store.place import Place, connect

HOLD = """
import sys, time
from pathlib import Path
from headgate.ledger.archive.turn import turn
from headgate.store.place import connect
from headgate.store.server import read_url
place = read_url(sys.argv[1]) if "://" in sys.argv[1] else Path(sys.argv[1])
with turn(place, connect(place)) as ours:
    print(ours, flush=True)
    time.sleep(60)
"""


def test_while_one_is_at_it_nobody_else_is(store: Place) -> None:
    with contextlib.closing(connect(store)) as one, contextlib.closing(connect(store)) as two:
        with turn(store, one) as ours, turn(store, two) as theirs:
            assert (ours, theirs) == (True, False)
        with turn(store, two) as theirs:
            assert theirs


def test_a_process_that_is_killed_gives_its_turn_back(store: Place) -> None:
    where = str(store) if isinstance(store, Path) else store.url
    connect(store).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, where], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        with contextlib.closing(connect(store)) as connection:
            with turn(store, connection) as ours:
                assert not ours
            process.kill()
            process.wait()
            for _ in range(200):
                with turn(store, connection) as ours:
                    if ours:
                        return
                connection.execute("SELECT 1")
    raise AssertionError("nobody ever has a turn again")
