"""Measures what the processes of a cell use together, from the cell's own /proc.

Rule 1: anonymous memory is summed cheaply; only where the sum is over the limit is it measured
exactly, because forks share pages that the sum counts for each of them.
Rule 2: what no process shows as resident is counted too: files of the cell, shared mappings.
Rule 3: what has gone while it was looked at counts nothing.
"""

from __future__ import annotations

import os
from typing import NamedTuple

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_EXACT_S, _SHARED_S = 0.03, 0.1
"""the dearer measurements are taken so far apart"""


class Used(NamedTuple):
    """What the processes of a cell use at this moment."""

    memory: int
    cpu_ms: float
    tasks: int
    is_exact: bool


NOTHING = Used(0, 0.0, 0, is_exact=False)


class _Process(NamedTuple):
    pid: str
    cpu_ms: float
    tasks: int
    space: int
    anonymous: int


class Watch:
    """Looks at one cell again and again."""

    def __init__(self, proc: int, files: int) -> None:
        self._proc, self._files = proc, files
        self._exact_at = self._shared_at = 0.0
        self._shared = 0
        self._inherited: tuple[str, int] = ("", 0)
        self.peak = 0

    def others(self) -> list[str]:
        """The processes of the cell but for its first."""
        return [it for it in os.listdir(self._proc) if it.isdigit() and it != "1"]

    def begin(self) -> None:
        """What the one process there has now, it has of the zygote: the code is not charged."""
        only = [it for it in map(self._process, self.others()) if it is not None]
        if only:
            self._inherited = (only[0].pid, only[0].anonymous)

    def look(self, limit: int, now: float) -> Used:
        """What is used; exact if the cheap sum is beyond `limit`."""
        seen = [it for it in map(self._process, self.others()) if it is not None]
        files = self._held_by_files()
        sum_ = files + sum(it.anonymous for it in seen)
        largest = max((it.space for it in seen), default=0)
        if largest > max(limit - sum_, 0) and now - self._shared_at > _SHARED_S:
            self._shared_at = now
            self._shared = self._shared_mappings(seen)
        memory, is_exact = sum_ + self._shared, False
        if memory > limit and now - self._exact_at > _EXACT_S:
            self._exact_at = now
            memory = files + self._shared + sum(map(self._exactly, seen))
            is_exact = True
        if seen and (is_exact or memory <= limit):
            self.peak = max(self.peak, memory)
        cpu_ms = sum(it.cpu_ms for it in seen) + self._cpu_of_reaped()
        return Used(memory, cpu_ms, sum(it.tasks for it in seen), is_exact)

    def close(self) -> None:
        os.close(self._proc)

    @staticmethod
    def cpu_of_one(pid: int) -> float:
        """Of a process by its id out here: of its first thread to the microsecond."""
        try:
            with open(f"/proc/{pid}/schedstat", "rb") as file:
                first_ms = int(file.read().split()[0]) / 1e6
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except (OSError, IndexError):
            return 0.0
        return max(first_ms, sum(int(it) for it in fields[11:15]) * TICK_MS)

    def space_left(self) -> tuple[int, int]:
        """Bytes and inodes of the cell's files."""
        at = os.fstatvfs(self._files)
        return at.f_bavail * at.f_frsize, at.f_ffree

    def _held_by_files(self) -> int:
        at = os.fstatvfs(self._files)
        return (at.f_blocks - at.f_bfree) * at.f_frsize

    def _process(self, pid: str) -> _Process | None:
        fields = self._stat(pid)
        pages = self._read(f"{pid}/statm").split()
        if not fields or len(pages) < 3:
            return None
        cpu = sum(int(it) for it in fields[11:15]) * TICK_MS
        anonymous = max(0, int(pages[1]) - int(pages[2])) * PAGE
        if pid == self._inherited[0]:
            anonymous = max(0, anonymous - self._inherited[1])
        return _Process(pid, cpu, int(fields[17]), int(fields[20]), anonymous)

    def _cpu_of_reaped(self) -> float:
        fields = self._stat("1")
        return sum(int(it) for it in fields[13:15]) * TICK_MS if fields else 0.0

    def _stat(self, pid: str) -> list[bytes]:
        """The fields after the name, which may hold anything."""
        return self._read(f"{pid}/stat").rpartition(b")")[2].split()

    def _exactly(self, process: _Process) -> int:
        """Its share of the anonymous pages; the cheap sum where that is not to be read."""
        for line in self._read(f"{process.pid}/smaps_rollup").splitlines():
            if line.startswith(b"Pss_Anon:"):
                return int(line.split()[1]) * 1024
        return process.anonymous

    def _shared_mappings(self, seen: list[_Process]) -> int:
        """Anonymous shared memory: in nobody's sum, and there though nothing is resident."""
        sizes: dict[bytes, int] = {}
        for process in seen:
            for line in self._read(f"{process.pid}/maps").splitlines():
                if line.endswith(b"/dev/zero (deleted)"):
                    span, _, _, _, inode, *_ = line.split()
                    low, high = span.split(b"-")
                    size = int(high, 16) - int(low, 16)
                    sizes[inode] = max(sizes.get(inode, 0), size)
        return sum(sizes.values())

    def _read(self, path: str) -> bytes:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return b""
        try:
            parts = []
            while part := os.read(fd, 65536):
                parts.append(part)
            return b"".join(parts)
        except OSError:
            return b""
        finally:
            os.close(fd)
