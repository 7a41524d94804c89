"""Has many answers graded in one real sandbox, two at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from headgate.bench.grade import Graded
from headgate.bench.judging import grade
from headgate.bench.proof import Proof, prove
from headgate.bench.task import Task
from headgate.sandbox.model import Order, Result
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings


def graded(pairs: Sequence[tuple[Task, str]]) -> list[Graded]:
    """What each answer is worth."""

    async def all_of_them() -> list[Graded]:
        places = asyncio.Semaphore(2)
        async with Sandbox(Settings(spares=0)) as sandbox:

            async def carry(order: Order) -> Result:
                return await sandbox.carry_out(order)

            async def one(task: Task, code: str) -> Graded:
                async with places:
                    return await grade(task, code, carry)

            return list(await asyncio.gather(*(one(task, code) for task, code in pairs)))

    return asyncio.run(all_of_them())


def proved(task: Task) -> Proof:
    """What a task shows of itself."""

    async def all_of_it() -> Proof:
        async with Sandbox(Settings(spares=0)) as sandbox:

            async def carry(order: Order) -> Result:
                return await sandbox.carry_out(order)

            return await prove(task, lambda task, code: grade(task, code, carry))

    return asyncio.run(all_of_it())
