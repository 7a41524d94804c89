"""Stands by one PostgreSQL server: makes its folder, starts it, and leaves nothing of it.

Rule 1: it is a program of its own and of the standard library alone; it ends when its input
does, however whoever holds the other end went, and the server ends with it.
Rule 2: started as root, the server and what makes its data run as an unprivileged user.
Rule 3: a folder belongs to whoever holds its lock; one that nobody holds may be swept.
Rule 4: who ends a process and its children, as clusters do, does not reach it: it is a child of
a child that does nothing but wait.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import pwd
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

PREFIX = "headgate-database-"
LOCK, DATA, SOCKET, DOORS, LOG = "lock", "data", "socket", "doors", "log"
ACCOUNT = "nobody"
"""whom a server runs as where we are root: not `postgres`, who may own real data here"""
START_S, STOP_S = 60.0, 10.0
SPACE_MB, FILE_MB = 1024, 256
"""of one process of the server, and of one of its files"""
YOUNG_S = 60.0
"""a folder without a lock may be one that is being made"""
_WORDS = 2000
_PDEATHSIG = 1


class Failed(Exception):
    """The server cannot be had; its words say why."""


def main(text: str) -> None:
    """Be the one who stands by: `text` names the programs and the settings as JSON."""
    setup, password = json.loads(text), sys.stdin.readline().strip()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    libc = ctypes.CDLL(None)
    folder, server = "", None
    try:
        folder = made()
        tell({"folder": folder})
        account = prepare(folder)
        data(setup["bin"], folder, password, account)
        server = start(setup, folder, account, lambda: _confine(libc))
        await_ready(server, folder)
        tell({"ready": True})
        stand_by(server)
    except Failed as failed:
        tell({"failed": str(failed)})
    except OSError as error:
        tell({"failed": str(error)})
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if server is not None:
            stop(server)
        if folder:
            remove(folder)


def depart() -> None:
    """Go on in a child; who was here waits for it, and hands on that it is to leave."""
    child = os.fork()
    if child == 0:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(child, number))
    nothing = os.open(os.devnull, os.O_RDWR)
    for line in (0, 1):  # they are the child's, and end with it
        os.dup2(nothing, line)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 255)


def tell(said: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def made() -> str:
    """A new folder; its lock is held for as long as this process lives."""
    folder = tempfile.mkdtemp(prefix=PREFIX)
    new = os.path.join(folder, f"{LOCK}.new")
    lock = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.rename(new, os.path.join(folder, LOCK))
    return folder


def remove(folder: str) -> None:
    """With the doors, which not even their owner may list."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.join(folder, DOORS), 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def prepare(folder: str) -> pwd.struct_passwd | None:
    """Lay out a folder; whom the server runs as, where that is another than we are."""
    os.chmod(folder, 0o711)  # noqa: S103 - another user's way to the data
    os.mkdir(os.path.join(folder, DOORS))
    os.chmod(os.path.join(folder, DOORS), 0o311)  # noqa: S103 - whoever knows a door's name
    account = pwd.getpwnam(ACCOUNT) if os.geteuid() == 0 else None
    for name in (DATA, SOCKET):
        place = os.path.join(folder, name)
        os.mkdir(place, 0o700)
        if account is not None:
            os.chown(place, account.pw_uid, account.pw_gid)
    return account


def data(programs: str, folder: str, password: str, account: pwd.struct_passwd | None) -> None:
    """The data of a new server, whose one user has this password."""
    word = os.path.join(folder, SOCKET, "word")
    with open(word, "x", encoding="ascii") as file:
        file.write(password)
        if account is not None:
            os.fchown(file.fileno(), account.pw_uid, account.pw_gid)
    words = [os.path.join(programs, "initdb"), "-D", os.path.join(folder, DATA)]
    words += ["--username=headgate", f"--pwfile={word}", "--auth=password", "--no-sync"]
    words += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
    done = subprocess.run(  # noqa: S603 - a program that was found, words of ours
        words,
        **_as(account),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    os.unlink(word)
    if done.returncode:
        raise Failed(f"initdb: {(done.stderr or done.stdout).strip()[-_WORDS:]}")


def start(
    setup: dict[str, Any],
    folder: str,
    account: pwd.struct_passwd | None,
    before: Callable[[], None],
) -> subprocess.Popen[bytes]:
    words = [os.path.join(setup["bin"], "postgres"), "-D", os.path.join(folder, DATA)]
    settings = {
        **setup["settings"],
        "unix_socket_directories": os.path.join(folder, SOCKET),
    }
    for name, value in settings.items():
        words += ["-c", f"{name}={value}"]
    with open(os.path.join(folder, LOG), "ab") as log:
        return subprocess.Popen(  # noqa: S603 - the same
            words,
            **_as(account),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=before,  # noqa: PLW1509 - we have one thread
        )


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _confine(libc: ctypes.CDLL) -> None:
    """Of the server and each process of it: it ends with us, and is large within bounds."""
    libc.prctl(_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
    for which, most in (
        (resource.RLIMIT_AS, SPACE_MB << 20),
        (resource.RLIMIT_FSIZE, FILE_MB << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (most, most))


def await_ready(server: subprocess.Popen[bytes], folder: str) -> None:
    """The server writes into its own file that it takes connections."""
    until = time.monotonic() + START_S
    while True:
        with contextlib.suppress(OSError):
            with open(os.path.join(folder, DATA, "postmaster.pid"), encoding="utf-8") as file:
                lines = file.read().splitlines()
            if len(lines) > 7 and lines[7].strip() == "ready":
                return
        if server.poll() is not None or time.monotonic() > until:
            with open(os.path.join(folder, LOG), encoding="utf-8", errors="replace") as log:
                raise Failed(f"PostgreSQL does not start: {log.read().strip()[-_WORDS:]}")
        time.sleep(0.01)


def stand_by(server: subprocess.Popen[bytes]) -> None:
    """Until the input ends, or the server does."""
    ended = os.pidfd_open(server.pid)
    ready, _, _ = select.select([0, ended], [], [])
    if ended in ready:
        raise Failed("PostgreSQL ended by itself")


def stop(server: subprocess.Popen[bytes]) -> None:
    """At once: nothing of it is kept."""
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(signal.SIGQUIT)
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def sweep(now: float) -> int:
    """Remove the folders that nobody holds; how many they were."""
    place, count = tempfile.gettempdir(), 0
    for name in os.listdir(place):
        folder = os.path.join(place, name)
        if name.startswith(PREFIX) and _is_ours(folder) and _is_left(folder, now):
            remove(folder)
            count += 1
    return count


def _is_ours(folder: str) -> bool:
    """Anybody may make a folder of that name in a place that all share."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not os.path.islink(folder)


def _is_left(folder: str, now: float) -> bool:
    try:
        lock = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        with contextlib.suppress(OSError):
            return now - os.stat(folder).st_mtime > YOUNG_S
        return False
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(lock)


if __name__ == "__main__":
    depart()
    main(sys.argv[1])
