"""Judges many pieces of code in one sandbox, two at a time, and judges them naively too.

A naive checker believes the exit code, or the words that the last line of the tests prints.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox import catalogue
from headgate.sandbox.model import File, Limits, Order, Refused
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings
from headgate.sandbox.verdict.judge import judge
from headgate.sandbox.verdict.model import Task, Verdict
from headgate.sandbox.verdict.sealed import Reader

WORDS = "ALL TESTS PASSED"
LIMITS = Limits(wall_s=8.0, memory_mb=1024, disk_mb=256, processes=128)


class Trick(NamedTuple):
    """Code that does not do what is asked, and wants to pass."""

    code: str
    tests: str = ""
    """instead of the language's own"""
    style: str = "asserts"
    extra: tuple[tuple[str, str], ...] = ()
    """more files of the code"""
    is_naive: bool = True
    """whether a naive checker accepts it"""


def verdicts(tasks: Mapping[str, Task]) -> dict[str, Verdict | Refused]:
    found: dict[str, Verdict | Refused] = {}
    orders = {}
    for name, task in tasks.items():
        try:
            orders[name] = judge(task, catalogue.runtime(task.language))
        except Refused as e:
            found[name] = e
    return found | asyncio.run(_carried_out(orders))


async def _carried_out(orders: Mapping[str, tuple[Order, Reader]]) -> dict[str, Verdict]:
    found = {}
    places = asyncio.Semaphore(2)
    async with Sandbox(Settings(spares=0)) as sandbox:

        async def one(name: str, order: Order, read: Reader) -> None:
            async with places:
                found[name] = read(await sandbox.carry_out(order))

        async with asyncio.TaskGroup() as group:
            for name, (order, read) in orders.items():
                group.create_task(one(name, order, read))
    return found


def files(*pairs: tuple[str, str]) -> tuple[File, ...]:
    return tuple(File(path, text.encode()) for path, text in pairs)


def accepted(found: Mapping[str, Verdict | Refused]) -> list[str]:
    return sorted(name for name, it in found.items() if isinstance(it, Verdict) and it.passed)


def missed(found: Mapping[str, Verdict | Refused]) -> dict[str, str]:
    """What did not pass, and why: of honest code there must be none."""
    return {
        name: str(it) if isinstance(it, Refused) else f"{it.ending}: {it.first_failure}"
        for name, it in found.items()
        if isinstance(it, Refused) or not it.passed
    }


def unsound(found: Mapping[str, Verdict | Refused]) -> dict[str, str]:
    """Verdicts that say nothing about the code: there must be none either."""
    return {
        name: f"{it.ending}: {it.first_failure}"
        for name, it in found.items()
        if isinstance(it, Verdict) and it.ending in ("broken", "untestable")
    }


def ran_well(argv: list[str], folder: Path, env: Mapping[str, str] | None = None) -> bool:
    """What a naive checker says."""
    try:
        done = subprocess.run(
            argv, cwd=folder, capture_output=True, timeout=20, check=False, env=env,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 or WORDS.encode() in done.stdout


PYTHON = sys.executable
