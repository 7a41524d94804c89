"""Starts and ends the one PostgreSQL server that a sandbox lends databases of.

Rule 1: it listens on a Unix socket in a private folder, and on no address.
Rule 2: nothing of it is kept, so nothing of it is written twice or waited for: no fsync.
Rule 3: what code may take of it is bounded here, since code can change its own settings.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from headgate.sandbox.database import tender
from headgate.sandbox.model import Unavailable

REMEDY = "apt-get install postgresql, or put its programs on the PATH"
ADMIN = "headgate"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "temp_file_limit": "64MB",
    "statement_timeout": "30s",
    "authentication_timeout": "20s",
    "client_connection_check_interval": "1s",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_logical_replication_workers": "0",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "fatal",
    "logging_collector": "off",
    "ssl": "off",
}
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/postgresql/*/bin")
"""where distributions put what they keep out of the PATH"""
STOP_S = tender.STOP_S + 10.0


def programs() -> str:
    """The folder of PostgreSQL's own programs; Unavailable, with what to install."""
    found: list[Path] = []
    for pattern in PLACES:
        found += Path("/").glob(pattern.lstrip("/"))
    found.sort(key=lambda it: _release(it.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    found += [Path(on_path).resolve().parent] if on_path else []
    for folder in found:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return str(folder)
    raise Unavailable("PostgreSQL is not installed, which the task needs", REMEDY)


def _release(name: str) -> int:
    number = "".join(it for it in name.partition(".")[0] if it.isdigit())
    return int(number or 0)


@functools.cache
def version(folder: str) -> str:
    """As it calls itself: PostgreSQL 17.2."""
    done = subprocess.run(  # noqa: S603 - a program that was found
        [os.path.join(folder, "postgres"), "--version"],
        capture_output=True,
        text=True,
        timeout=tender.START_S,
        check=False,
    )
    return f"PostgreSQL {done.stdout.partition(')')[2].split('(')[0].strip()}"


class Server(NamedTuple):
    """One that runs, and the process that stands by it."""

    folder: str
    password: str
    process: subprocess.Popen[str]

    @property
    def socket(self) -> str:
        """The folder of its socket."""
        return os.path.join(self.folder, tender.SOCKET)

    @property
    def doors(self) -> str:
        """The folder whose doors code is shown."""
        return os.path.join(self.folder, tender.DOORS)

    @property
    def data(self) -> str:
        return os.path.join(self.folder, tender.DATA)

    def close(self) -> None:
        """End it; nothing of it is left."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def start() -> Server:
    """A new server, empty; Unavailable where it cannot be had. Slow: not for an event loop."""
    folder = programs()
    tender.sweep(time.time())  # noqa: TID251 - beside the times of files
    password = secrets.token_hex(24)
    setup = json.dumps({"bin": folder, "settings": SETTINGS})
    process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, "-I", "-S", str(tender.__file__), setup],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=_env(),
    )
    assert process.stdin is not None
    try:
        process.stdin.write(password + "\n")
        process.stdin.flush()
        place = _heard(process)["folder"]
        server = Server(place, password, process)
        _heard(process)
    except BaseException:
        Server("", "", process).close()
        raise
    return server


def _heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    said: dict[str, Any] = json.loads(line or '{"failed": "it ended before it was ready"}')
    if "failed" in said:
        raise Unavailable(f"no database could be started: {said['failed']}", REMEDY)
    return said


def _env() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("TMPDIR",) if name in os.environ}
    return {"LC_ALL": "C.UTF-8", "PATH": os.defpath, **kept}
