"""Nodes of a Ray cluster as processes of this machine, each with an address on loopback.

Rule 1: a node is ended with all that it started, whatever became of its own processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.servers import children, free_port

HEAD, SECOND = "127.0.0.2", "127.0.0.3"
UP_S, GONE_S = 180.0, 60.0


def until(what: Callable[[], object], most_s: float) -> None:
    end = time.monotonic() + most_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def below(pid: int) -> dict[int, str]:
    """A process and all that it has started, by id and name."""
    found: dict[int, str] = {}
    with contextlib.suppress(OSError):
        found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    for child in children(pid):
        found |= below(child)
    return found


def is_gone(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


class Nodes:
    """Those of one cluster; the first is its head."""

    def __init__(self, temp: Path, env: Mapping[str, str]) -> None:
        """`temp` has a short name: Ray's sockets bear no long ones."""
        self.temp = temp
        self.all: list[subprocess.Popen[bytes]] = []
        self.gcs, self.client = free_port(), free_port()
        self._env = {**env, "TMPDIR": str(temp), "RAY_USAGE_STATS_ENABLED": "0"}

    @property
    def link(self) -> str:
        return f"ray://{HEAD}:{self.client}"

    def start(self) -> None:
        """Two, of one core each."""
        ports = (f"--port={self.gcs}", f"--ray-client-server-port={self.client}")
        self._node(HEAD, "--head", "--include-dashboard=false", *ports)
        until(lambda: _answers(self.gcs), UP_S)
        self._node(SECOND, f"--address={HEAD}:{self.gcs}")

    def await_up(self) -> None:
        until(lambda: _answers(self.client) and self._is_up(SECOND), UP_S)

    def _node(self, address: str, *words: str) -> None:
        ray = Path(sys.executable).with_name("ray")
        asked = [str(ray), "start", "--block", f"--node-ip-address={address}", "--num-cpus=1"]
        frugal = ["--object-store-memory=80000000", "--include-log-monitor=false"]
        command = [*asked, *frugal, "--disable-usage-stats", f"--temp-dir={self.temp}"]
        with (self.temp / f"{address}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *words],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.all.append(process)

    def _is_up(self, address: str) -> bool:
        return b"Ray runtime started" in (self.temp / f"{address}.log").read_bytes()

    def seats(self, node: subprocess.Popen[bytes]) -> list[int]:
        return [pid for pid, name in below(node.pid).items() if name.startswith("ray::Seat")]

    def judging(self) -> list[int]:
        """Every process of a judge: its seats, their cells, their databases."""
        return [pid for node in self.all for seat in self.seats(node) for pid in below(seat)]

    def end(self) -> None:
        ours = [pid for it in self.all for pid in below(it.pid)]
        for it in self.all:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(it.pid, signal.SIGKILL)
            it.wait()
        for pid in ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: all(map(is_gone, ours)), GONE_S)
        self.all.clear()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HEAD, port), 1):
        return True
    return False
