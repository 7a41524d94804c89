"""Owns the control groups that hold the memory, processes and CPU of each run together.

Rule 1: they are used where they can be written; where not, `Groups.find` says None and a
watchdog does what it can.
Rule 2: all of ours lie in one folder named by our pid and its start: what a killed Headgate
left is told by its owner's being gone, and swept by the next.
Rule 3: no call waits: a group whose processes are still dying is dealt with by a later call.
Rule 4: on version 2 a group with processes can have no limited children: we move into a leaf of
our own, but only where nobody else lives in the group.
Rule 5: a group that is empty again, of processes and of memory, is lent anew: the kernel takes
longer to make and remove one than to start what is in it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_NEEDED = ("memory", "pids")
_ALSO = ("cpu", "cpuacct")
_PREFIX = "headgate-"
_LEAF = "headgate.own"
_PERIOD_US = 100_000
_WEIGHTS = {1: ("cpu.shares", "1024", "128"), 2: ("cpu.weight", "100", "12")}
"""of each version: the file, what all have, and what those have that give way"""
_MB = 1 << 20
_SHELVED, _LITTLE_MB = 16, 4
"""how many empty groups are kept, and what the kernel's own may take in one"""
_DEPTH = 8
"""of groups that a stale one is searched for"""


class Bounds(NamedTuple):
    """What the processes of a group may use together."""

    memory_mb: int
    processes: int
    cpus: float = 0.0
    """0: as many as there are"""


class Places(NamedTuple):
    """The folder of each controller in which we may make groups."""

    version: int
    folders: tuple[tuple[str, Path], ...]

    def of(self, controller: str) -> Path | None:
        """Where `controller` is; None: it is not there."""
        return dict(self.folders).get(controller)


class Groups:
    """The groups of this process."""

    def __init__(self, places: Places, owner: str) -> None:
        self.version = places.version
        self._places = places
        self._owner = owner
        self._numbers = itertools.count(1)
        self._leaving: deque[Group] = deque()
        """shared with the groups themselves, in whatever thread they are closed"""
        self._shelf: deque[Group] = deque()

    @classmethod
    def find(
        cls, root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")
    ) -> Groups | None:
        """The groups of this process, what was left by dead ones swept; None: not writable."""
        with contextlib.suppress(OSError, ValueError, StopIteration):
            places = _first_version(root, proc) or _second_version(root, proc)
            if places is None:
                return None
            _sweep(places, proc)
            owner = f"{_PREFIX}{os.getpid()}-{_started(os.getpid(), proc)}"
            for folder in _folders(places):
                (folder / owner).mkdir(exist_ok=True)
            if places.version == 2:
                _pass_on(_folders(places)[0] / owner)
            return cls(places, owner)
        return None

    def make(self, bounds: Bounds) -> Group:
        """A group with these bounds; OSError if the kernel refuses one."""
        self._let_leave()
        group = self._lent()
        if group is None:
            name = str(next(self._numbers))
            folders = {
                controller: folder / self._owner / name
                for controller, folder in self._places.folders
            }
            group = Group(self.version, folders, self._leaving)
            for folder in dict.fromkeys(folders.values()):
                folder.mkdir()
        try:
            group.bind(bounds)
        except OSError:
            group.close()
            raise
        return group

    def _lent(self) -> Group | None:
        with contextlib.suppress(IndexError):  # another thread had the last
            return self._shelf.popleft().renewed()
        return None

    def _let_leave(self) -> None:
        for _ in range(len(self._leaving)):
            with contextlib.suppress(IndexError):  # another thread had the last
                group = self._leaving.popleft()
                if len(self._shelf) < _SHELVED and group.is_empty():
                    self._shelf.append(group)
                elif not group.leave():
                    self._leaving.append(group)

    def close(self) -> bool:
        """Kill what is left in any of them and remove them; False: something still dies."""
        mine = [folder / self._owner for folder in _folders(self._places)]
        for place in mine:
            _remove(place)
        return not any(it.exists() for it in mine)


