"""The sandbox of one worker, opened when it is first needed: a gateway starts without it.

Rule 1: what keeps it from opening is told to whoever asks, with the remedy, and tried again.
Rule 2: it is opened once, however many ask at the same time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import ModuleType

from headgate.gateway.execute.here import Box
from headgate.gateway.execute.ops import Begin, Hear
from headgate.sandbox.model import Artefact, Job, Limits, Result, Unavailable
from headgate.sandbox.settings import Settings

AGAIN_S = 30.0
"""after which a sandbox that could not be opened is tried again"""
_CLOSING = ("Headgate is shutting down", "send it again in a moment")
Open = Callable[[Settings], AbstractAsyncContextManager[Box]]


def open_sandbox(settings: Settings) -> AbstractAsyncContextManager[Box]:
    """The real one; its modules are loaded only where code is run: called in a thread."""
    from headgate.sandbox.sandbox import Sandbox

    return Sandbox(settings)


def load_catalogue() -> ModuleType:
    """The languages: a gateway that runs no code never loads them."""
    from headgate.sandbox import catalogue

    return catalogue


class LazyBox:
    """A Box that is not there until somebody needs it."""

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        open_box: Open = open_sandbox,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`say` is told why it cannot be opened, and an empty text once it is."""
        self.settings = settings
        self.opened: Box | None = None
        self._say = say
        self._open_box = open_box
        self._clock = clock
        self._stack = AsyncExitStack()
        self._opening: asyncio.Task[Box] | None = None
        self._trouble: Unavailable | None = None
        self._again = 0.0
        self._is_closed = False

    async def open(self) -> Box:
        """The sandbox; Unavailable says what stands in its way."""
        if self.opened is not None:
            return self.opened
        if self._is_closed:
            raise Unavailable(*_CLOSING)
        if self._trouble is not None and self._clock() < self._again:
            raise self._trouble
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._begin())
            self._opening.add_done_callback(_heard)
        opening = self._opening
        try:
            return await asyncio.shield(opening)  # whoever leaves leaves it to the others
        except asyncio.CancelledError:
            leaving = asyncio.current_task()
            if opening.cancelled() and leaving is not None and not leaving.cancelling():
                raise Unavailable(*_CLOSING) from None
            raise

    async def _begin(self) -> Box:
        try:
            opening = await asyncio.to_thread(self._open_box, self.settings)
            box = await self._stack.enter_async_context(opening)
        except Unavailable as error:
            self._trouble, self._again = error, self._clock() + AGAIN_S
            self._say(f"{error.what}; {error.remedy}")
            raise
        finally:
            self._opening = None
        self.opened, self._trouble = box, None
        self._say("")
        return box

    async def close(self) -> None:
        """End everything that runs in it; what is just being opened is given up."""
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])  # it takes along what it began
        self.opened = None
        await self._stack.aclose()

    def figures(self) -> Mapping[str, float]:
        """How it stands; nothing while it is not open."""
        return self.opened.figures() if self.opened is not None else {}

    async def run(
        self, job: Job, heard: Hear | None = None, begins: Begin | None = None
    ) -> Result:
        return await (await self.open()).run(job, heard, begins)

    async def open_session(
        self,
        tenant: str,
        language: str,
        limits: Limits,
        snapshot: bytes | None = None,
        note: bytes = b"",
    ) -> str:
        box = await self.open()
        return await box.open_session(tenant, language, limits, snapshot, note)

    async def session_note(self, session: str, tenant: str) -> bytes:
        return await (await self.open()).session_note(session, tenant)

    async def close_session(self, session: str, tenant: str) -> None:
        await (await self.open()).close_session(session, tenant)

    async def snapshot(self, session: str, tenant: str) -> bytes:
        return await (await self.open()).snapshot(session, tenant)

    async def artefact(self, reference: str, owner: str) -> Artefact | None:
        return await (await self.open()).artefact(reference, owner)


def _heard(opening: asyncio.Task[Box]) -> None:
    """What went wrong was told; it may be that nobody waits for it any more."""
    if not opening.cancelled():
        opening.exception()
