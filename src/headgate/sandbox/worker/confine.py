"""Takes away from a process what user code must not have; nothing of it can be taken back.

Rule 1: the order is fixed: descriptors, capabilities, Landlock, seccomp.
Rule 2: what cannot be taken away raises; then user code does not run.
Rule 3: it is written down once as a row of calls; each fork only makes them.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from typing import Any

from headgate.sandbox.worker import landlock, machine, syscalls
from headgate.sandbox.worker.calls import HERE, Row

REACH = landlock.Reach(
    read=("/",),
    write=("/box", "/tmp", "/dev/shm"),  # noqa: S108 - the cell's own, of its one tmpfs
    devices=("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/full"),
)
LINE = 3
"""the last descriptor that is left: the line to the keeper"""
_INSIDE = syscalls.EVERY_NAMESPACE & ~syscalls.NEWPID
_FILTERED = 2
_KILL = 9
_SET_MASK = 2


def limit(wish: dict[str, Any]) -> None:
    """Lay the limits of this process."""
    for which, most in limits(wish).items():
        resource.setrlimit(which, most)


def limits(wish: dict[str, Any]) -> dict[int, tuple[int, int]]:
    """The limits of one process: soft and hard."""
    caps = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: wish["file_bytes"],
        resource.RLIMIT_MEMLOCK: 64 * 1024,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NOFILE: wish["open_files"],
        resource.RLIMIT_NPROC: wish["processes"] + 1,  # the cell's own first process
        resource.RLIMIT_RTPRIO: 0,
    }
    if wish["memory_bytes"]:
        caps[resource.RLIMIT_AS] = wish["memory_bytes"]
    both = {which: (most, most) for which, most in caps.items()}
    return both | {resource.RLIMIT_CPU: (wish["cpu_s"], wish["cpu_s"] + 1)}


class Seal:
    """A fork's way into a cell, and all that it gives away there, written down beforehand.

    Whoever makes one may add calls to its `row`, and then writes it.
    """

    def __init__(self, program: bytes, code: machine.Code, folder: str) -> None:
        self._code, row = code, Row()
        self.row = row
        self._enter = row.call("setns", 0, _INSIDE, what="into the cell")
        row.call("prctl", syscalls.PDEATHSIG, _KILL)
        row.call("chdir", folder.encode(), what=folder)
        row.call("setsid")
        self._keep = row.call("dup3", 0, LINE, os.O_CLOEXEC)
        row.call("close_range", LINE + 1, 0xFFFFFFFF, 0)
        row.call("prctl", syscalls.DUMPABLE, 1)
        self._drop_capabilities()
        row.call("prctl", syscalls.NO_NEW_PRIVS, 1, 0, 0, 0)
        if landlock.best():
            self._reach(landlock.best())
        ops = ctypes.create_string_buffer(program, len(program))
        head = struct.pack("@HP", len(program) // 8, ctypes.addressof(ops))
        row.keep(ops)
        row.call("rt_sigprocmask", _SET_MASK, bytes(8), 0, 8)
        row.call("prctl", syscalls.SECCOMP, _FILTERED, head, 0, 0, what="the seccomp filter")

    def close(self, cell: int, line: int) -> None:
        """Enter the cell (a pidfd of its first process); of all descriptors keep the line."""
        self.row.set(self._enter, 0, cell)
        self.row.set(self._keep, 0, line)
        self.row.make(self._code)

    def _drop_capabilities(self) -> None:
        """Empty every set of them, the bounding one included."""
        for it in range(syscalls.capabilities()):
            self.row.call("prctl", syscalls.CAPBSET_DROP, it, 0, 0, 0)
        self.row.call("prctl", syscalls.CAP_AMBIENT, syscalls.AMBIENT_CLEAR, 0, 0, 0)
        head = struct.pack("=Ii", syscalls.CAPABILITY_3, 0)
        self.row.call("capset", head, bytes(24))

    def _reach(self, version: int) -> None:
        """The numbers of descriptors are known: all others beyond the line are closed."""
        rules, place = LINE + 1, LINE + 2
        asked, flags = landlock.asked(version)
        self.row.call("landlock_create_ruleset", asked, len(asked), 0)
        for path, rights in landlock.rights(REACH, version):
            rule = struct.pack("=Qi", rights, place)
            self.row.call("openat", HERE, path.encode(), os.O_PATH | os.O_CLOEXEC, what=path)
            self.row.call("landlock_add_rule", rules, 1, rule, 0, what=path)
            self.row.call("close", place)
        self.row.call("landlock_restrict_self", rules, flags)
        self.row.call("close", rules)
