"""Goes between the till and the bank: asks for all accounts at once, from a thread of its own.

Rule 1: one exchange at a time, at once when somebody waits, else every fifth of a second.
Rule 2: a bank that fails is asked again; the till knows for how long it can do without.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from headgate.engine.till import TICK_S, Till
from headgate.store.bank import Bank, BankError

BREATH_S = 1.0
"""how often the bank is asked at least: it counts those as dead that are silent"""
AFTER_FAILURE_S = 0.25


class Clerk:
    """Runs the errands of one till."""

    def __init__(
        self,
        till: Till,
        bank: Bank,
        on_trouble: Callable[[str], None],
        reopen: Callable[[], Bank | None] = lambda: None,
    ) -> None:
        self._till = till
        self._bank = bank
        self._on_trouble = on_trouble
        self._reopen = reopen
        """a bank for the process as it counts now; None: it is the same as before"""
        self._thread = ThreadPoolExecutor(1, "bank")
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._since = 0.0
        self._told = ""

    def start(self) -> None:
        self._till.wake = self._wake.set
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """Stop asking, and give everything back. Once."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BankError):
            await loop.run_in_executor(self._thread, self._bank.close)
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._wake.wait()
            self._wake.clear()
            if not await self._exchange(loop):
                await asyncio.sleep(AFTER_FAILURE_S)

    async def _exchange(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Did the bank answer, or was there nothing to ask it."""
        till = self._till
        asked = till.asks()
        if not asked and loop.time() - self._since < BREATH_S:
            return True
        self._since = loop.time()
        try:
            another = await loop.run_in_executor(self._thread, self._reopen)
            if another is not None:
                old, self._bank = self._bank, another
                till.restart()
                with contextlib.suppress(BankError):
                    await loop.run_in_executor(self._thread, old.close)
                asked = till.asks()
            asks = [ask for _, ask in asked]
            answers = await loop.run_in_executor(self._thread, self._bank.exchange, asks)
        except BankError as error:
            till.failed(asked, error.why)
            if till.trouble:
                self._told = self._told or self._say(str(error))
            return False
        till.answered(asked, answers)
        self._told = self._told and self._say("")
        return True

    def _say(self, why: str) -> str:
        self._on_trouble(why)
        return why
