"""Stands over one program that has no namespaces of its own: starts, watches and ends it.

Rule 1: whatever the program starts comes back to the warden when its parent goes, and is ended
with it: nothing outlives a step.
Rule 2: as root it gives the program a user of its own before anything of it runs.
Rule 3: memory and time of all processes, disk and files are counted again and again; the
kernel holds what one process may use. Between two counts more can be used, and is then the end
of it.
Rule 4: a session is told where its cells begin, and asked what each has used.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, NoReturn

from headgate.sandbox.worker import bpf, confine, landlock, syscalls

SUBREAPER = 36
LOOK_S, IDLE_S = 0.02, 0.25
"""between two looks, while code runs and while a session waits"""
COUNT_EVERY = 3
"""looks at the processes for each look at the folder"""
PAGE = os.sysconf("SC_PAGE_SIZE")
DEVICES = tuple(f"/dev/{it}" for it in ("null", "zero", "full", "random", "urandom"))
DEPTH = 128
"""of folders: what is nested deeper is a bomb"""
_CHILDREN_MOST = 100_000
UNSTARTED = 127
_TALK = 3
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_LINE_MOST = 1 << 16


def main(text: str) -> None:
    """Be the warden of one step: `text` is what is asked as JSON; the report goes to fd."""
    wish = json.loads(text)
    syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
    syscalls.prctl(SUBREAPER, 1)
    ended: list[bool] = []
    woken, wakes = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    signal.set_wakeup_fd(wakes)
    child = os.fork()
    if not child:
        _become(wish)
    if wish["line"] >= 0:
        os.close(wish["line"])
    report = Watch(child, wish, woken).until(ended)
    with open(wish["fd"], "w") as out:
        json.dump(report, out)
    if wish["stop"]:
        subprocess.run(wish["stop"], capture_output=True, check=False)  # noqa: S603 - ours


class Watch:
    """The watch over a program."""

    def __init__(self, child: int, wish: dict[str, Any], woken: int = -1) -> None:
        self._child, self._wish = child, wish
        self._peak_kb = self._cpu_before_ms = 0.0
        self._cpu_most_ms = wish["watch"]["cpu_s"] * 1000 or math.inf
        self._reason, self._tasks = "", 0
        self._is_idle = False
        self._control: socket.socket | None = None
        if wish["control"] >= 0:
            self._control = socket.socket(fileno=wish["control"])
        self._poll = select.poll()
        self._poll.register(os.pidfd_open(child), select.POLLIN)
        for fd in (woken, wish["control"]):
            if fd >= 0:
                self._poll.register(fd, select.POLLIN)

    def until(self, ended: list[bool]) -> dict[str, Any]:
        """Watch until it ended or must; what to report."""
        looks = 0
        status = use = None
        while status is None and not ended and not self._reason:
            self._poll.poll((IDLE_S if self._is_idle else LOOK_S) * 1000)
            status, use = self._reap()
            if status is None:
                self._listen()
                looks += 1
                self._look(looks)
        self._tasks = sum(map(_threads, _below(os.getpid())))
        is_full = bool(ended) and self._tasks > 1 and _is_full(self._wish["limits"])
        _kill_all(os.getpid())
        end = time.monotonic() + 5.0
        while status is None and time.monotonic() < end:
            status, use = self._reap()
            time.sleep(0.0005)
        peak_kb = max(self._peak_kb, use.ru_maxrss if use else 0)
        _reap_all()
        self._count_folder()
        said = {"status": status or 0, "reason": self._reason, "tasks": self._tasks}
        said |= {"is_full": is_full}
        return said | {"peak_kb": peak_kb, "cpu_ms": _of_reaped() - self._cpu_before_ms}

    def _reap(self) -> tuple[int | None, Any]:
        """The program's status and use, if it has ended; orphans are reaped on the way."""
        while True:
            try:
                pid, status, use = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return 0, None
            if pid == self._child:
                return status, use
            if not pid:
                return None, None

    # a session

    def _listen(self) -> None:
        """A cell begins, or what it has used is asked for."""
        if self._control is None:
            return
        try:
            data = self._control.recv(_LINE_MOST, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not data:
            self._reason = "stopped"  # nobody waits for it any more
        for line in data.splitlines():
            said = json.loads(line)
            if "cpu_s" in said:
                self._is_idle = False
                self._cpu_before_ms = _cpu_ms(list(_below(os.getpid()))) + _of_reaped()
                self._cpu_most_ms = said["cpu_s"] * 1000
                self._peak_kb = 0.0
            else:
                self._tell_use()

    def _tell_use(self) -> None:
        assert self._control is not None
        self._look(COUNT_EVERY)
        pids = list(_below(os.getpid()))
        cpu_ms = _cpu_ms(pids) + _of_reaped() - self._cpu_before_ms
        said = {"reason": self._reason, "cpu_ms": cpu_ms, "peak_kb": self._peak_kb}
        self._control.send(json.dumps(said).encode() + b"\n")
        self._is_idle = True
        self._cpu_most_ms = math.inf

    def _look(self, looks: int) -> None:
        most = self._wish["watch"]["memory_bytes"]
        pids = list(_below(os.getpid()))
        self._peak_kb = max(self._peak_kb, _resident(pids) / 1024)
        if most and _resident(pids) > most and _proportional(pids) > most:
            self._reason = "memory"
        if _cpu_ms(pids) + _of_reaped() - self._cpu_before_ms > self._cpu_most_ms:
            self._reason = self._reason or "cpu"
        if looks % COUNT_EVERY == 0:
            self._count_folder()

    def _count_folder(self) -> None:
        watch = self._wish["watch"]
        size, files = _counted(self._wish["box"], watch["inodes"])
        if not self._reason and watch["disk_bytes"] and size > watch["disk_bytes"]:
            self._reason = "disk"
        if not self._reason and watch["inodes"] and files > watch["inodes"]:
            self._reason = "inodes"


def _become(wish: dict[str, Any]) -> NoReturn:
    """In the child: give everything up, then be the program."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.chdir(wish["cwd"])
        if wish["limits"]:
            confine.limit(wish["limits"])
        if wish["uid"]:
            os.setgroups([])
            os.setresgid(wish["uid"], wish["uid"], wish["uid"])
            os.setresuid(wish["uid"], wish["uid"], wish["uid"])
        os.umask(0o077)
        last = 2
        if wish["line"] >= 0:
            os.dup2(wish["line"], _TALK)
            os.set_inheritable(_TALK, True)  # it may have been that number already
            last = _TALK
        syscalls.close_beyond(last)
        if wish["walls"]:
            _wall_in(wish)
        os.execvpe(wish["argv"][0], wish["argv"], wish["env"])  # noqa: S606 - what we are for
    except OSError as error:
        os.write(2, f"{wish['argv'][0]}: {error.strerror or error}\n".encode())
    finally:
        os._exit(UNSTARTED)


def _wall_in(wish: dict[str, Any]) -> None:
    if os.geteuid() == 0:
        raise PermissionError(1, "code is never run as root")
    with contextlib.suppress(PermissionError):
        syscalls.drop_capabilities()  # without any there is none to drop
    reach = landlock.Reach(tuple(wish["read"]), (wish["box"],), DEVICES)
    if not landlock.confine(reach):
        raise OSError("this kernel has no Landlock")
    bpf.install(bpf.compile_filter(is_shared=True, landlock=landlock.best()))


def _below(pid: int) -> Iterator[int]:
    """Every process that descends from `pid`."""
    waiting, seen = [pid], 0
    while waiting and seen < _CHILDREN_MOST:
        one = waiting.pop()
        for child in _children(one):
            seen += 1
            yield child
            waiting.append(child)


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with (
                contextlib.suppress(OSError),
                open(f"/proc/{pid}/task/{task}/children") as file,
            ):
                yield from map(int, file.read().split())


def _resident(pids: list[int]) -> int:
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/statm") as file:
            total += int(file.read().split()[1]) * PAGE
    return total


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold anything."""
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (OSError, ValueError):
        return []


def _threads(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[17]) if fields else 0


def _is_full(limits: dict[str, int]) -> bool:
    """Whether the kernel gives this user no further process: it counts all of a user's."""
    most, tasks = limits.get("processes", 0), 0
    if not most or os.geteuid() == 0:
        return False  # root's programs have users of their own
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == os.geteuid():
                tasks += _threads(int(pid))
    return tasks >= most


def _cpu_ms(pids: list[int]) -> float:
    """What they have used, with the children that each has reaped."""
    return sum(sum(map(int, _stat(it)[11:15])) for it in pids) * _TICK_MS


def _of_reaped() -> float:
    """What those have used that came back to us: the program's orphans, and itself."""
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (use.ru_utime + use.ru_stime) * 1000


def _proportional(pids: list[int]) -> int:
    """What they use together, pages that several of them see counted once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def _counted(folder: str, most: int) -> tuple[int, int]:
    """Bytes and entries below a folder; one too deep to be looked into counts as too many."""
    size, files = 0, 0
    waiting = [(folder, 0)]
    while waiting and (not most or files <= most):
        path, depth = waiting.pop()
        if depth > DEPTH:
            return size, most + 1
        with contextlib.suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                files += 1
                with contextlib.suppress(FileNotFoundError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))
    return size, files


def _kill_all(pid: int) -> None:
    """Kill all that descends from us, until a look finds none that lives."""
    for _ in range(_CHILDREN_MOST):
        found = [it for it in _below(pid) if _lives(it)]
        if not found:
            return
        for one in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one, signal.SIGKILL)
        time.sleep(0.0005)


def _lives(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def _reap_all() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main(sys.argv[1])
