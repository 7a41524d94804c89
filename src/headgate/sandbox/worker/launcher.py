"""Sets the ground for one worker: its root, its uid, its namespaces; then stands by it.

Rule 1: started as root it takes an unprivileged uid before it starts anything else.
Rule 2: it dies with the supervisor, and everything that it started dies with it.
Rule 3: what it cannot set up it tells as a frame, with the call that failed.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from typing import Any

from headgate.sandbox.worker import frames, keeper, root, syscalls


def main(text: str) -> None:
    """Be the launcher of one worker: `text` is its set-up as JSON."""
    setup = json.loads(text)
    sys.path.remove(setup["code"])
    up = socket.socket(fileno=setup["fd"])
    try:
        _stay_with_parent(setup["parent"])
        _go_apart(setup)
        child = os.fork()  # the first process of the new pid namespace
    except OSError as error:
        up.sendall(frames.pack_said(0, frames.Word.FAILED, {"what": str(error)}))
        return
    if child == 0:
        _begin(up, setup)
    up.close()
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _stay_with_parent(parent: int) -> None:
    syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        os._exit(1)  # it went before we asked to be told


def _go_apart(setup: dict[str, Any]) -> None:
    if os.geteuid() == 0:
        syscalls.unshare(syscalls.NEWNS)
        root.build(setup["trees"])
        _drop(setup["uid"])
        ids = (setup["uid"], setup["uid"])
        syscalls.unshare(syscalls.EVERY_NAMESPACE)
        root.map_ids(ids)
        return
    ids = (os.geteuid(), os.getegid())
    syscalls.unshare(syscalls.EVERY_NAMESPACE)
    root.map_ids(ids)
    root.build(setup["trees"])


def _drop(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # the change of uid took both away
    syscalls.prctl(syscalls.DUMPABLE, 1)
    syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)


def _begin(up: socket.socket, setup: dict[str, Any]) -> None:
    try:
        _settle(root.covered(setup["trees"]))
        keeper.keep(up, setup)
    except BaseException as error:  # noqa: BLE001 - nobody above us: it is told, then we end
        what = f"{type(error).__name__}: {error}"
        up.setblocking(True)
        up.sendall(frames.pack_said(0, frames.Word.FAILED, {"what": what}))
    os._exit(1)


def _settle(trees: list[str]) -> None:
    """As the first process of the outer pid namespace: its own /proc and a place to write."""
    syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
    syscalls.name_process("keeper")
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("proc", "/proc", "proc", flags | syscalls.MS_NOEXEC)
    with root.kept(trees):
        syscalls.mount("tmpfs", "/tmp", "tmpfs", flags, "size=64m,mode=1777")  # noqa: S108
    gc.freeze()
