"""What a cell asks of its keeper it asks through one record."""

from __future__ import annotations

import os

from headgate.sandbox.worker import frames
from headgate.sandbox.worker.around import Surroundings
from headgate.sandbox.worker.cell import Cell
from headgate.sandbox.worker.first import First
from headgate.sandbox.worker.frames import Word


def test_a_cell_that_breaks_before_it_began_says_so_and_wants_nothing_woken() -> None:
    said: list[bytes] = []
    around = Surroundings(
        said.append,
        lambda *_: None,
        lambda _: None,
        lambda _: First(0, -1, -1, -1),
        lambda *_: None,
        lambda *_: False,
        False,
    )
    cell = Cell(7, {}, around)
    cell._first_fd = os.pidfd_open(os.fork() or _wait())
    cell.fail("broken on purpose")
    (frame,) = frames.Unpacker().feed(b"".join(said))
    assert (frame.cell, frame.word) == (7, Word.FAILED)
    assert cell.wakes_at == 0.0
    os.wait()
    os.close(cell._first_fd)


def _wait() -> int:
    while True:
        os.read(0, 1)
        os._exit(0)
