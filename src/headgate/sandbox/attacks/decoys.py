"""Lays out decoys on this machine for attacks to reach, and tells which of them were reached.

Rule 1: an attack that reaches a listener says its name; a changed file names its attack.
Rule 2: everything is in one temporary folder and a few processes of ours, and goes with them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from .kit import World

CHANGED = {
    "overwritten": "overwrite a file of the host",
    "appended": "append to a start file in the home folder",
    "truncated": "cut a file of the host short",
    "removed": "remove a file of the host",
    "renamed": "rename a file of the host",
    "chmodded": "change the mode of a file of the host",
    "touched": "change the times of a file of the host",
    "exchanged": "exchange a file of the host with its own",
}
SIGNALLED = {
    "USR1": "send a signal to a process of the host",
    "USR2": "send a signal by a descriptor",
    "WINCH": "send a signal to everybody",
    "RT": "send a signal with words",
    "OWNED": "have the kernel signal a process of the host",
}
_VICTIM = (
    "import os, signal, sys, time\n"
    "def told(name):\n"
    "    def told(*_):\n"
    "        with open(sys.argv[1], 'a') as file: file.write(name + '\\n')\n"
    "    return told\n"
    "signal.signal(signal.SIGUSR1, told('USR1'))\n"
    "signal.signal(signal.SIGUSR2, told('USR2'))\n"
    "signal.signal(signal.SIGWINCH, told('WINCH'))\n"
    "signal.signal(signal.SIGRTMIN + 2, told('RT'))\n"
    "signal.signal(signal.SIGRTMIN + 3, told('OWNED'))\n"
    "parent = os.getppid()\n"
    "print('ready', flush=True)\n"
    "while os.getppid() == parent: time.sleep(1)\n"
)
CANARY = "HEADGATE_CANARY"
_LASTING = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - what attacks leave is removed there
_MOST = 64


class Decoys:
    """The decoys of one siege; a context."""

    def __enter__(self) -> Decoys:
        self._token = secrets.token_hex(16)
        self._held = "HELD-ONLY-OUTSIDE:" + self._token[::-1]
        self._folder = Path(tempfile.mkdtemp(prefix="headgate-decoys-"))
        self._stack = contextlib.ExitStack()
        self._reached: set[str] = set()
        try:
            self._lay()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _lay(self) -> None:
        folder = self._folder
        folder.chmod(0o777)
        for name in ("secret", "home/.ssh/id_ed25519", "home/.headgate/keys.db", *CHANGED):
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self._token)
            place.chmod(0o666)
        for inner in folder.rglob("*"):
            if inner.is_dir():
                inner.chmod(0o777)
        (folder / "link").symlink_to(f"nowhere-{self._token}")
        with contextlib.suppress(OSError):  # not every file system has them
            os.setxattr(folder / "secret", "user.decoy", self._token.encode())
        shared = Path("/dev/shm") / f"headgate-decoy-{self._token}"  # noqa: S108 - a decoy
        shared.write_text(self._token)
        self._stack.callback(shared.unlink, missing_ok=True)
        for kind in ("left", "heir"):  # where nothing contains it, it stays there
            for it in _LASTING:
                path = Path(it) / f"{kind}-{self._token}"
                self._stack.callback(path.unlink, missing_ok=True)
        os.environ[CANARY] = self._token
        self._stack.callback(os.environ.pop, CANARY, None)
        descriptor = os.open(folder / "secret", os.O_RDONLY)
        os.set_inheritable(descriptor, True)
        self._stack.callback(os.close, descriptor)
        self._before = {it: (folder / it).stat() for it in CHANGED}
        self.world = World(
            token=self._token,
            folder=str(folder),
            shared=str(shared),
            victim=self._victim(),
            tcp=self._listen(socket.AF_INET, ("127.0.0.1", 0))[1],
            tcp6=self._listen_on_six(),
            udp=self._listen(socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM)[1],
            socket=self._listen_by_path("socket", socket.SOCK_STREAM),
            datagrams=self._listen_by_path("datagrams", socket.SOCK_DGRAM),
            abstract=self._listen_abstractly(),
            segment=self._segment(),
            descriptor=descriptor,
            interpreter=os.__file__,
            machine=os.uname().nodename,
        )

    def reached(self) -> dict[str, str]:
        """The attacks that were seen to arrive, and how."""
        found = dict.fromkeys(list(self._reached), "a listener outside heard it")
        for name, attack in CHANGED.items():
            if self._is_changed(name):
                found[attack] = "the file outside is not what it was"
        with contextlib.suppress(OSError):
            for word in (self._folder / "signals").read_text().split():
                found[SIGNALLED[word]] = "the process outside was told"
        if os.getpriority(os.PRIO_PROCESS, self.world.victim) == 11:
            found["slow a process of the host down"] = "its priority is changed"
        daemon = self._daemon()
        if daemon:
            found["outlive the run"] = "it lives on outside"
            os.kill(daemon, signal.SIGKILL)
        return found

    def _is_changed(self, name: str) -> bool:
        before = self._before[name]
        try:
            now = (self._folder / name).stat()
            text = (self._folder / name).read_text()
        except OSError:
            return True
        same = (now.st_mode, now.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
        return text != self._token or not same

    def _daemon(self) -> int:
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"{self._token}-daemon".encode() in (place / "cmdline").read_bytes():
                    return int(place.name)
        return 0

    def _victim(self) -> int:
        signals = str(self._folder / "signals")
        command = [sys.executable, "-I", "-S", "-c", _VICTIM, signals, "decoy"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=self._folder)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        return process.pid

    def _listen(
        self, family: int, address: object, kind: int = socket.SOCK_STREAM
    ) -> tuple[str, int]:
        server = socket.socket(family, kind)
        self._stack.callback(server.close)
        server.bind(address)  # type: ignore[arg-type]  # of its family
        if kind == socket.SOCK_STREAM:
            server.listen()
        hear = self._accept if kind == socket.SOCK_STREAM else self._receive
        thread = threading.Thread(target=hear, args=(server,), daemon=True)
        thread.start()
        self._stack.callback(thread.join, 1)
        self._stack.callback(_hang_up, server)
        name = server.getsockname()
        return name[:2] if isinstance(name, tuple) else ("", 0)

    def _listen_on_six(self) -> int:
        try:
            return self._listen(socket.AF_INET6, ("::1", 0))[1]
        except OSError:
            return 1

    def _listen_by_path(self, name: str, kind: int) -> str:
        path = str(self._folder / name)
        self._listen(socket.AF_UNIX, path, kind)
        os.chmod(path, 0o777)  # noqa: S103 - walls are on trial here, not modes
        return path

    def _listen_abstractly(self) -> str:
        name = f"headgate-{self._token}"
        self._listen(socket.AF_UNIX, "\0" + name)
        return name

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            with line, contextlib.suppress(OSError):
                line.settimeout(0.5)
                self._note(line.recv(_MOST))
                if server.family == socket.AF_UNIX:
                    socket.send_fds(line, [b"x"], [self.world.descriptor])

    def _receive(self, server: socket.socket) -> None:
        while True:
            try:
                data = server.recv(_MOST)
            except OSError:
                return
            if not data:
                return
            self._note(data)

    def _note(self, data: bytes) -> None:
        name = data.decode("latin1").strip()
        if name:
            self._reached.add("ask a name server" if "example" in name else name)

    def _segment(self) -> int:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        segment = int(libc.shmget(0, 4096, 0o1666))
        if segment < 0:
            return -1
        self._stack.callback(libc.shmctl, segment, 0, None)
        place = libc.shmat(segment, None, 0)
        ctypes.memmove(place, self._token.encode(), len(self._token))
        libc.shmdt(ctypes.c_void_p(place))
        return segment


def _hang_up(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