class Group:
    """The processes of one run."""

    def __init__(self, version: int, folders: dict[str, Path], leaving: deque[Group]) -> None:
        self._version = version
        self._folders = folders
        self._leaving = leaving
        self._is_closed = self._gives_way = False
        self._last = threading.Lock()
        """held by whatever must not happen once it is closed: it may be another run's then"""
        self._bounds: Bounds | None = None
        self._kills_before = 0

    def renewed(self) -> Group:
        """The same for another run, with the bounds that it has."""
        group = Group(self._version, self._folders, self._leaving)
        group._bounds, group._kills_before = self._bounds, self._kills()
        if self._bounds is not None:  # on version 1 a kill lets nothing begin any more
            _write(self._folders["pids"] / "pids.max", str(self._bounds.processes))
        return group

    def is_empty(self) -> bool:
        """Nothing lives in it, no memory is left in it, and it is held as any new one."""
        memory = self._folders["memory"]
        name = "memory.usage_in_bytes" if self._version == 1 else "memory.current"
        try:
            is_idle = not (self._folders["pids"] / "cgroup.procs").read_text()
            return is_idle and not self._gives_way and _number(memory / name) < _LITTLE_MB * _MB
        except OSError:
            return False

    def bind(self, bounds: Bounds) -> None:
        """Set the bounds."""
        if bounds == self._bounds:
            return
        self._bounds = bounds
        memory, pids = self._folders["memory"], self._folders["pids"]
        size = str(bounds.memory_mb * _MB)
        if self._version == 1:
            both = memory / "memory.memsw.limit_in_bytes"
            # neither may pass the other on the way: which goes first depends on the direction
            _write_if_there(both, size)
            _write(memory / "memory.limit_in_bytes", size)
            _write_if_there(both, size)
        else:
            _write(memory / "memory.max", size)
            _write_if_there(memory / "memory.swap.max", "0")
            _write_if_there(memory / "memory.oom.group", "1")
        _write(pids / "pids.max", str(bounds.processes))
        cpu = self._folders.get("cpu")
        if cpu is not None and bounds.cpus:
            quota = int(bounds.cpus * _PERIOD_US)
            if self._version == 1:
                _write(cpu / "cpu.cfs_quota_us", str(quota))
            else:
                _write(cpu / "cpu.max", f"{quota} {_PERIOD_US}")

    def give_way(self, *, to_others: bool) -> None:
        """Take an eighth of a processor's time where others want it; or as much as they."""
        cpu = self._folders.get("cpu")
        with self._last:
            if self._is_closed:
                return
            self._gives_way = to_others
            if cpu is not None:
                name, full, little = _WEIGHTS[self._version]
                _write_if_there(cpu / name, little if to_others else full)

    def add(self, pid: int) -> None:
        """Let `pid` be held, and all that it will start; what it started already is not."""
        with self._last:
            if self._is_closed:
                raise ProcessLookupError("the run is over, and what it was held by is let go")
            for folder in dict.fromkeys(self._folders.values()):
                _write(folder / "cgroup.procs", str(pid))

    def peak_mb(self) -> float:
        """The most memory that was in use; 0: the kernel does not say."""
        name = "memory.max_usage_in_bytes" if self._version == 1 else "memory.peak"
        return _number(self._folders["memory"] / name) / _MB

    def memory_kills(self) -> int:
        """How many processes were killed because the memory was used up."""
        return self._kills() - self._kills_before

    def _kills(self) -> int:
        name = "memory.oom_control" if self._version == 1 else "memory.events"
        return _field(self._folders["memory"] / name, "oom_kill")

    def refused_processes(self) -> int:
        """How often a process or thread could not be started for the bound."""
        return _field(self._folders["pids"] / "pids.events", "max")

    def cpu_ms(self) -> float:
        """The CPU time of all of them, the ended ones too; 0: the kernel does not say."""
        if self._version == 1:
            place = self._folders.get("cpuacct")
            return _number(place / "cpuacct.usage") / 1e6 if place else 0.0
        return _field(self._folders["memory"] / "cpu.stat", "usage_usec") / 1e3

    def kill(self) -> None:
        """Kill all that is in it."""
        with contextlib.suppress(OSError):
            _kill(self._folders["pids"])

    def close(self) -> None:
        """Kill what is in it; when that has died it is lent again or removed."""
        with self._last:
            if self._is_closed:
                return
            self._is_closed = True
        self.kill()
        self._leaving.append(self)

    def ended(self) -> int:
        """Its last word: how many were killed because the memory was used up."""
        try:
            return self.memory_kills()
        finally:
            self.close()

    def leave(self) -> bool:
        """Remove its folders; False: something in it is still dying."""
        gone = [_removed(it) for it in dict.fromkeys(self._folders.values())]
        return all(gone)


