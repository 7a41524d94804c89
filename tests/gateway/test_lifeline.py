"""A worker hears its supervisor, and ends when there is none any more."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.lifeline import ABANDONED, HURRY, RELOAD, STOP, Lifeline, Post

NUMBERS = st.integers(0, 10**6)


@given(st.builds(Post, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_a_post_survives_the_command_line(post: Post) -> None:
    assert Post.parse(str(post)) == post


async def test_words_are_heard_in_order_and_the_lines_end_means_stop() -> None:
    ours, theirs = socket.socketpair()
    heard: asyncio.Queue[str] = asyncio.Queue()
    with ours:
        line = Lifeline(theirs, 3600.0)
        line.start(heard.put_nowait)
        ours.send(f"{RELOAD}\n{HURRY[:2]}".encode())
        assert await heard.get() == RELOAD
        ours.send(f"{HURRY[2:]}\n".encode())
        assert await heard.get() == HURRY
    assert await heard.get() == STOP


def test_what_is_said_is_one_json_line_and_nobody_need_listen() -> None:
    ours, theirs = socket.socketpair()
    line = Lifeline(theirs, 3600.0)
    line.tell(ready={"url": "http://[::1]:1"})
    line.tell(reloaded=True)
    with ours:
        said = ours.recv(9999).splitlines()
    assert [json.loads(each) for each in said] == [
        {"ready": {"url": "http://[::1]:1"}},
        {"reloaded": True},
    ]
    line.tell(reloaded=True)
    theirs.close()


HANGS = """
import asyncio, socket, sys, time
from headgate.gateway import lifeline
lifeline.GRACE_S = 0.1
async def main():
    line = lifeline.Lifeline(socket.socket(fileno=int(sys.argv[1])), 0.1)
    line.start(print)
    line.tell(up=True)
    time.sleep(60)
asyncio.run(main())
"""


@pytest.mark.slow
def test_a_worker_whose_loop_hangs_ends_too_when_its_supervisor_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", HANGS, str(theirs.fileno())], pass_fds=(theirs.fileno(),)
        )
        assert ours.recv(99) == b'{"up":true}\n'
    assert process.wait(10) == ABANDONED
