"""What validating a file costs: in a process that stays, as a command, and where it is known.

Rule 1: warm is a process that stays, such as an editor's or a server's: its sandbox is open,
        and each file is checked afresh by its tools. A command also pays for Python's start, a
        sandbox's proof and a worker: it is measured by itself, and never called warm.
Rule 2: CPU counts every process below this one, ended ones included; the clock is the
        neighbours' too, so a figure beyond its floor ends the run with 1 only with --strict.
Rule 3: a tool that is not installed leaves its row out, and that is said.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.sandbox import tree
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings
from headgate.validate.checks import load
from headgate.validate.gather import Wanted, gather
from headgate.validate.kept import Kept
from headgate.validate.problem import State, Verdict
from headgate.validate.validator import Asking, Pending, Prepared, carry, conclude, prepare

PYTHON = (
    '"""Sums."""\n\n\ndef add(a: int, b: int) -> int:\n    """Their sum."""\n    return a + b\n'
)
SCRIPT = "export function add(a: number, b: number): number {\n\treturn a + b;\n}\n"
FILES = {"a.py": PYTHON, "a.ts": SCRIPT}
COMMAND = (sys.executable, "-m", "headgate")


class Row(NamedTuple):
    """One figure: milliseconds by the clock, of processors, and the most by the clock."""

    what: str
    wall: float
    cpu: float
    floor: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.floor or self.wall <= self.floor

    def __str__(self) -> str:
        asked = f"<= {self.floor:g}" if self.floor else ""
        mark = "" if self.holds else "  BEYOND"
        return f"{self.what:<58}{self.wall:9.1f}{self.cpu:9.1f}{asked:>9}{mark}"


class Warm(NamedTuple):
    """A row of files checked in a process that stays."""

    what: str
    file: str
    only: frozenset[str]
    floor: float


WARM = (
    Warm("Python: syntax, ruff, ruff format, ty", "a.py",
         frozenset({"python-syntax", "ruff", "ruff-format", "ty"}), 60),
    Warm("Python: syntax, ruff, ruff format, mypy", "a.py",
         frozenset({"python-syntax", "ruff", "ruff-format", "mypy"}), 0),
    Warm("TypeScript: biome, biome format, tsc", "a.ts",
         frozenset({"biome", "biome-format", "tsc"}), 120),
)  # fmt: skip


def used_cpu_ms() -> float:
    """What this process and everything below it has used, the ended included."""
    ticks = 0
    for pid in tree(os.getpid()):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended just now: whoever waited for it counts it
        ticks += sum(int(it) for it in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK") * 1000


def median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def planned(here: Path, row: Warm, kept: Kept) -> tuple[Prepared, Asking]:
    projects, _ = gather(Wanted((row.file,), here))
    asking = Asking(only=row.only)
    return prepare(projects, load(), asking, kept), asking


async def checked(sandbox: Sandbox, here: Path, row: Warm) -> list[Verdict]:
    prepared, asking = planned(here, row, Kept(None))
    answers: list[tuple[Pending, list[Verdict]]] = await carry(
        prepared, asking, sandbox.carry_out, lambda done, of: None
    )
    return conclude(prepared, answers, Kept(None))


async def warm(here: Path, row: Warm, count: int) -> Row | str:
    """The median of so many; or why there is none."""
    async with Sandbox(Settings(spares=2)) as sandbox:
        for verdict in await checked(sandbox, here, row):
            if verdict.state is not State.PASSED:
                return f"{row.what}: left out: {verdict.check}: {verdict.note or verdict.state}"
        walls = []
        before = used_cpu_ms()
        for _ in range(count):
            begun = time.perf_counter()
            await checked(sandbox, here, row)
            walls.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(0.03)  # what a run left behind is tidied up, as between saves
        return Row(row.what, median(walls), (used_cpu_ms() - before) / count, row.floor)


def command(what: str, words: Sequence[str], here: Path, count: int) -> Row:
    """The least of so many: nothing but noise makes a command slower."""
    walls, cpus = [], []
    env = {**os.environ, "HEADGATE_HOME": str(here / "home")}
    for _ in range(count):
        before, begun = _children_ms(), time.perf_counter()
        subprocess.run((*COMMAND, *words), cwd=here, env=env, capture_output=True, check=True)
        walls.append((time.perf_counter() - begun) * 1000)
        cpus.append(_children_ms() - before)
    return Row(what, min(walls), min(cpus))


def _children_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def commands(here: Path, count: int) -> Iterator[Row]:
    only = ("--only", "python-syntax,ruff,ruff-format")
    (here / "run.py").write_text("print(1)\n")
    measured: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("headgate --version", ("--version",)),
        ("headgate exec --help", ("exec", "--help")),
        ("headgate exec run.py", ("exec", "run.py")),
        ("headgate validate a.py", ("validate", "--no-cache", *only, "a.py")),
        ("headgate validate a.py, remembered", ("validate", *only, "a.py")),
    )
    for what, words in measured:
        yield command(what, words, here, count)


def laid(here: Path, modules: str) -> None:
    for name, text in FILES.items():
        (here / name).write_text(text)
    if modules:
        (here / "node_modules").symlink_to(Path(modules).resolve())


def measure(arguments: argparse.Namespace, here: Path) -> list[Row]:
    laid(here, arguments.modules)
    rows: list[Row] = []
    for each in WARM:
        found = asyncio.run(warm(here, each, arguments.count))
        if isinstance(found, Row):
            rows.append(found)
        else:
            print(found)
    rows += commands(here, max(arguments.count // 4, 2))
    return rows


def main(say: Callable[[object], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="files behind each figure")
    parser.add_argument("--modules", default="", help="a node_modules with typescript, biome")
    parser.add_argument("--strict", action="store_true", help="a figure beyond its floor fails")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(arguments, Path(folder))
    say(f"{'':<58}{'wall ms':>9}{'CPU ms':>9}    floor   (load {os.getloadavg()[0]:.1f})")
    for row in rows:
        say(row)
    sys.exit(int(arguments.strict and not all(it.holds for it in rows)))


if __name__ == "__main__":
    main()
