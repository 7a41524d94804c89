"""Takes away from a process what user code must not have; nothing of it can be taken back.

Rule 1: the order is fixed: limits, descriptors, capabilities, Landlock, seccomp.
Rule 2: what cannot be taken away raises; then user code does not run.
"""

from __future__ import annotations

import resource
from typing import Any

from headgate.sandbox.worker import bpf, landlock, syscalls

REACH = landlock.Reach(
    read=("/",),
    write=("/box", "/tmp", "/dev/shm"),  # noqa: S108 - the cell's own, of its one tmpfs
    devices=("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/full"),
)


def limit(wish: dict[str, Any], address_space: int = 0) -> None:
    """Lay the limits of one process; `address_space` is what it takes up already."""
    memory = wish["memory_bytes"]
    caps = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: wish["file_bytes"],
        resource.RLIMIT_MEMLOCK: 64 * 1024,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NOFILE: wish["open_files"],
        resource.RLIMIT_NPROC: wish["processes"] + 1,  # the cell's own first process
        resource.RLIMIT_RTPRIO: 0,
    }
    if memory:
        caps[resource.RLIMIT_AS] = address_space + memory
    for which, most in caps.items():
        resource.setrlimit(which, (most, most))
    seconds = wish["cpu_s"]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def seal(program: bytes, last: int = 2) -> None:
    """No more descriptors than `last`, no capabilities, no other files, few system calls."""
    syscalls.close_beyond(last)
    syscalls.drop_capabilities()
    syscalls.prctl(syscalls.NO_NEW_PRIVS, 1)
    if landlock.best():
        landlock.confine(REACH)
    if program:
        bpf.install(program)
