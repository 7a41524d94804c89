"""Is the first process of a cell: lays out its file system, starts its programs, reaps.

Rule 1: it runs no user code; user code sees it as process 1 and can do nothing to it.
Rule 2: when it ends the kernel ends every process of the cell.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import socket
from typing import Any, NoReturn

from headgate.sandbox.worker import confine, frames, place, root, syscalls

BOX, OUTPUT = "/box", "/box/output"
ENV = {
    "HOME": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "LOGNAME": "user",
    "OUTPUT_DIR": OUTPUT,
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TMPDIR": "/tmp",  # noqa: S108
    "USER": "user",
}
_SOCK = 3
_OUT_OF_THE_WAY = 100
"""where no descriptor is that is still to be put in its place"""


def live(sock: socket.socket, wish: dict[str, Any], program: bytes) -> NoReturn:
    """In a process that was cloned into new namespaces: be the first one of the cell."""
    try:
        os.dup2(sock.detach(), _SOCK)
        syscalls.close_beyond(_SOCK)
        talk = socket.socket(fileno=_SOCK)
        ids = (root.INSIDE, root.INSIDE)
        root.map_ids(ids)
        syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
        places = _lay_out(wish)
        frames.tell(talk, {"word": "ready"}, places)
        for fd in places:
            os.close(fd)
        _First(talk, program).serve()
    except BaseException as error:  # noqa: BLE001 - nobody above us: it is told, then we end
        with contextlib.suppress(OSError):
            frames.tell(socket.socket(fileno=_SOCK), {"word": "failed", "what": str(error)})
    os._exit(1)


def _lay_out(wish: dict[str, Any]) -> tuple[int, int]:
    """The cell's tmpfs and its own /proc; a descriptor of each."""
    syscalls.name_process("first")
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    sizes = ",".join(f"{it}={value}" for it, value in place.sizes(wish).items())
    syscalls.mount("cell", "/cell", "tmpfs", flags, f"{sizes},mode=755")
    os.umask(0)
    for name, mode in (("box", 0o755), ("box/output", 0o755), ("tmp", 0o1777), ("shm", 0o1777)):
        os.mkdir(f"/cell/{name}", mode)
    os.umask(0o022)
    with root.kept(wish["covered"]):
        for name, target in zip(("box", "tmp", "shm"), (BOX, "/tmp", "/dev/shm"), strict=True):  # noqa: S108
            syscalls.bind(f"/cell/{name}", target)
    for number, target in enumerate(wish["overlays"]):
        _lay_over(f"/cell/over{number}", target)
    cell = os.open("/cell", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    syscalls.umount("/cell")
    syscalls.mount("proc", "/proc", "proc", flags | syscalls.MS_NOEXEC, "subset=pid")
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return cell, proc


def _clear() -> None:
    """End every process of the cell but this, and see them gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _lay_over(place: str, target: str) -> None:
    """What is written to a tree goes to the cell's files; the tree stays as it is."""
    for name in ("", "/up", "/work"):
        os.mkdir(place + name)
    layers = f"lowerdir={target},upperdir={place}/up,workdir={place}/work,userxattr"
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("overlay", target, "overlay", flags, layers)


class _First:
    """Waits for programs to start and for children to end."""

    def __init__(self, talk: socket.socket, program: bytes) -> None:
        self._talk, self._program = talk, program
        self._main = 0

    def serve(self) -> None:
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        woken.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        with selectors.DefaultSelector() as waits:
            waits.register(self._talk, selectors.EVENT_READ, self._obey)
            waits.register(wake, selectors.EVENT_READ, lambda: self._reap(wake))
            while True:
                for key, _ in waits.select():
                    key.data()

    def _obey(self) -> None:
        said, fds = frames.hear(self._talk)
        if said is None:
            os._exit(0)  # the keeper is gone
        if said["word"] == "clear":
            _clear()
            frames.tell(self._talk, {"word": "cleared"})
        else:
            self._start(said, fds)
        for fd in fds:
            os.close(fd)

    def _reap(self, wake: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            wake.recv(4096)
        while True:
            try:
                pid, status, use = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._main:
                self._main = 0
                cpu_ms = (use.ru_utime + use.ru_stime) * 1000
                said = {"word": "ended", "status": status, "cpu_ms": cpu_ms}
                frames.tell(self._talk, said | {"peak_kb": use.ru_maxrss})

    def _start(self, said: dict[str, Any], fds: list[int]) -> None:
        told, tells = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            _become(said, fds, tells, self._program)
        os.close(tells)
        wrong = os.read(told, 4096)
        os.close(told)
        self._main = pid
        if wrong:
            self._main = 0
            frames.tell(self._talk, {"word": "unstarted", "what": wrong.decode()})


def _become(said: dict[str, Any], fds: list[int], tells: int, program: bytes) -> NoReturn:
    """In a child: be the program."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        tells = fcntl.fcntl(tells, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
        fds = [fcntl.fcntl(it, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY) for it in fds]
        for target, fd in enumerate(fds):
            os.dup2(fd, target)
        last = len(fds)  # 3, or 4 of a session: it has a line to the keeper
        tells = os.dup2(tells, last, inheritable=False)
        os.chdir(BOX)
        confine.limit(said["limits"])
        confine.seal(program, last)
        env = ENV | said["env"]
        os.execvpe(said["argv"][0], said["argv"], env)  # noqa: S606 - what we are here for
    except OSError as error:
        os.write(tells, f"{said['argv'][0]}: {error.strerror or error}".encode())
    finally:
        os._exit(127)
