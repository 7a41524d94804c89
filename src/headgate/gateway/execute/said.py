"""What came of a run, as callers read it: one JSON shape, whole or event by event.

Rule 1: a status says how a run ended; the HTTP status is 200 for a program that failed.
Rule 2: an artefact that is too large to stand in the answer is named by an address.
Rule 3: a stream is server-sent events: output and artefact as they appear, result at the end.
Rule 4: a large artefact is coded piece by piece: in a thread, that lets others go on.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple, Protocol

import msgspec

from headgate.gateway.execute import trouble
from headgate.sandbox.model import Artefact, Heard, Output, Result
from headgate.wire.model import Fault, Headers

JSON: Headers = [(b"content-type", b"application/json")]
SSE: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
ARTEFACTS = "/v1/artefacts/"
NANO = 1_000_000_000
PIECE = 3 << 18
"""bytes that are coded at once; a multiple of three, so that only the last is padded"""


class Ran(NamedTuple):
    """A run and its session, or the fault that kept one of several from being run."""

    result: Result | None
    session: str = ""
    fault: Fault | None = None


def dollars(nusd: int) -> str:
    """Exact, as decimal text."""
    whole, rest = divmod(nusd, NANO)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") or "0"


def coded(data: bytes) -> msgspec.Raw:
    """Base64, as it stands in JSON."""
    seen = memoryview(data)
    pieces = (base64.b64encode(seen[at : at + PIECE]) for at in range(0, len(data), PIECE))
    return msgspec.Raw(b"".join((b'"', *pieces, b'"')))


def artefact(it: Artefact, *, whole: bool = True) -> dict[str, Any]:
    """`whole`: with its content, where that is inline."""
    told: dict[str, Any] = {
        "path": it.path,
        "size": it.size,
        "sha256": it.sha256,
        "mime": it.mime,
    }
    if it.data is not None:
        if whole:
            told["content_base64"] = coded(it.data)
    elif it.reference:
        told["url"] = ARTEFACTS + it.reference
    return told


def run(ran: Ran, id: str, *, streamed: bool = False) -> dict[str, Any]:
    """One run; in a stream each artefact was told with its content when it appeared."""
    it = ran.result
    if it is None:
        assert ran.fault is not None
        return trouble.fields(ran.fault, id)
    told = {
        "status": it.status.value,
        "exit_code": it.exit_code,
        "signal": it.signal,
        "stdout": it.stdout,
        "stderr": it.stderr,
        "lost_bytes": it.lost_bytes,
        "value": it.value,
        "steps": [msgspec.to_builtins(step) for step in it.steps],
        "artefacts": [artefact(each, whole=not streamed) for each in it.artefacts],
        "hint": it.hint,
        "queue_ms": round(it.queue_ms, 3),
        "execution_ms": round(it.execution_ms, 3),
        "total_ms": round(it.total_ms, 3),
        "cpu_ms": round(it.cpu_ms, 3),
        "peak_mb": round(it.peak_mb, 1),
        "cached": it.cached,
        "cost": dollars(it.cost_nusd),
        "tier": it.isolation.tier if it.isolation is not None else None,
        "isolation": msgspec.to_builtins(it.isolation) if it.isolation is not None else None,
        "language": it.language,
        "version": it.version,
    }
    if ran.session:
        told["session"] = ran.session
    return told


def whole(id: str, runs: list[Ran], *, several: bool, streamed: bool = False) -> dict[str, Any]:
    """The answer to a call."""
    if not several:
        return {"id": id, "object": "execution", **run(runs[0], id, streamed=streamed)}
    done = [each.result for each in runs if each.result is not None]
    return {
        "id": id,
        "object": "executions",
        "results": [run(each, id, streamed=streamed) for each in runs],
        "cost": dollars(sum(each.cost_nusd for each in done)),
        "total_ms": round(sum(each.total_ms for each in done), 3),
    }


class Voice(Protocol):
    """How a caller is answered: ours, or that of another API."""

    stream: bool
    headers: Headers

    def heard(self, it: Heard, index: int) -> bytes:
        """Something that appears while the run `index` goes on."""
        ...

    def ran(self, ran: Ran, index: int) -> bytes:
        """The run has come to this; told in a stream."""
        ...

    def last(self, runs: list[Ran]) -> bytes:
        """The end of a stream, or the whole answer."""
        ...

    def fail(self, fault: Fault) -> bytes:
        """The end of a stream that nothing more comes of."""
        ...

    def refusal(self, fault: Fault) -> tuple[int, bytes]:
        """Status and body of an answer that is a fault."""
        ...


class Ours:
    """The voice of POST /v1/execute."""

    def __init__(self, id: str, *, several: bool, stream: bool) -> None:
        self.stream = stream
        self.headers = SSE if stream else JSON
        self._id = id
        self._several = several

    def heard(self, it: Heard, index: int) -> bytes:
        if isinstance(it, Output):
            told = {"type": "output", "index": index, "stream": it.stream, "text": it.text}
            return event("output", told)
        found = {"type": "artefact", "index": index, "artefact": artefact(it.artefact)}
        return event("artefact", found)

    def ran(self, ran: Ran, index: int) -> bytes:
        if not self._several:
            return b""
        told = {"type": "snippet", "index": index, **run(ran, self._id, streamed=True)}
        return event("snippet", told)

    def last(self, runs: list[Ran]) -> bytes:
        told = whole(self._id, runs, several=self._several, streamed=self.stream)
        if not self.stream:
            return msgspec.json.encode(told)
        if self._several:  # each was told when it ended
            told = {name: told[name] for name in ("id", "object", "cost", "total_ms")}
        return event("result", {"type": "result", **told})

    def fail(self, fault: Fault) -> bytes:
        return event("error", {"type": "error", **trouble.fields(fault, self._id)})

    def refusal(self, fault: Fault) -> tuple[int, bytes]:
        return fault.consequence.status, msgspec.json.encode(trouble.fields(fault, self._id))


def event(name: str, told: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(told))
