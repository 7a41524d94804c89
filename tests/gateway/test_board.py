"""What workers show each other arrives whole, stays after a death, and lines take turns."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.board import HALF_BYTES, Board


@contextlib.contextmanager
def board(workers: int) -> Iterator[Board]:
    made = Board.create(workers)
    try:
        yield made
    finally:
        made.close()


@given(st.lists(st.tuples(st.integers(1, 3), st.binary(max_size=500)), max_size=12))
def test_each_place_holds_what_was_put_there_last(puts: list[tuple[int, bytes]]) -> None:
    with board(3) as made:
        last: dict[int, bytes] = {}
        for place, content in puts:
            assert made.show(place, content)
            last[place] = content
        other = Board(made.descriptor, 3)
        for place in (1, 2, 3):
            assert other.shown(place) == last.get(place, b"")


def test_a_successor_writes_after_the_dead_one_and_not_before_it() -> None:
    with board(1) as made:
        for n in range(5):
            made.show(1, b"%d" % n)
        successor = Board(made.descriptor, 1)
        successor.show(1, b"mine")
        assert made.shown(1) == b"mine"


@given(st.integers(0, 60))
def test_a_torn_write_leaves_what_was_there_before(cut: int) -> None:
    with board(1) as made:
        made.show(1, b"first")
        made.show(1, b"second" * 10)
        at = 1 + (2 % 2) * HALF_BYTES
        os.pwrite(made.descriptor, b"\xff", at + 24 + cut % 60)
        assert made.shown(1) == b"first"


def test_what_is_too_long_is_refused_and_the_last_one_stays() -> None:
    with board(2) as made:
        assert made.show(1, b"x" * (HALF_BYTES - 24))
        assert not made.show(1, b"y" * (HALF_BYTES - 23))
        assert made.shown(1) == b"x" * (HALF_BYTES - 24)
        assert made.shown(2) == b""


LINES = """
import os, sys
from headgate.gateway.board import Board
board, log, name = Board(int(sys.argv[1]), 1), int(sys.argv[2]), sys.argv[3].encode()
for n in range(40):
    with board.turn():
        line = memoryview(name * 9000 + b"\\n")
        while line:
            line = line[os.write(log, line[:1000]):]
"""


@pytest.mark.slow
def test_lines_longer_than_a_pipe_takes_at_once_are_whole_whoever_writes(
    tmp_path: Path,
) -> None:
    with board(1) as made:
        reading, writing = os.pipe()
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", LINES, str(made.descriptor), str(writing), name],
                pass_fds=(made.descriptor, writing),
            )
            for name in "abc"
        ]
        os.close(writing)
        with open(reading, "rb") as log:
            lines = log.read().splitlines()
        assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert sorted(lines) == sorted(
        name * 9000 for name in (b"a", b"b", b"c") for _ in range(40)
    )


@pytest.mark.slow
def test_whoever_dies_in_its_turn_holds_nobody_up() -> None:
    code = """
import sys, time
from headgate.gateway.board import Board
with Board(int(sys.argv[1]), 1).turn():
    print("in", flush=True)
    time.sleep(60)
"""
    with board(1) as made:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(made.descriptor)],
            pass_fds=(made.descriptor,),
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with made.turn():
            pass
