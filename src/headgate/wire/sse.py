"""Server-sent events: where one event ends and what it says.

Rule 1: bytes are cut only where an event ends, never inside one, whatever chunks they came in.
Rule 2: any chunking of the same bytes gives the same events; memory is bounded by `limit`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from headgate.wire.model import Fault, Kind

EVENT_LIMIT_BYTES = 16 * 1024 * 1024  # an image comes base64-encoded in a single event

_LINE_END = rb"(?:\r\n|\n|\r(?!\n))"
_BLANK = re.compile(_LINE_END + _LINE_END)
_LINES = re.compile(rb"\r\n|\n|\r")
_RETURN = 0x0D
"""looked for as a number: to look for bytes in bytes, Python makes an exception and drops it"""
_USUAL = re.compile(rb"(?:event: ([^\r\n]*)\n)?data: ([^\r\n]*)\n\n?")
"""how nearly every event is written"""


class Sse(NamedTuple):
    """One event: its name (empty when it has none) and its data."""

    name: bytes
    data: bytes


def parse(block: bytes) -> Sse | None:
    """The event in a block of lines; None when it carries no data (comments, bare pings)."""
    usual = _USUAL.fullmatch(block)
    if usual is not None:
        return Sse(usual[1] or b"", usual[2])
    name = b""
    data: bytes | None = None
    for line in block.split(b"\n") if _RETURN not in block else _LINES.split(block):
        if line.startswith(b"data:"):
            value = line[6:] if line.startswith(b"data: ") else line[5:]
            data = value if data is None else data + b"\n" + value
        elif line.startswith(b"event:"):
            name = line[7:] if line.startswith(b"event: ") else line[6:]
        elif line == b"data":
            data = b"" if data is None else data + b"\n"
    return None if data is None else Sse(name, data)


class Splitter:
    """Cuts a byte stream after its last complete event and keeps the rest for later."""

    __slots__ = ("_kept", "_kept_bytes", "limit")

    def __init__(self, limit: int = EVENT_LIMIT_BYTES) -> None:
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self.limit = limit

    def feed(self, data: bytes) -> bytes:
        """Everything up to the end of the last complete event; empty when none ended."""
        if not self._kept:
            if data.endswith(b"\n\n"):
                return data
            return self._cut(data)
        # A blank line can be split between chunks, so look from just before the seam; but
        # glue the chunks together only once there is something to cut.
        seam = self._kept[-1][-3:]
        if self._kept_bytes > 3 > len(seam):
            seam = b"".join(self._kept)[-3:]
        if _last_blank(seam + data) == 0:
            self._keep(data)
            return b""
        whole = b"".join([*self._kept, data])
        self._kept.clear()
        self._kept_bytes = 0
        return self._cut(whole)

    def rest(self) -> bytes:
        """What was never ended by a blank line."""
        whole = b"".join(self._kept)
        self._kept.clear()
        self._kept_bytes = 0
        return whole

    def _cut(self, data: bytes) -> bytes:
        at = _last_blank(data)
        if at < len(data):
            self._keep(data[at:])
        return data[:at]

    def _keep(self, data: bytes) -> None:
        self._kept_bytes += len(data)
        if self._kept_bytes > self.limit:
            raise Fault(
                Kind.UPSTREAM, f"the upstream sent an event of more than {self.limit} bytes"
            )
        self._kept.append(data)


def _last_blank(data: bytes) -> int:
    """Just past the last blank line; 0 when there is none."""
    if _RETURN not in data:
        at = data.rfind(b"\n\n")
        return at + 2 if at >= 0 else 0
    end = 0
    for match in _BLANK.finditer(data):
        end = match.end()
    return end


def blocks(complete: bytes) -> list[bytes]:
    """The events of a run that ends with one, each with the blank line that ends it."""
    if _RETURN not in complete:
        if complete.find(b"\n\n") == len(complete) - 2:
            return [complete]
        parts = complete.split(b"\n\n")
        last = parts.pop()
        out = [part + b"\n\n" for part in parts]
        if last:
            out.append(last)
        return out
    out = []
    at = 0
    for match in _BLANK.finditer(complete):
        out.append(complete[at : match.end()])
        at = match.end()
    if at < len(complete):
        out.append(complete[at:])
    return out


class Decoder:
    """Bytes in, events out: for readers that want meaning and not the original bytes."""

    __slots__ = ("_splitter",)

    def __init__(self, limit: int = EVENT_LIMIT_BYTES) -> None:
        self._splitter = Splitter(limit)

    def feed(self, data: bytes) -> list[Sse]:
        complete = self._splitter.feed(data)
        return events(complete) if complete else []

    def finish(self) -> list[Sse]:
        """Events of a stream that ended without its last blank line."""
        return events(self._splitter.rest())


def events(complete: bytes) -> list[Sse]:
    found = (parse(block) for block in blocks(complete.removeprefix(b"\xef\xbb\xbf")))
    return [event for event in found if event is not None]


def encode(data: bytes, name: bytes = b"") -> bytes:
    """One event on the wire; `data` holds no line ends."""
    if name:
        return b"event: " + name + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"
