"""A node's judge, in a process of its own there: it tells what it can judge, and judges.

Rule 1: a task is planned and judged with the node's own toolchains; only tasks, answers and
grades travel.
Rule 2: what cannot be done there is an answer, no exception: nothing of it is lost on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from headgate import __version__
from headgate.bench.bounds import limits
from headgate.bench.grade import Graded
from headgate.bench.judging import database_of, fit, grade, runtime_of
from headgate.bench.task import Task
from headgate.sandbox.model import Refused, Unavailable
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings


class Lacking(msgspec.Struct, frozen=True):
    """Why something cannot be judged on a node."""

    what: str
    remedy: str
    is_refused: bool = False
    """anywhere, not only there"""

    @property
    def error(self) -> Unavailable | Refused:
        kind = Refused if self.is_refused else Unavailable
        return kind(self.what, self.remedy)


class Told(msgspec.Struct, frozen=True):
    """What a node says of itself."""

    headgate: str
    tier: str = ""
    runtimes: tuple[str | Lacking, ...] = ()
    """for each task what judges it there, with its version"""
    lacking: Lacking | None = None
    """it contains no code"""


class Seat:
    """Judges on a node; what it is asked for comes from another machine."""

    def __init__(self, settings: Settings, cores: int) -> None:
        most = settings.concurrent or 2 * cores
        self._sandbox = Sandbox(
            replace(settings, concurrent=most, concurrent_per_tenant=most, folder="")
        )

    async def begin(self, tasks: Sequence[Task]) -> Told:
        """Open the sandbox, and tell of each task what would judge it."""
        try:
            await self._sandbox.__aenter__()
        except Unavailable as missing:
            return Told(__version__, lacking=_lacking(missing))
        found = await asyncio.to_thread(lambda: [self._version(it) for it in tasks])
        pairs = zip(tasks, found, strict=True)
        runtimes = tuple([await self._with_database(*it) for it in pairs])
        return Told(__version__, self._sandbox.isolation.tier, runtimes)

    async def _with_database(self, task: Task, found: str | Lacking) -> str | Lacking:
        wanted = database_of(task)
        if wanted is None or isinstance(found, Lacking):
            return found
        try:
            await self._sandbox.prepare_database(wanted)
        except (Unavailable, Refused) as missing:
            return _lacking(missing)
        return found

    def _version(self, task: Task) -> str | Lacking:
        try:
            self._sandbox.settings.check(limits(task, task.tests))
            fit(task)
            return runtime_of(task).version
        except (Unavailable, Refused) as missing:
            return _lacking(missing)

    async def judge(self, task: Task, code: str) -> Graded | Lacking:
        try:
            return await grade(task, code, self._sandbox.carry_out)
        except (Unavailable, Refused) as missing:
            return _lacking(missing)

    async def close(self) -> None:
        """Leave nothing on the node."""
        await self._sandbox.close()


def _lacking(missing: Unavailable | Refused) -> Lacking:
    return Lacking(missing.what, missing.remedy, isinstance(missing, Refused))
