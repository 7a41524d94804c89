"""Commands that go to a vendor's interpreter: a simulated one, a folder that points there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from headgate.gateway import serve
from headgate.sandbox.hosted.vendor import vendors
from headgate.sim.app import Simulator
from tests.kit import ENV, HEARS_CTRL_C, PROVIDERS

ENDS_S = 120


class Said(NamedTuple):
    """How the command ended."""

    code: int
    out: str
    told: str


@dataclass
class Desk:
    """Where one of Headgate's commands is typed."""

    sim: Simulator
    folder: Path
    command: tuple[str, ...]
    stdin: bytes

    def __post_init__(self) -> None:
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **ENV}

    async def start(self, *words: str) -> Process:
        typed = (*HEARS_CTRL_C, sys.executable, "-m", "headgate", *self.command, *words)
        return await asyncio.create_subprocess_exec(
            *typed, cwd=self.folder, env=self.env, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )

    async def typed(self, *words: str) -> Said:
        process = await self.start(*words)
        out, told = await asyncio.wait_for(process.communicate(self.stdin), ENDS_S)
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), told.decode())


@contextlib.asynccontextmanager
async def opened(folder: Path, *command: str, stdin: bytes = b"") -> AsyncIterator[Desk]:
    sim = Simulator()
    server = await serve.start(sim, serve.Listen())
    try:
        await asyncio.to_thread(vendors)  # it reads a file, once
        text = PROVIDERS.replace("{sim}", server.url)
        await asyncio.to_thread((folder / "headgate.toml").write_text, text)
        yield Desk(sim, folder, command, stdin)
    finally:
        await server.stop(at_once=True)
