"""What came of a run, as callers read it: one JSON shape, whole or event by event.

Rule 1: a status says how a run ended; the HTTP status is 200 for a program that failed.
Rule 2: an artefact that is too large to stand in the answer is named by an address.
Rule 3: a stream is server-sent events: output and artefact as they appear, result at the end.
Rule 4: what holds large artefacts is never made as a whole: it comes piece by piece, so that
others go on.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Sequence
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
PIECE = 3 << 16
"""bytes that are coded at once; a multiple of three, so that only the last is padded"""
LARGE = 1 << 20
"""bytes of artefacts from which on an answer comes in pieces"""


class Ran(NamedTuple):
    """A run and its session, or the fault that kept one of several from being run."""

    result: Result | None
    session: str = ""
    fault: Fault | None = None
    slices: dict[str, int] | None = None
    """of a job in slices: how many there were, and of what"""


def dollars(nusd: int) -> str:
    """Exact, as decimal text."""
    whole, rest = divmod(nusd, NANO)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") or "0"


class Content:
    """Bytes that stand in an answer as base64."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


Said = bytes | Iterator[bytes]
"""an answer, or the pieces of a large one"""


def encode(told: object, around: tuple[bytes, bytes] = (b"", b"")) -> Said:
    """JSON between what stands around it."""
    found, mark = list[Content](), secrets.token_hex(16)

    def mark_content(it: object) -> str:
        assert isinstance(it, Content), "answers are plain but for their contents"
        found.append(it)
        return mark

    before, after = around
    text = before + msgspec.json.encode(told, enc_hook=mark_content) + after
    pieces = _filled(text.split(mark.encode()), found)
    if sum(len(it.data) for it in found) < LARGE:
        return b"".join(pieces)
    return pieces


def _filled(texts: Sequence[bytes], found: Sequence[Content]) -> Iterator[bytes]:
    """Each content where its mark stood."""
    yield texts[0]
    for content, text in zip(found, texts[1:], strict=True):
        seen = memoryview(content.data)
        for at in range(0, len(seen), PIECE):
            yield base64.b64encode(seen[at : at + PIECE])
        yield text


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
            told["content_base64"] = Content(it.data)
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
    if ran.slices:
        told["checkpoint"] = ran.slices
    if it.on != "local":
        told |= {"model": it.model, "input_tokens": it.input_tokens}
        told["output_tokens"] = it.output_tokens
    return told | {"on": it.on, "why": it.why}


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

    def heard(self, it: Heard, index: int) -> Said:
        """Something that appears while the run `index` goes on."""
        ...

    def ran(self, ran: Ran, index: int) -> Said:
        """The run has come to this; told in a stream."""
        ...

    def last(self, runs: list[Ran]) -> Said:
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

    def heard(self, it: Heard, index: int) -> Said:
        if isinstance(it, Output):
            told = {"type": "output", "index": index, "stream": it.stream, "text": it.text}
            return event("output", told)
        found = {"type": "artefact", "index": index, "artefact": artefact(it.artefact)}
        return event("artefact", found)

    def ran(self, ran: Ran, index: int) -> Said:
        if not self._several:
            return b""
        told = {"type": "snippet", "index": index, **run(ran, self._id, streamed=True)}
        return event("snippet", told)

    def last(self, runs: list[Ran]) -> Said:
        told = whole(self._id, runs, several=self._several, streamed=self.stream)
        if not self.stream:
            return encode(told)
        if self._several:  # each was told when it ended
            told = {name: told[name] for name in ("id", "object", "cost", "total_ms")}
        return event("result", {"type": "result", **told})

    def fail(self, fault: Fault) -> bytes:
        told = {"type": "error", **trouble.fields(fault, self._id)}
        return b"event: error\ndata: %b\n\n" % msgspec.json.encode(told)

    def refusal(self, fault: Fault) -> tuple[int, bytes]:
        return fault.consequence.status, msgspec.json.encode(trouble.fields(fault, self._id))


def event(name: str, told: dict[str, Any]) -> Said:
    """One server-sent event."""
    return encode(told, (b"event: %b\ndata: " % name.encode(), b"\n\n"))
