"""Conversations of many threads over one socket."""

from __future__ import annotations

import collections
import itertools
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.verdict.inside import lines, peer
from tests.sandbox.verdict.inside import joined


@pytest.fixture
def both() -> Iterator[joined.Joined]:
    made = joined.joined()
    made.judge.lines.watch()
    made.code.lines.watch()
    yield made
    made.close()


def test_what_waits_on_one_line_is_let_go_by_another(both: joined.Joined) -> None:
    opened = threading.Event()
    both.code.perform["wait"] = lambda: opened.wait(20)
    both.code.perform["open"] = opened.set
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(both.judge.ask("wait", 0)))
    waiting.start()
    both.judge.ask("open", 0)
    waiting.join(20)
    assert found == [True]


def test_a_line_is_served_by_the_same_thread_each_time(both: joined.Joined) -> None:
    own, numbers = threading.local(), itertools.count()

    def who() -> int:
        """This thread, by a number that no later one has again."""
        own.number = getattr(own, "number", None) or next(numbers) + 1
        return int(own.number)

    both.code.perform["who"] = who
    found: list[object] = []

    def ask() -> None:
        found.extend(both.judge.ask("who", 0) for _ in range(3))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    assert len(set(found)) == 3
    assert both.judge.ask("who", 0) not in found


def test_a_thread_of_the_code_calls_while_nobody_waits_for_it(both: joined.Joined) -> None:
    heard = threading.Event()

    def begin(call: object) -> None:
        threading.Thread(target=call).start()  # type: ignore[arg-type]

    both.code.perform["launch"] = begin
    both.judge.ask("launch", 0, (heard.set,))
    assert heard.wait(20)


def _asked_thrice(both: joined.Joined) -> None:
    for _ in range(3):
        both.judge.ask("fetch", 0, ("Shape",))


def test_what_is_no_frame_ends_every_line(both: joined.Joined) -> None:
    both.code.wire.send({"no": "frame"})
    with pytest.raises(peer.Gone):
        _asked_thrice(both)


def test_more_lines_than_there_may_be_end_the_judging(both: joined.Joined) -> None:
    for line in range(2, 2 * lines.MOST_LINES, 2):
        both.judge.lines._inboxes[line] = collections.deque()
    both.code.wire.send(["ask", 9999, "x", 0, [], [], [None, [], 0, [], False]])
    with pytest.raises(peer.Gone):
        _asked_thrice(both)


def test_nobody_watches_until_one_side_has_a_second_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "_count", lambda: 0)
    made = joined.joined()
    try:
        seen = []
        for count in (0, 2):
            monkeypatch.setattr(lines, "_count", lambda count=count: count)
            made.fetch("Shape")
            seen.append((made.judge.lines._is_watched, made.code.lines._is_watched))
    finally:
        made.close()
    assert seen == [(False, False), (True, True)]


def test_what_ended_stays_ended_though_a_test_swallows_it() -> None:
    made = joined.joined()
    made.close()
    with pytest.raises(lines.Gone):
        made.judge.ask("fetch", 0, ("Shape",))
    assert made.judge.lines.why() == "the process of the code has ended"


class Pieces(socket.socket):
    """A socket at whose other end somebody sends a few bytes at a time."""

    def __init__(self, data: bytes, cuts: list[int]) -> None:
        self._pieces = itertools.cycle(cuts)
        self._data = data

    def recv(self, size: int, flags: int = 0) -> bytes:
        at = min(size, next(self._pieces))
        piece, self._data = self._data[:at], self._data[at:]
        return piece


@given(
    frames=st.lists(
        st.recursive(st.integers() | st.text(), st.lists, max_leaves=9), max_size=6
    ),
    cuts=st.lists(st.integers(1, 400), min_size=1),
)
def test_frames_are_the_same_however_their_bytes_arrive(
    frames: list[Any], cuts: list[int]
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for it in frames:
            lines.Wire(theirs).send(it)
        sent = ours.recv(1 << 20) if frames else b""
    wire = lines.Wire(Pieces(sent, cuts))
    assert [wire.receive() for _ in frames] == frames
    with pytest.raises(lines.Gone):
        wire.receive()