def _first_version(root: Path, proc: Path) -> Places | None:
    """Our own group of each version 1 hierarchy, if the needed ones are all there."""
    found: dict[str, Path] = {}
    for line in (proc / "self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            if name in _NEEDED + _ALSO:
                place = root / (names if (root / names).is_dir() else name)
                inner = place / path.lstrip("/")
                found[name] = inner if inner.is_dir() else place
    if any(name not in found or not os.access(found[name], os.W_OK) for name in _NEEDED):
        return None
    writable = {name: it for name, it in found.items() if os.access(it, os.W_OK)}
    return Places(1, tuple(sorted(writable.items())))


def _second_version(root: Path, proc: Path) -> Places | None:
    """Our own group of the one hierarchy, if it may have limited children."""
    lines = (proc / "self/cgroup").read_text().splitlines()
    path = next(it.split(":", 2)[2] for it in lines if it.startswith("0::"))
    own = root / path.lstrip("/")
    if own.name == _LEAF:
        own = own.parent
    offered = (own / "cgroup.controllers").read_text().split()
    if any(name not in offered for name in _NEEDED) or not os.access(own, os.W_OK):
        return None
    inside = [int(it) for it in (own / "cgroup.procs").read_text().split()]
    if any(pid != os.getpid() for pid in inside):
        return None
    if inside:
        (own / _LEAF).mkdir(exist_ok=True)
        _write(own / _LEAF / "cgroup.procs", str(os.getpid()))
    _pass_on(own)
    names = [*_NEEDED, *(["cpu"] if "cpu" in offered else [])]
    return Places(2, tuple((name, own) for name in names))


def _pass_on(folder: Path) -> None:
    """Let the children of `folder` be limited."""
    offered = (folder / "cgroup.controllers").read_text().split()
    wanted = [f"+{it}" for it in (*_NEEDED, "cpu") if it in offered]
    _write(folder / "cgroup.subtree_control", " ".join(wanted))


def _folders(places: Places) -> list[Path]:
    return list(dict.fromkeys(folder for _, folder in places.folders))


def _sweep(places: Places, proc: Path) -> None:
    """Remove the groups of owners that are gone."""
    for folder in _folders(places):
        for place in folder.glob(f"{_PREFIX}*-*"):
            pid, _, started = place.name.removeprefix(_PREFIX).partition("-")
            if pid.isdigit() and _started(int(pid), proc) != started:
                _remove(place)


def _remove(place: Path) -> None:
    for inner in _deepest_first(place, _DEPTH):
        with contextlib.suppress(OSError):
            _kill(inner)
        _removed(inner)


def _deepest_first(place: Path, depth: int) -> Iterator[Path]:
    if depth and place.is_dir():
        for inner in sorted(place.iterdir()):
            if inner.is_dir():
                yield from _deepest_first(inner, depth - 1)
        yield place


def _kill(folder: Path) -> None:
    at_once = folder / "cgroup.kill"
    if at_once.exists():
        _write(at_once, "1")
        return
    _write_if_there(folder / "pids.max", "0")
    for pid in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(int(pid), signal.SIGKILL)


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _started(pid: int, proc: Path) -> str:
    """When `pid` began, in the kernel's ticks; "": it is gone."""
    try:
        text = (proc / str(pid) / "stat").read_text()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]


def _write(path: Path, text: str) -> None:
    place = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(place, text.encode())
    finally:
        os.close(place)


def _write_if_there(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        _write(path, text)


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _field(path: Path, name: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(it.split()[1]) for it in lines if it.split()[:1] == [name]), 0)
