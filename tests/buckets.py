"""A real S3-compatible server for tests of object storage: rclone, on a private port."""

from __future__ import annotations

import os
import secrets
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Server

PROGRAM = Path(__file__).resolve().parent.parent / ".cache" / "storage" / "bin" / "rclone"
MISSING = "the S3-compatible server is not installed: make storage"
KEY, SECRET = "planted-access-key", "planted-secret-key"
BUCKET = "bills"
"""there from the start: the server does not see what others do to its folders"""


class Storage(Server):
    """The bucket is a folder of its own folder; what was not signed with SECRET is refused."""

    def __init__(self) -> None:
        if os.environ.get("CI") and not PROGRAM.exists():
            pytest.fail(MISSING)
        super().__init__(str(PROGRAM) if PROGRAM.exists() else "", MISSING)
        self.user = ""  # it runs as whoever installed it

    def command(self) -> list[str]:
        (self.folder / "buckets" / BUCKET).mkdir(parents=True, exist_ok=True)
        where = ["--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{KEY},{SECRET}"]
        quiet = ["--config", os.devnull, "--vfs-cache-mode", "off"]
        return [self.program, "serve", "s3", "buckets", *where, *quiet]

    def ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        self.end(signal.SIGTERM)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """What a program needs to use it."""
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def fresh(self) -> str:
        """An s3:// address where nothing lies yet."""
        return f"s3://{BUCKET}/{secrets.token_hex(6)}"

    def file(self, address: str, path: str) -> Path:
        """Where the server keeps an object."""
        return self.folder / "buckets" / address.removeprefix("s3://") / path


@pytest.fixture(scope="session")
def storage_session() -> Iterator[Storage]:
    server = Storage()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def storage(storage_session: Storage) -> Storage:
    """The running server; each test takes an address of its own."""
    storage_session.start()
    return storage_session
