"""SandboxFusion's POST /run_code, so that clients made for it run their code here.

Rule 1: what it has and we do not is refused with words, never answered as something else.
Rule 2: code that fails is `Failed`; `SandboxError`, which its client tries again, is only what
is our fault.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from headgate.gateway.execute import names, said, trouble
from headgate.gateway.execute.asked import Asked, decode
from headgate.gateway.execute.execution import Execution
from headgate.gateway.execute.pages import check_languages, wrong_method
from headgate.gateway.execute.said import Ran, Said
from headgate.gateway.execute.trouble import Trouble, wrong
from headgate.gateway.execute.visit import Visit
from headgate.sandbox.model import LIMITED, Ended, File, Heard, Job, Limits, Result, Status
from headgate.wire.model import Fault, Headers, Kind

RUN = "/run_code"
LANGUAGES = {
    "python": "python",
    "nodejs": "javascript",
    "typescript": "typescript",
    "go": "go",
    "rust": "rust",
    "R": "r",
    "bash": "bash",
}
"""theirs and ours"""
UNKNOWN = "did you mean one of"
BUILDS = frozenset(("go", "rust", "typescript"))
_TIMED_OUT = frozenset((Status.WALL, Status.CPU))


class Body(msgspec.Struct):
    """What their clients send; what is more is left alone, as theirs does."""

    code: str
    language: str
    compile_timeout: float = 10.0
    run_timeout: float = 10.0
    memory_limit_MB: int = -1
    stdin: str | None = None
    files: dict[str, str | None] = {}
    fetch_files: list[str] = []


class Fusion:
    """Answers for one Execution."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def __call__(self, visit: Visit, method: str) -> None:
        if method != "POST":
            await wrong_method(visit, f"{RUN} does not take {method}", ["POST"])
            return
        body = await visit.body()
        told = await visit.read(body, lambda data: decode(data, Body))
        asked = Asked((_job(told, visit.tenant),), False, "", False, None)
        check_languages(asked)
        await self._execution.runs.serve(visit, asked, body, Voice(told))


def _job(told: Body, tenant: str) -> Job:
    language = LANGUAGES.get(told.language)
    if language is None:
        raise Trouble(
            Kind.INVALID,
            f"language: {told.language[:80]!a} is not run here",
            param="language",
            code="unknown_language",
            remedy=f"known here: {', '.join(LANGUAGES)}",
        )
    wall_s = told.run_timeout + (told.compile_timeout if language in BUILDS else 0.0)
    limits = Limits(wall_s=wall_s)
    if told.memory_limit_MB > 0:
        limits = msgspec.structs.replace(limits, memory_mb=told.memory_limit_MB)
    for at, path in enumerate(told.fetch_files):
        names.check(path, f"fetch_files[{at}]")
    code = told.code
    files = [_file(path, data) for path, data in told.files.items() if data is not None]
    return Job(
        language=language,
        code=code,
        files=tuple(files),
        stdin=(told.stdin or "").encode(),
        limits=limits,
        tenant=tenant,
        cached=not told.fetch_files,
    )


def _file(path: str, coded: str) -> File:
    names.check(path, "files")
    try:
        return File(path, base64.b64decode(coded, validate=True))
    except (binascii.Error, ValueError):
        raise wrong("files", f"{names.spelled(path)} is no base64") from None


class Voice:
    """How their clients are answered."""

    stream = False
    headers: Headers = said.JSON

    def __init__(self, told: Body) -> None:
        self._wanted = told.fetch_files

    def heard(self, it: Heard, index: int) -> bytes:
        return b""

    def ran(self, ran: Ran, index: int) -> bytes:
        return b""

    def last(self, runs: list[Ran]) -> Said:
        result = runs[0].result
        assert result is not None
        return said.encode(answer(result, self._wanted))

    def fail(self, fault: Fault) -> bytes:
        return self.refusal(fault)[1]

    def refusal(self, fault: Fault) -> tuple[int, bytes]:
        body = trouble.fields(fault, "") | {"detail": fault.message}
        return fault.consequence.status, msgspec.json.encode(body)


def answer(it: Result, wanted: list[str]) -> dict[str, Any]:
    """A result in their shape."""
    builds, run = _parted(it)
    files = {
        each.path: said.Content(each.data)
        for each in it.artefacts
        if each.data is not None and (each.path in wanted)
    }
    if it.status is Status.BROKEN:
        status = "SandboxError"
    else:
        status = "Success" if it.status is Status.OK else "Failed"
    return {
        "status": status,
        "message": it.hint,
        "compile_result": builds,
        "run_result": run,
        "executor_pod_name": None,
        "files": files,
    }


def _parted(it: Result) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What compiling came to, and what running did; None: it was not done."""
    if not it.steps:
        return None, _one(it, Ended("run", it.exit_code, it.signal, it.execution_ms))
    *before, last = it.steps
    builds = _one(it, before[-1], ended=True) if before else None
    if it.status is Status.BUILD:
        return _one(it, last), None
    return builds, _one(it, last)


def _one(it: Result, step: Ended, *, ended: bool = False) -> dict[str, Any]:
    """`ended`: others came after it, so it ended well."""
    limited = it.status in LIMITED and not ended
    timed_out = it.status in _TIMED_OUT and not ended
    code = step.exit_code if step.exit_code is not None else -(step.signal or 1)
    alone = len(it.steps) < 2
    return {
        "status": "TimeLimitExceeded" if timed_out else "Finished",
        "execution_time": step.ms / 1000,
        "return_code": None if timed_out else code or int(limited),
        "stdout": it.stdout if alone or not (ended or step.stdout) else step.stdout,
        "stderr": it.stderr if alone or not (ended or step.stderr) else step.stderr,
    }
