"""A stand-in for the sandbox where a test is about something else: it contains nothing.

Rule 1: only code that stands in a test is run with it.
Rule 2: a session is a Python process in a folder of its own; both go with `close`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import mimetypes
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from unittest import mock

from headgate.gateway import start
from headgate.sandbox.model import Artefact, Job, Limits, Refused, Result, Status
from tests.kit import ENV, HASTE, Field, running

LOCAL = """
[sandbox]
enabled = true
[models]
"local-*" = ["vllm:local-model"]
[providers.vllm]
base_url = "{sim}"
api_key = "env:ANTHROPIC_API_KEY"
[providers.anthropic]
base_url = "{sim}"
api_key = "env:ANTHROPIC_API_KEY"
[providers.openai]
base_url = "{sim}/v1"
api_key = "env:OPENAI_API_KEY"
"""
"""a provider that runs no code itself, and two that do"""

KERNEL = """
import ast, json, os, sys, traceback
names = {"__name__": "__main__"}
real = os.dup(1)
for line in sys.stdin:
    code, value, ok = json.loads(line), None, True
    for fd, name in ((1, ".out"), (2, ".err")):
        file = os.open(name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(file, fd)
        os.close(file)
    try:
        tree = ast.parse(code)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            found = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            value = None if found is None else repr(found)
    except BaseException:
        traceback.print_exc()
        ok = False
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(real, json.dumps({"ok": ok, "value": value}).encode() + b"\\n")
"""


class Bare:
    """Sessions of Python without any containment."""

    def __init__(self, most: int = 8) -> None:
        self.most = most
        self.jobs: list[Job] = []
        self.ends: list[str] = []
        """sessions that were closed"""
        self.before: Callable[[Job], Result | None] = lambda job: None
        """may answer instead"""
        self._sessions: dict[str, tuple[Path, asyncio.subprocess.Process]] = {}

    async def open_session(self, tenant: str, language: str, limits: Limits) -> str:
        if len(self._sessions) >= self.most:
            raise Refused("too many sessions", kind="busy")
        folder = await asyncio.to_thread(lambda: Path(tempfile.mkdtemp()))
        await asyncio.to_thread((folder / "out").mkdir)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", KERNEL),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "OUTPUT_DIR": str(folder / "out")},
        )
        id = f"s{len(self.ends) + len(self._sessions)}-{process.pid}"
        self._sessions[id] = folder, process
        return id

    async def run(
        self, job: Job, heard: None = None, begins: Callable[[], None] | None = None
    ) -> Result:
        self.jobs.append(job)
        if begins is not None:
            begins()
        if (given := self.before(job)) is not None:
            return given
        if job.session not in self._sessions:
            raise Refused("no such session", kind="not_found")
        folder, process = self._sessions[job.session]
        for file in job.files:
            await asyncio.to_thread((folder / file.path).write_bytes, file.data)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(job.code).encode() + b"\n")
        said: Any = json.loads(await process.stdout.readline())
        return await asyncio.to_thread(_read, folder, said)

    async def close_session(self, session: str, tenant: str) -> None:
        found = self._sessions.pop(session, None)
        if found is None:
            raise Refused("no such session", kind="not_found")
        self.ends.append(session)
        folder, process = found
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await asyncio.to_thread(shutil.rmtree, folder)

    async def close(self) -> None:
        for session in list(self._sessions):
            await self.close_session(session, "")


def _read(folder: Path, said: Any) -> Result:
    made = [
        Artefact(
            path.name,
            path.stat().st_size,
            hashlib.sha256(path.read_bytes()).hexdigest(),
            mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            path.read_bytes(),
        )
        for path in sorted((folder / "out").iterdir())
    ]
    return Result(
        status=Status.OK if said["ok"] else Status.ERROR,
        exit_code=0 if said["ok"] else 1,
        stdout=(folder / ".out").read_text(),
        stderr=(folder / ".err").read_text(),
        value=said["value"],
        artefacts=tuple(made),
        execution_ms=1.0,
    )


@contextlib.asynccontextmanager
async def serving_with(toml: str = HASTE + LOCAL) -> AsyncIterator[tuple[Field, Bare]]:
    """A gateway that runs code with the stand-in, and never opens the real sandbox."""
    with mock.patch.object(start, "box_of", return_value=None):
        stack = contextlib.AsyncExitStack()
        field = await stack.enter_async_context(running(toml, env=ENV))
    async with stack:
        bare = Bare()
        object.__setattr__(field.opened.house.ground, "sandbox", bare)
        try:
            yield field, bare
        finally:
            await bare.close()
