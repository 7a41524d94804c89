"""What tests of the sandbox's core share: a real worker, and orders written in one line."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from headgate.sandbox.foreman import Cell, Foreman
from headgate.sandbox.model import (
    File,
    Heard,
    Isolation,
    Limits,
    Order,
    Result,
    Runtime,
    Step,
    Unavailable,
)

WALLS = Isolation("namespaces")
SHORT = Limits(wall_s=10)


@asynccontextmanager
async def worker(**about: Any) -> AsyncIterator[Foreman]:
    """A worker of Python, or of what is said of its runtime; skipped where there is none."""
    runtime = Runtime("python", "3", "python", **about)
    try:
        foreman = await Foreman.start(runtime, WALLS)
    except Unavailable as error:
        pytest.skip(f"SANDBOX NOT TESTED: {error.what}; {error.remedy}")
    try:
        yield foreman
    finally:
        await foreman.close()


def order(foreman: Foreman, *steps: Step, **about: Any) -> Order:
    return Order(foreman.runtime, steps, limits=about.pop("limits", SHORT), **about)


async def python(
    foreman: Foreman, code: str, heard: Callable[[Heard], None] | None = None, **about: Any
) -> Result:
    """Python code in a fresh cell."""
    cell = await foreman.prepare(Limits())
    files = (File("main.py", code.encode()), *about.pop("files", ()))
    asked = order(foreman, Step("run", python="main.py"), files=files, **about)
    return await cell.carry_out(asked, heard)


async def shell(foreman: Foreman, text: str, **about: Any) -> Result:
    """A line of the shell in a fresh cell."""
    cell = await foreman.prepare(Limits())
    return await cell.carry_out(order(foreman, Step("run", ("/bin/sh", "-c", text)), **about))


async def said(cell: Cell, foreman: Foreman, code: str, **about: Any) -> Result:
    """A cell of a session."""
    files = (*about.pop("files", ()), File("cell.py", code.encode()))
    return await cell.carry_out(
        order(foreman, Step("cell", python="cell.py"), files=files, **about)
    )


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
