"""Real servers for tests: PostgreSQL, and Redis or Valkey, on private ports of loopback.

Rule 1: one server of each kind per session, each test with a database of its own in it.
Rule 2: a test may stop, kill, start again and pause a server; the next one finds it running.
Rule 3: nothing is left behind: processes are ended by their number, folders are removed.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

START_S = 60.0
PREFIX = "headgate-server-"
POSTGRES_MISSING = "PostgreSQL is not installed: apt-get install postgresql"
REDIS_MISSING = "neither Redis nor Valkey is installed: apt-get install redis-server"
POSTGRES_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "fsync": "on",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum_naptime": "1h",
    "log_min_messages": "warning",
}

Prepare = Callable[[str], object]
"""fills an empty database, given its address"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def found(name: str) -> str:
    """Where the program lies; Debian keeps PostgreSQL's out of PATH; empty: nowhere."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest = sorted(versions, key=lambda place: float(place.parent.name), reverse=True)
    places = os.pathsep.join([*map(str, newest), os.environ.get("PATH", os.defpath)])
    return shutil.which(name, path=places) or ""


def account() -> str:
    """Whom a server runs as: PostgreSQL refuses root. Empty: whoever we are."""
    if os.geteuid():
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Server:
    """One server process and the folder of its data."""

    def __init__(self, name: str, missing: str) -> None:
        if not name:
            pytest.skip(missing)
        self.program = name
        self.port = free_port()
        self.user = account()
        self.process: subprocess.Popen[bytes] | None = None
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        if self.user:
            shutil.chown(self.folder, self.user, self.group)

    @property
    def group(self) -> str:
        return grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name

    def command(self) -> list[str]:
        raise AssertionError("each kind of server has its own")

    def ready(self) -> bool:
        raise AssertionError("each kind of server has its own")

    def spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a program as the server's user; it ends when this process does."""
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "QUIT", "--", *command]
            if self.user:
                who = [f"--reuid={self.user}", f"--regid={self.group}", "--clear-groups"]
                command[1:1] = who
        elif self.user:
            pytest.skip(
                "setpriv is not installed, and this is root: apt-get install util-linux"
            )
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self) -> None:
        """Start on the data there is, and wait until it answers; running already: nothing."""
        if self.process is not None and self.process.poll() is None:
            self.resume()
            return
        self.process = self.spawn(self.command())
        deadline = time.monotonic() + START_S
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "log").read_text(errors="replace")[-2000:]
                self.kill()
                raise AssertionError(f"{self.program} does not start:\n{said}")
            time.sleep(0.02)

    def pause(self) -> None:
        """Stop answering without closing a connection, as a machine that hangs."""
        self.send(signal.SIGSTOP)
        while self.process is not None and not is_stopped(self.process.pid):
            time.sleep(0.001)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def send(self, which: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            for pid in [self.process.pid, *children(self.process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, which)

    def stop(self) -> None:
        """End in order; the data stays."""
        self.end(signal.SIGINT)

    def kill(self) -> None:
        """End at once, as in a crash; the data stays."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.resume()
        orphans = children(self.process.pid)
        self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        deadline = time.monotonic() + 20
        while any(Path(f"/proc/{pid}").exists() for pid in orphans):
            assert time.monotonic() < deadline, f"children of {self.program} live on: {orphans}"
            time.sleep(0.02)

    def remove(self) -> None:
        try:
            self.kill()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def sweep() -> None:
    """Remove the folders of test runs that were killed; their servers ended with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        if not Path(f"/proc/{folder.name.removeprefix(PREFIX).partition('-')[0]}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def is_stopped(pid: int) -> bool:
    """A signal takes effect a little after it was sent."""
    return "T (stopped)" in Path(f"/proc/{pid}/status").read_text()


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


class Postgres(Server):
    """A PostgreSQL cluster of its own that trusts everybody on loopback."""

    def __init__(self) -> None:
        super().__init__(found("postgres"), POSTGRES_MISSING)
        self.templates: dict[Prepare, str] = {}
        who = ["-U", "headgate", "-A", "trust"]
        how = ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        made = self.spawn([found("initdb"), "-D", "data", *who, *how])
        assert made.wait(START_S) == 0, (self.folder / "log").read_text()

    def command(self) -> list[str]:
        options = POSTGRES_OPTIONS | {
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        settings = [f"{name}={value}" for name, value in options.items()]
        return [self.program, "-D", "data", *(x for each in settings for x in ("-c", each))]

    def ready(self) -> bool:
        try:
            self.run("SELECT 1")
        except subprocess.CalledProcessError:
            return False
        return True

    def url(self, database: str) -> str:
        return f"postgresql://headgate@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str = "postgres") -> str:
        """What psql prints: one row a line, columns separated by `|`."""
        done = subprocess.run(
            [found("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.url(database)],
            input=sql,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def fresh(self, prepare: Prepare | None = None) -> str:
        """The address of a new database; prepared once, cloned from then on."""
        template = "template1"
        if prepare is not None and prepare not in self.templates:
            name = f"template_{secrets.token_hex(4)}"
            self.run(f"CREATE DATABASE {name}")
            prepare(self.url(name))
            self.templates[prepare] = name
        if prepare is not None:
            template = self.templates[prepare]
        name = f"test_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")


class Redis(Server):
    """A Redis or Valkey that writes nothing to disk: a restart loses everything."""

    def __init__(self) -> None:
        super().__init__(found("redis-server") or found("valkey-server"), REDIS_MISSING)

    def command(self) -> list[str]:
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        return [self.program, *where, "--save", "", "--appendonly", "no"]

    def ready(self) -> bool:
        try:
            return self.ask("PING").startswith(b"+PONG")
        except OSError:
            return False

    def ask(self, *words: str) -> bytes:
        """The first line of the answer to one command."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as link:
            link.sendall(f"{' '.join(words)}\r\n".encode())
            return link.makefile("rb").readline()

    def version(self) -> str:
        done = subprocess.run(
            [self.program, "--version"], capture_output=True, text=True, check=True
        )
        return " ".join(done.stdout.split()[:3])

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@pytest.fixture(scope="session")
def postgres_session() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def redis_session() -> Iterator[Redis]:
    server = Redis()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres(postgres_session: Postgres) -> Iterator[Postgres]:
    """The running PostgreSQL; `fresh()` gives a database, and all of them are dropped after."""
    postgres_session.start()
    yield postgres_session
    postgres_session.start()
    names = postgres_session.run("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'")
    for name in names.split():
        postgres_session.drop(name)


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """An empty database."""
    return postgres.fresh()


@pytest.fixture
def redis(redis_session: Redis) -> Redis:
    """The running Redis or Valkey, with nothing in it."""
    redis_session.start()
    redis_session.ask("FLUSHALL")
    return redis_session
