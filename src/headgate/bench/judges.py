"""Who judges answers: what a run asks of them, and this machine's own cores, who can do it.

Rule 1: no more is begun at once than there are cores: a judging with a limit of time is never
made slow by another.
Rule 2: the sandbox is opened when the first answer comes: where all verdicts are kept it costs
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Protocol, Self

from headgate.bench.bounds import limits
from headgate.bench.grade import Graded
from headgate.bench.judging import database_of, fit, grade, runtime_of
from headgate.bench.task import Task
from headgate.sandbox.model import Refused, Runtime, Unavailable
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import CORES, Settings


class Judges(Protocol):
    """Cores that judge, here or elsewhere."""

    @property
    def cores(self) -> int:
        """How many judgings there may be at once."""

    @property
    def told(self) -> str:
        """Which cores, for whoever waits; "": those of this machine."""

    async def runtime(self, task: Task) -> Runtime:
        """What judges its language there; Unavailable, with the remedy, where nothing does."""

    async def unfit(self, task: Task) -> Unavailable | Refused | None:
        """Why no answer to a task could ever be judged there; None: it can be."""

    async def judge(self, task: Task, code: str) -> Graded:
        """What an answer is worth."""

    async def tier(self) -> str:
        """What contains the code: the weakest of all that are used."""


class Here:
    """This machine's cores; an async context."""

    told = ""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(CORES)
        self._opening = asyncio.Lock()
        self._sandbox: Sandbox | None = None
        self._open = contextlib.AsyncExitStack()

    @property
    def cores(self) -> int:
        return CORES

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    async def runtime(self, task: Task) -> Runtime:
        return await asyncio.to_thread(runtime_of, task)

    async def unfit(self, task: Task) -> Unavailable | Refused | None:
        try:
            self._settings.check(limits(task, task.tests))
            await asyncio.to_thread(fit, task)
            wanted = database_of(task)
            if wanted is not None:
                await (await self._opened()).prepare_database(wanted)
        except (Unavailable, Refused) as missing:
            return missing
        return None

    async def judge(self, task: Task, code: str) -> Graded:
        async with self._places:
            return await grade(task, code, (await self._opened()).carry_out)

    async def tier(self) -> str:
        return (await self._opened()).isolation.tier

    async def _opened(self) -> Sandbox:
        async with self._opening:
            if self._sandbox is None:
                self._sandbox = await self._open.enter_async_context(Sandbox(self._settings))
            return self._sandbox
