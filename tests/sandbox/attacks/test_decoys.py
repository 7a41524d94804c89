"""Decoys: what is reached is told, and nothing of them stays."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from headgate.sandbox.attacks import decoys
from headgate.sandbox.attacks.decoys import Decoys


@pytest.mark.slow
def test_each_way_of_reaching_a_decoy_is_told() -> None:
    with Decoys() as laid:
        world = laid.world
        assert laid.reached() == {}
        with socket.create_connection(("127.0.0.1", world.tcp)) as line:
            line.sendall(b"speak tcp to the host")
        Path(world.at("overwritten")).write_text("x")
        os.kill(world.victim, signal.SIGUSR1)
        end = time.monotonic() + 5
        while len(laid.reached()) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        assert sorted(laid.reached()) == [
            "overwrite a file of the host",
            "send a signal to a process of the host",
            "speak tcp to the host",
        ]


def test_nothing_of_them_stays() -> None:
    with Decoys() as laid:
        world = laid.world
        assert world.token in os.environ[decoys.CANARY]
    assert decoys.CANARY not in os.environ
    assert not Path(world.folder).exists()
    assert not Path(world.shared).exists()
    assert not Path(f"/proc/{world.victim}").exists()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(world.descriptor)
