"""A note and its descriptors are taken by a row of calls, again and again."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from headgate.sandbox.worker import machine
from headgate.sandbox.worker.calls import Row
from headgate.sandbox.worker.inbox import Inbox


def test_each_note_arrives_whole_with_its_descriptors_and_an_end_is_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "first"
    path.write_bytes(machine.program())
    code, row = machine.Code(str(path)), Row()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    inbox = Inbox(row, theirs.fileno(), 64)
    row.write()
    with theirs:
        for text, count in ((b"three", 3), (b"none", 0), (b"one more", 1)):
            socket.send_fds(ours, [text], [ours.fileno()] * count)
            row.make(code)
            data, fds = inbox.taken()
            assert (data, len(fds)) == (text, count)
            for fd in fds:
                assert os.path.sameopenfile(fd, ours.fileno())
                assert not os.get_inheritable(fd)
                os.close(fd)
        ours.close()
        row.make(code)
        assert inbox.taken() == (b"", [])
