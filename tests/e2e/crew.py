"""Several workers as a user starts them, and what is asked of all of them at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.street import HEADGATE, HOUSE_KEYS, first_object, launch, outside_env, started
from tests.kit import Got, read_reply

CONNECTIONS = 24
"""over which all of a few workers are reached, but for one time in a thousand"""

Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CONFIG = """
[server]
port = 0
{server}
[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"
{more}
"""


@dataclass(frozen=True)
class Host:
    """A running supervisor, its workers and the simulator behind them."""

    up: subprocess.Popen[bytes]
    port: int
    workers: list[int]
    folder: Path
    env: dict[str, str]
    log: Path

    @property
    def ledger(self) -> Path:
        return self.folder / "s" / "headgate.db"

    @property
    def toml(self) -> Path:
        return self.folder / "headgate.toml"

    def run(self, *words: str) -> str:
        """A headgate command on this host; what it printed."""
        done = subprocess.run(
            [str(HEADGATE), *words],
            check=False,
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, question: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as db:
            return [row[0] if len(row) == 1 else row for row in db.execute(question)]

    def said(self, words: str, seconds: float = 8.0) -> str:
        """Everything said so far, once these words are among it."""
        until = time.monotonic() + seconds
        while words not in self.log.read_text() and time.monotonic() < until:
            time.sleep(0.01)
        text = self.log.read_text()
        assert words in text, text
        return text

    def alive(self) -> list[int]:
        """The supervisor's children."""
        path = Path(f"/proc/{self.up.pid}/task/{self.up.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


@contextlib.contextmanager
def host(
    folder: Path, workers: int, *, server: str = "", more: str = "", **env: str
) -> Iterator[Host]:
    """`{sim}` in `more` is the simulator's address."""
    given = outside_env() | HOUSE_KEYS | env
    given |= {"HOME": str(folder), "HEADGATE_HOME": str(folder / "s")}
    with started(["sim", "--port", "0"], given, folder) as sim:
        text = CONFIG.replace("{server}", server).replace("{more}", more)
        (folder / "headgate.toml").write_text(text.replace("{sim}", sim["url"]))
        log = folder / "up.log"
        up = launch(["up", "--config", "headgate.toml", "--workers", str(workers)], given, log)
        pids: list[int] = []
        try:
            facts = first_object(up, log)
            pids = facts["workers"]
            port = int(facts["url"].rpartition(":")[2])
            yield Host(up, port, pids, folder, given, log)
        finally:
            up.kill()
            up.communicate()


class Fan:
    """Connections that stay open, to all workers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[Link] = []

    async def __aenter__(self) -> Fan:
        for _ in range(CONNECTIONS):
            self._open.append(await asyncio.open_connection("127.0.0.1", self._port))
        return self

    async def __aexit__(self, *_: object) -> None:
        for link in self._open:
            link[1].close()

    async def ask(
        self, method: str, path: str, body: object = None, key: str = ""
    ) -> list[Got]:
        """The same over every connection at once."""
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(data)}\r\n"
        head += f"x-api-key: {key}\r\n\r\n" if key else "\r\n"

        async def one(link: Link) -> Got:
            reader, writer = link
            writer.write(head.encode() + data)
            return await read_reply(reader, method)

        async with asyncio.timeout(20):
            return list(await asyncio.gather(*(one(each) for each in self._open)))


async def until_all(
    ask: Callable[[], Awaitable[list[Got]]], good: Callable[[Got], bool], seconds: float = 5.0
) -> float:
    """How long it took until every answer was good, all at once."""
    begun = time.monotonic()
    while True:
        asked = time.monotonic()
        answers = await ask()
        if all(good(got) for got in answers):
            return asked - begun
        assert asked - begun < seconds, [(got.status, got.body[:200]) for got in answers]
        await asyncio.sleep(0.01)


def is_gone(pid: int, seconds: float = 10.0) -> bool:
    """Has a process ended, within that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
