"""A request body opened without being taken apart: the few fields we own, the rest as bytes.

Rule 1: a byte nobody needs to change is not changed; values are spliced, never re-encoded.
Rule 2: a top-level key that occurs twice reaches the upstream once, with the value we acted on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from headgate.wire.broken import BROKEN, mend
from headgate.wire.model import Fault, Kind

LARGEST_COUNT = 1_000_000_000
"""far beyond any model's window, and far inside a ledger's integer column"""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str | None)
_FLAG = msgspec.json.Decoder(bool | None)
_COUNT = msgspec.json.Decoder(int | None)
_KEY = re.compile(rb'[ \t\r\n]*,?[ \t\r\n]*"((?:[^"\\]|\\.)*)"[ \t\r\n]*:[ \t\r\n]*', re.S)
_END = re.compile(rb"[ \t\r\n]*\}[ \t\r\n]*\Z")
_START = re.compile(rb"[ \t\r\n]*\{")

T = TypeVar("T")
Segments = list[bytes | memoryview]


class Envelope:
    """A JSON object whose members are still bytes."""

    __slots__ = ("body", "members")

    def __init__(self, body: bytes) -> None:
        try:
            self.members: dict[str, msgspec.Raw] = _MEMBERS.decode(body)
        except msgspec.ValidationError:
            raise Fault(Kind.INVALID, "the request body must be a JSON object") from None
        except msgspec.DecodeError as error:
            raise Fault(Kind.INVALID, _why_not_json(body, error)) from None
        except RecursionError:
            raise Fault(Kind.INVALID, "the request body is nested too deeply") from None
        except UnicodeDecodeError:
            raise Fault(Kind.INVALID, "the request body is not valid UTF-8") from None
        self.body = body

    def text(self, name: str, default: str = "") -> str:
        return self._typed(name, _TEXT, "a string") or default

    def flag(self, name: str) -> bool:
        return self._typed(name, _FLAG, "true or false") or False

    def count(self, name: str) -> int:
        """A whole number of at least 0; 0 when absent or null."""
        value = self._typed(name, _COUNT, "a whole number") or 0
        if not 0 <= value <= LARGEST_COUNT:
            raise Fault(Kind.INVALID, f"{name}: must be from 0 to {LARGEST_COUNT}")
        return value

    def _typed(self, name: str, decoder: msgspec.json.Decoder[T], wanted: str) -> T | None:
        raw = self.members.get(name)
        if raw is None:
            return None
        try:
            return decoder.decode(raw)
        except BROKEN:
            raise Fault(Kind.INVALID, f"{name}: must be {wanted}") from None

    def edit(self, changes: Mapping[str, bytes]) -> Segments:
        """The body with top-level values replaced or added; everything else as it came."""
        spans = self.spans()
        if spans is None:
            return [self._rebuild(changes)]
        if not changes:
            return [self.body]
        view = memoryview(self.body)
        segments: Segments = []
        at = 0
        for start, end, name in sorted((*spans[n], n) for n in changes if n in spans):
            segments += (view[at:start], changes[name])
            at = end
        added = [n for n in changes if n not in spans]
        if added:
            close = self.body.rindex(b"}")
            segments.append(view[at:close])
            members = b",".join(msgspec.json.encode(n) + b":" + changes[n] for n in added)
            segments.append(b"," + members if spans else members)
            at = close
        segments.append(view[at:])
        return segments

    def _rebuild(self, changes: Mapping[str, bytes]) -> bytes:
        members: dict[str, bytes | msgspec.Raw] = {**self.members, **changes}
        return (
            b"{"
            + b",".join(msgspec.json.encode(k) + b":" + v for k, v in members.items())
            + b"}"
        )

    def spans(self) -> dict[str, tuple[int, int]] | None:
        """Where each member's value lies; None when a key occurs more than once.

        A value's length is known from its decoded twin, so values are skipped, not scanned. A
        body that is no longer than its members need holds no blank and no key twice.
        """
        at = 1
        spans: dict[str, tuple[int, int]] = {}
        for name, value in self.members.items():
            start = at + len(name) + 3
            end = start + len(memoryview(value))
            spans[name] = (start, end)
            at = end + 1
        return spans if at == len(self.body) else self._walk()

    def _walk(self) -> dict[str, tuple[int, int]] | None:
        """The same, key by key; where bytes differ from their twin, the last one won."""
        body = self.body
        start = _START.match(body)
        assert start is not None
        at = start.end()
        spans: dict[str, tuple[int, int]] = {}
        while (key := _KEY.match(body, at)) is not None:
            raw_name = key[1]
            name: str = (
                msgspec.json.decode(b'"' + raw_name + b'"')
                if b"\\" in raw_name
                else raw_name.decode()
            )
            value = self.members[name]
            at = key.end() + len(memoryview(value))
            if name in spans or not body.startswith(value, key.end()):
                return None
            spans[name] = (key.end(), at)
        return None if _END.match(body, at) is None else spans


def _why_not_json(body: bytes, error: msgspec.DecodeError) -> str:
    if not body.strip():
        return "the request body is empty; it must be a JSON object"
    try:
        _MEMBERS.decode(mend(body))
    except BROKEN:
        return f"the request body is not valid JSON: {error}"
    return (
        "the request body is not valid JSON: it holds NaN, Infinity or half of a surrogate pair"
        " (\\ud83d alone, an emoji cut in two); put null, or the character \\ufffd, instead"
    )
