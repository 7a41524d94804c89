"""What the machine is and what it spent: cores, CPU seconds of a process tree, resident memory.

Rule 1: facts name no host, no user and no path.
Rule 2: foreign load is what the cores did beyond the processes of the benchmark; it is printed
        beside every figure, because a shared machine makes microseconds look dear.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cores() -> tuple[int, int]:
    """The gateway's core and everybody else's; the same one where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (allowed[0], allowed[0])


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _cpu_one(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = text[text.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def cpu_s(pid: int) -> float:
    """User and system seconds of a process tree so far."""
    return sum(_cpu_one(each) for each in tree(pid))


def rss_mb(pid: int) -> float:
    """Resident memory of a process tree in MB of 10^6 bytes; pages shared in it count twice."""
    total = 0
    for each in tree(pid):
        try:
            text = Path(f"/proc/{each}/status").read_text()
        except OSError:
            continue
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        total += int(found[1]) * 1024 if found else 0
    return round(total / 1e6, 1)


def threads(pid: int) -> int:
    return sum(len(list(Path(f"/proc/{each}/task").glob("*"))) for each in tree(pid))


@dataclass(frozen=True, slots=True)
class Clock:
    """One reading of the machine: when, and per core busy, idle and stolen seconds."""

    at: float
    busy: dict[int, float]
    idle: dict[int, float]
    stolen: float


def read_clock() -> Clock:
    busy: dict[int, float] = {}
    idle: dict[int, float] = {}
    stolen = 0.0
    for line in Path("/proc/stat").read_text().splitlines():
        found = re.match(r"cpu(\d+) (.*)", line)
        if not found:
            continue
        user, nice, system, rest, wait, irq, soft, steal = map(int, found[2].split()[:8])
        core = int(found[1])
        busy[core] = (user + nice + system + irq + soft) * TICK_S
        idle[core] = (rest + wait) * TICK_S
        stolen += steal * TICK_S
    return Clock(time.monotonic(), busy, idle, stolen)


@dataclass(frozen=True, slots=True)
class Spent:
    """What happened between two readings, in cores (1.0: one core all the time)."""

    seconds: float
    busy: dict[int, float]
    stolen: float

    @property
    def total(self) -> float:
        return sum(self.busy.values())


def between(before: Clock, after: Clock) -> Spent:
    seconds = after.at - before.at
    busy = {core: (after.busy[core] - before.busy[core]) / seconds for core in after.busy}
    return Spent(seconds, busy, (after.stolen - before.stolen) / seconds)


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return ""
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else ""


def facts() -> dict[str, object]:
    """What a reader needs to judge absolute figures by."""
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", info)
    family = re.search(r"cpu family\s*:\s*(.+)", info)
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return {
        "cpu": model[1] if model else platform.machine(),
        "cpu_family": family[1] if family else "",
        "cores": os.cpu_count(),
        "virtual": " hypervisor" in info,
        "memory_gb": round(int(memory[1]) / 1e6, 1) if memory else 0,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "compiler": _first_line("cc", "--version"),
        "load_average": os.getloadavg()[0],
    }


def commit() -> str:
    """The short name of the commit that is checked out; "worktree" outside of a checkout."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "worktree"
    return done.stdout.strip() or "worktree"
