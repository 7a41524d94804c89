"""What comes of a run, as E2B's code interpreter tells it: one JSON object on each line.

Rule 1: a figure is a result with its picture; a table or any other file is named in one.
Rule 2: an exception is an error with the name, value and traceback that Python printed; a limit
that ended the run is one too, named after the limit.
"""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec

from headgate.gateway.execute.said import ARTEFACTS, Content, Ran, Said, encode
from headgate.gateway.execute.trouble import Trouble
from headgate.sandbox.model import Artefact, Heard, Output, Result, Status
from headgate.wire.model import Fault, Headers

NDJSON: Headers = [
    (b"content-type", b"application/x-ndjson"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
TEXTS = {
    "text/html": "html",
    "text/markdown": "markdown",
    "image/svg+xml": "svg",
    "application/javascript": "javascript",
}
BYTES = {"image/png": "png", "image/jpeg": "jpeg", "application/pdf": "pdf"}
"""which member of a result holds what"""
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$")


def refusal(fault: Fault) -> tuple[int, bytes]:
    """A fault as their SDK reads it."""
    status = fault.consequence.status
    remedy = fault.remedy if isinstance(fault, Trouble) else ""
    message = f"{fault.message}; {remedy}" if remedy else fault.message
    return status, msgspec.json.encode({"code": status, "message": message})


class Voice:
    """How one run_code is answered."""

    stream = True
    headers = NDJSON

    def heard(self, it: Heard, index: int) -> Said:
        if isinstance(it, Output):
            return _line({"type": it.stream, "text": it.text, "timestamp": time.time_ns()})
        return encode(_shown(it.artefact), (b"", b"\n"))

    def ran(self, ran: Ran, index: int) -> bytes:
        return b""

    def last(self, runs: list[Ran]) -> Said:
        result = runs[0].result
        assert result is not None
        found = []
        if result.value is not None:
            found.append(
                _line({"type": "result", "text": result.value, "is_main_result": True})
            )
        if result.status is not Status.OK:
            found.append(_line({"type": "error", **error(result)}))
        found.append(_line({"type": "number_of_executions", "execution_count": 1}))
        return b"".join(found)

    def fail(self, fault: Fault) -> bytes:
        told = {"name": "SandboxError", "value": fault.message, "traceback": ""}
        return _line({"type": "error", **told})

    def refusal(self, fault: Fault) -> tuple[int, bytes]:
        return refusal(fault)


def error(it: Result) -> dict[str, str]:
    """What went wrong, in their three words."""
    if it.status is not Status.ERROR:
        return {"name": it.status.value, "value": it.hint, "traceback": it.stderr}
    lines = it.stderr.rstrip().splitlines()
    match = _RAISED.match(lines[-1]) if lines else None
    if match is None:
        return {"name": "ExitCode", "value": str(it.exit_code), "traceback": it.stderr}
    return {"name": match[1], "value": match[2] or "", "traceback": it.stderr}


def _shown(it: Artefact) -> dict[str, Any]:
    kind = it.mime.partition(";")[0]
    told: dict[str, Any] = {"type": "result", "is_main_result": False}
    extra: dict[str, Any] = {"path": it.path, "size": it.size, "mime": it.mime}
    told["extra"] = extra
    if it.data is None:
        extra["url"] = ARTEFACTS + it.reference
    elif kind in BYTES:
        told[BYTES[kind]] = Content(it.data)
    elif kind in TEXTS:
        told[TEXTS[kind]] = it.data.decode("utf-8", "replace")
    else:
        extra["content_base64"] = Content(it.data)
    told.setdefault("text", it.path)
    return told


def _line(told: dict[str, Any]) -> bytes:
    return msgspec.json.encode(told) + b"\n"
