"""A cell in a folder: one order, each of its steps under a warden.

Rule 1: what the warden or the kernel saw decides how it ended; the first reason counts.
Rule 2: whoever waits and gives up ends what it waited for.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from typing import Any, Protocol

from headgate.sandbox import outcome
from headgate.sandbox.cell import Broken, Run
from headgate.sandbox.container import Engine
from headgate.sandbox.model import Heard, Isolation, Made, Order, Result, Runtime, Step
from headgate.sandbox.ward import Ears, Ward, is_crowded
from headgate.sandbox.wish import wish_of
from headgate.sandbox.worker.frames import Frame, Word
from headgate.sandbox.workfolder import WorkFolder

_OF_SIGNALS = {24: "cpu", 25: "file"}


class Yard(Protocol):
    """What a cell knows of its foreman."""

    runtime: Runtime
    walls: Isolation
    engine: Engine | None

    def forget(self, cell: Any) -> None: ...


class Doing:
    """One order that is being carried out in a folder."""

    def __init__(self, order: Order, heard: Callable[[Heard], None] | None) -> None:
        self.order, self.run, self._heard = order, Run(heard), heard
        self.begun = time.monotonic()
        self.reason = ""
        self.value: str | None = None
        self.lost = 0
        self.ms = self.cpu_ms = self.peak_kb = 0.0

    def wrote(self, word: Word, data: bytes) -> None:
        self.run.hear(Frame(0, word, data))

    def end_step(self, name: str, code: int, ms: float, mark: str = "") -> None:
        """`code` as of os.waitstatus_to_exitcode."""
        number = -code if code < 0 else None
        mark = mark or _OF_SIGNALS.get(number or 0, "")
        how = {"name": name, "exit_code": code if code >= 0 else None, "signal": number}
        said = json.dumps(how | {"ms": ms, "mark": mark}).encode()
        self.run.hear(Frame(0, Word.ENDED, said))
        self.ms += ms

    def add_up(self, report: dict[str, Any]) -> None:
        self.cpu_ms += report["cpu_ms"]
        self.peak_kb = max(self.peak_kb, report["peak_kb"])
        self.reason = self.reason or report["reason"]

    async def take_from(self, folder: WorkFolder) -> None:
        """The artefacts."""
        found, is_beyond = await asyncio.to_thread(folder.take, self.order.limits)
        if is_beyond:
            self.reason = self.reason or "artefacts"
        for it in found:
            self.run.artefacts.append(it)
            if self._heard is not None:
                self._heard(Made(it))

    def result(self, walls: Isolation) -> Result:
        done = {
            "reason": self.reason,
            "lost": self.lost,
            "value": self.value,
            "ms": self.ms,
            "cpu_ms": max(0.0, self.cpu_ms),
            "peak": self.peak_kb * 1024,
        }
        ended = outcome.Ended(done, self.run.steps, self.run.output, self.run.broken)
        total_ms = (time.monotonic() - self.begun) * 1000
        return outcome.result(self.order, ended, tuple(self.run.artefacts), walls, total_ms)


class FolderCell:
    """A folder in which one order is carried out."""

    def __init__(self, yard: Yard, folder: WorkFolder) -> None:
        self._yard, self._folder = yard, folder
        self.alive = True
        self._doing: Doing | None = None
        self._ward: Ward | None = None
        self._leaving: asyncio.Future[None] | None = None

    async def carry_out(
        self, order: Order, heard: Callable[[Heard], None] | None = None
    ) -> Result:
        """Lay the files, run the steps; what came of it."""
        if not self.alive or self._doing is not None:
            raise Broken("the cell is gone or taken", begun=self._doing is not None)
        doing = self._doing = Doing(order, heard)
        try:
            await asyncio.to_thread(self._folder.lay, order.files)
            await self._run_steps(doing)
            await doing.take_from(self._folder)
        except BaseException:
            self.kill()
            raise
        finally:
            self.alive = False
            await self.leave()
        return doing.result(self._yard.walls)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._end("stopped")
        self.alive = False
        if self._doing is None and self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave())

    async def leave(self) -> None:
        """Let nothing of it stay."""
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave())
        await asyncio.shield(self._leaving)

    async def _leave(self) -> None:
        if self._ward is not None:
            await self._ward.settle()
        await self._folder.remove()
        self._yard.forget(self)

    async def _run_steps(self, doing: Doing) -> None:
        order = doing.order
        deadline = doing.begun + order.limits.wall_s
        stdin = order.stdin
        for step in order.steps:
            if doing.reason:
                break
            left = max(0.0, deadline - time.monotonic())
            seconds = min(left, step.wall_s or left)
            given = b"" if step.is_build else stdin
            code = await self._run(doing, step, seconds, given)
            stdin = stdin if step.is_build else b""
            if code != 0 and not step.goes_on:
                break

    async def _run(self, doing: Doing, step: Step, seconds: float, stdin: bytes) -> int:
        begun = time.monotonic()
        ears = Ears(doing.wrote, lambda: self._end("output"))
        ward = self._ward = Ward(doing.order.limits.output_bytes, ears)
        about = (self._yard, self._folder, step, doing.order)
        wish = await asyncio.to_thread(wish_of, *about)
        timer = asyncio.get_running_loop().call_later(seconds, self._end, "wall")
        try:
            await ward.start(wish, stdin)
            if doing.reason:
                ward.end()  # it came while the warden was being started
            report = await ward.ended()
        finally:
            timer.cancel()
        self._ward = None
        doing.lost += ward.lost
        if doing.reason == "wall" and is_crowded(report, doing.order.limits.processes):
            doing.reason = "processes"
        doing.add_up(report)
        code = os.waitstatus_to_exitcode(report["status"])
        if not doing.reason:
            mark = await asyncio.to_thread(self._folder.last_word) if step.python else ""
            doing.end_step(step.name, code, (time.monotonic() - begun) * 1000, mark)
        else:
            doing.ms += (time.monotonic() - begun) * 1000
        return code

    def _end(self, reason: str) -> None:
        if self._doing is not None and not self._doing.reason:
            self._doing.reason = reason
        if self._ward is not None:
            self._ward.end()
