"""Frames and notes arrive whole, however they are cut."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.worker import frames
from headgate.sandbox.worker.frames import Word


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(Word), st.binary())),
    st.integers(1, 40),
)
def test_any_chunking_gives_the_same_frames(
    said: list[tuple[int, Word, bytes]], step: int
) -> None:
    text = b"".join(frames.pack(*it) for it in said)
    unpacker = frames.Unpacker()
    heard = [
        it for at in range(0, len(text), step) for it in unpacker.feed(text[at : at + step])
    ]
    assert [tuple(it) for it in heard] == said


def test_a_frame_of_impossible_length_is_refused_before_it_is_kept() -> None:
    head = frames.HEAD.pack(frames.MOST + 1, 1, Word.STDOUT)
    with pytest.raises(frames.Broken):
        list(frames.Unpacker().feed(head))


def test_a_note_carries_descriptors_and_silence_is_none() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        read, write = os.pipe()
        frames.tell(ours, {"word": "here"}, (write,))
        os.close(write)
        said, (fd,) = frames.hear(theirs)
        os.write(fd, b"x")
        os.close(fd)
        assert (said, os.read(read, 9)) == ({"word": "here"}, b"x")
        os.close(read)
        ours.close()
        assert frames.hear(theirs) == (None, [])
