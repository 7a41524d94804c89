"""Makes the first process of each cell, and with it the cell: namespaces, files, its own /proc.

Rule 1: it runs no user code; user code sees it as process 1 and can do nothing to it.
Rule 2: when it ends the kernel ends every process of the cell.
Rule 3: it is cloned without a copy of our memory, makes calls written beforehand, and becomes
a program of its own (worker/machine.py) before anybody else is in the cell.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Sequence
from typing import Any, NamedTuple

from headgate.sandbox.worker import machine, place, root, syscalls
from headgate.sandbox.worker.calls import HERE, Result, Row

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
_FLAGS = (
    syscalls.EVERY_NAMESPACE
    | syscalls.SHARED_MEMORY
    | syscalls.SHARED_FILES
    | syscalls.WAITED_FOR
    | syscalls.WITH_PIDFD
    | signal.SIGCHLD
)
_MOUNT = syscalls.MS_NOSUID | syscalls.MS_NODEV
_FOLDERS = (("box", 0o755), ("box/output", 0o755), ("tmp", 0o1777), ("shm", 0o1777))
_SHOWN = (("box", BOX), ("tmp", "/tmp"), ("shm", "/dev/shm"))  # noqa: S108
_OPENED = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_UNSHARED = 2
_NAME = b"cell"
"""the machine's own is not the code's to know"""
_SIZES = 128


class First(NamedTuple):
    """The first process of a cell, and descriptors of what it made."""

    pid: int
    pidfd: int
    files: int
    """the cell's tmpfs"""
    proc: int


class Cradle:
    """Makes the cells of one worker: all are alike but for their size."""

    def __init__(
        self, code: machine.Code, overlays: Sequence[str], covered: Sequence[str]
    ) -> None:
        self._code = code
        self._sizes = ctypes.create_string_buffer(_SIZES)
        row = self._row = Row()
        self._map_ids()
        row.call("prctl", syscalls.PDEATHSIG, signal.SIGKILL)
        row.call("sethostname", _NAME, len(_NAME))
        self._lay_files(overlays, covered)
        row.want(row.call("openat", HERE, b"/cell", _OPENED, what="/cell"))
        row.call("umount2", b"/cell", syscalls.DETACH, what="/cell")
        flags = _MOUNT | syscalls.MS_NOEXEC
        row.call("mount", b"proc", b"/proc", b"proc", flags, b"subset=pid", what="/proc")
        row.want(row.call("openat", HERE, b"/proc", _OPENED, what="/proc"))
        row.call("close_range", 0, 0xFFFFFFFF, _UNSHARED)
        nothing = (ctypes.c_uint64 * 1)()
        row.call("execve", machine.FIRST.encode(), nothing, nothing, what=machine.FIRST)
        row.write()

    def make(self, wish: dict[str, Any]) -> First:
        """A cell of the size that is wished for."""
        sizes = ",".join(f"{it}={value}" for it, value in place.sizes(wish).items())
        self._sizes.value = f"{sizes},mode=755".encode()
        pid, pidfd = self._row.bear(self._code, _FLAGS)
        return First(pid, pidfd, *self._row.results())

    def _map_ids(self) -> None:
        for name, text in root.maps((root.INSIDE, root.INSIDE)):
            path = f"/proc/self/{name}"
            fd = self._open(path, os.O_WRONLY)
            self._row.call("write", fd, text.encode(), len(text), what=path)
            self._row.call("close", fd)

    def _open(self, path: str, flags: int, mode: int = 0) -> Result:
        where = os.fsencode(path)
        return self._row.call("openat", HERE, where, flags | os.O_CLOEXEC, mode, what=path)

    def _lay_files(self, overlays: Sequence[str], covered: Sequence[str]) -> None:
        row = self._row
        row.call("mount", b"cell", b"/cell", b"tmpfs", _MOUNT, self._sizes, what="/cell")
        row.call("umask", 0)
        for name, mode in _FOLDERS:
            row.call("mkdirat", HERE, f"/cell/{name}".encode(), mode, what=name)
        row.call("umask", 0o022)
        kept = [(it, self._taken(it)) for it in covered if os.path.exists(it)]
        for name, target in _SHOWN:
            self._bind(f"/cell/{name}", target)
        self._made, self._laid = {target for _, target in _SHOWN}, list[str]()
        for target, tree in kept:
            self._lay(target, tree)
        for number, target in enumerate(overlays):
            self._lay_over(f"/cell/over{number}", target)

    def _bind(self, source: str, target: str) -> None:
        places = os.fsencode(source), os.fsencode(target)
        self._row.call("mount", *places, 0, syscalls.MS_BIND, 0, what=target)

    def _taken(self, target: str) -> Result:
        """What is mounted there, before something is laid over it."""
        flags = syscalls.TREE
        return self._row.call("open_tree", HERE, os.fsencode(target), flags, what=target)

    def _lay(self, target: str, tree: Result) -> None:
        """Mount it there again, on folders that are made for it."""
        is_folder = os.path.isdir(target)
        if not any(target.startswith(f"{it}/") for it in self._laid):
            self._make_folders(target if is_folder else os.path.dirname(target))
            if not is_folder:
                self._row.call("close", self._open(target, os.O_WRONLY | os.O_CREAT, 0o644))
        flags = syscalls.MOVE_EMPTY_PATH
        self._row.call("move_mount", tree, b"", HERE, os.fsencode(target), flags, what=target)
        self._row.call("close", tree)
        self._laid.append(target)

    def _make_folders(self, path: str) -> None:
        if path not in self._made:
            self._make_folders(os.path.dirname(path))
            self._row.call("mkdirat", HERE, os.fsencode(path), 0o755, what=path)
            self._made.add(path)

    def _lay_over(self, here: str, target: str) -> None:
        """What is written to a tree goes to the cell's files; the tree stays as it is."""
        for name in ("", "/up", "/work"):
            self._row.call("mkdirat", HERE, f"{here}{name}".encode(), 0o777, what=here)
        layers = f"lowerdir={target},upperdir={here}/up,workdir={here}/work,userxattr"
        what = b"overlay", os.fsencode(target), b"overlay", _MOUNT, os.fsencode(layers)
        self._row.call("mount", *what, what=target)
