"""Output is kept to its limit; a session's line is whole or cut."""

from __future__ import annotations

import os
import socket

import pytest

from headgate.sandbox.worker import streams
from headgate.sandbox.worker.frames import Word


def test_beyond_the_limit_bytes_are_counted_and_an_empty_pipe_waits_for_nobody() -> None:
    read, write = os.pipe2(os.O_NONBLOCK)
    stream = streams.Stream(read, Word.STDOUT, 5)
    assert stream.read() == (b"", 0, False)
    assert not stream.has_more()
    os.write(write, b"abcdefg")
    assert stream.has_more()
    assert stream.read() == (b"abcde", 2, False)
    os.close(write)
    assert stream.read() == (b"", 0, True)
    os.close(read)


def test_a_line_is_heard_when_it_is_whole_and_nonsense_cuts_it() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        line = streams.Line(ours)
        assert line.hear() is line.NOTHING
        theirs.send(b'{"ok":')
        assert line.hear() is line.NOTHING
        theirs.send(b" true}\n")
        assert line.hear() == {"ok": True}
        line.say({"code": "x" * 100_000})
        assert theirs.recv(8) == b'{"code":'
        theirs.send(b"[" * 50_000 + b"\n")
        assert line.hear() is None
        line.close(lambda _: None)


def test_a_line_that_is_not_read_is_an_error_and_no_wait() -> None:
    ours, theirs = socket.socketpair()
    line = streams.Line(ours)
    with theirs, pytest.raises(OSError, match=r"listen|unavailable"):
        fill(line)
    line.close(lambda _: None)


def fill(line: streams.Line) -> None:
    for _ in range(20):
        line.say({"code": "x" * 400_000})


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ({"ok": True, "value": "1"}, (0, "", "1")),
        ({"ok": False, "value": 7, "mark": 3}, (1, "", None)),
        ({"ok": False, "exit_code": 259, "mark": "memory"}, (3, "memory", None)),
        ({}, (1, "", None)),
    ],
)
def test_an_answer_is_believed_in_its_form_only(
    answer: dict[str, object], read: tuple[int, str, str | None]
) -> None:
    assert streams.read_answer(answer) == read
