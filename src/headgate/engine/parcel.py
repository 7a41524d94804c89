"""Decides how a recorded reply is cut into parts for other processes, and is whole again there.

Rule 1: the first part is the head, the last is how it ended, and between them is the body as it
came; each is sealed with what was asked, under its own place: none can stand for another.
Rule 2: a whole reply is shown to nobody before its last part is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from headgate.engine.flight import Afar, Head, Record
from headgate.store.relay import PART_BYTES, Led
from headgate.store.sealed import seal, unseal
from headgate.wire.model import Ending, Fault, Kind, Reply

_HEAD, _BODY, _LAST = b"h", b"b", b"l"


class Cause(Struct, array_like=True):
    """A fault as it travels."""

    kind: Kind
    message: str
    retry_after: float | None
    detail: str
    reply: tuple[int, list[tuple[bytes, bytes]], bytes] | None
    maybe_billed: bool
    quoted: bool

    @classmethod
    def of(cls, fault: Fault) -> Cause:
        reply = fault.reply
        return cls(
            fault.kind,
            fault.message,
            fault.retry_after,
            fault.detail,
            (reply.status, reply.headers, reply.body) if reply is not None else None,
            fault.maybe_billed,
            fault.quoted,
        )

    def fault(self) -> Fault:
        return Fault(
            self.kind,
            self.message,
            retry_after=self.retry_after,
            detail=self.detail,
            reply=Reply(*self.reply) if self.reply is not None else None,
            maybe_billed=self.maybe_billed,
            quoted=self.quoted,
        )


class Last(Struct, array_like=True):
    """How a reply ended."""

    ending: Ending
    cause: Cause | None
    """what went wrong with the call"""
    broken: bool
    """is that why there is no reply, or no more of it: each reader tells its own client"""
    cost_nusd: int

    def afar(self) -> Afar:
        fault = self.cause.fault() if self.cause is not None else None
        return Afar(self.ending, fault, self.cost_nusd)


class Cut(NamedTuple):
    """What is new of a record."""

    head: Head | None
    pieces: list[bytes]
    last: Last | None


class Knife:
    """Cuts one record, from its beginning on."""

    __slots__ = ("_at", "_begun", "_record")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._at = 0
        self._begun = False

    def cut(self, last: Last | None) -> Cut:
        """What is new since the cut before; nobody else may write the record meanwhile."""
        record = self._record
        head = record.head if not self._begun else None
        pieces = record.parts[self._at :]
        self._begun = record.head is not None
        self._at += len(pieces)
        return Cut(head, pieces, last)


def packed(cut: Cut) -> list[bytes]:
    """The parts it makes."""
    parts: list[bytes] = []
    if cut.head is not None:
        parts.append(_HEAD + msgspec.msgpack.encode(cut.head))
    parts += [_BODY + piece for piece in _even(cut.pieces)]
    if cut.last is not None:
        parts.append(_LAST + msgspec.msgpack.encode(cut.last))
    return parts


def _even(pieces: Sequence[bytes]) -> Iterable[bytes]:
    """The same bytes in as few pieces as their size allows."""
    together = b"".join(pieces)
    for at in range(0, len(together), PART_BYTES):
        yield together[at : at + PART_BYTES]


def sealed(key: bytes, flight: Led, first: int, parts: Sequence[bytes]) -> list[bytes]:
    return [seal(key, part, _place(flight, first + n)) for n, part in enumerate(parts)]


def unsealed(key: bytes, flight: Led, first: int, boxes: Sequence[bytes]) -> list[bytes] | None:
    """None: one of them is not what was asked for."""
    parts: list[bytes] = []
    for n, box in enumerate(boxes):
        part = unseal(key, box, _place(flight, first + n))
        if part is None:
            return None
        parts.append(part)
    return parts


def _place(flight: Led, n: int) -> bytes:
    return b"%b\0%b\0%d" % (flight.name, flight.token.encode(), n)


class Pouring:
    """Pours parts into a record, as if the reply had come to this process."""

    __slots__ = ("_body", "_head", "_record", "last")

    def __init__(self, record: Record) -> None:
        self.last: Last | None = None
        """known once the reply is over"""
        self._record = record
        self._head: Head | None = None
        self._body: list[bytes] = []

    async def take(self, part: bytes) -> None:
        record, content = self._record, part[1:]
        match part[:1]:
            case b"h":
                self._head = head = msgspec.msgpack.decode(content, type=Head)
                if not head.whole:
                    await record.start(head.status, head.headers)
            case b"b":
                if self._head is not None and self._head.whole:
                    self._body.append(content)
                else:
                    record.put(content)
            case _:
                self.last = msgspec.msgpack.decode(content, type=Last)
                await self._end(self.last)

    async def _end(self, last: Last) -> None:
        record, head = self._record, self._head
        if last.broken and last.cause is not None:
            record.fail(last.cause.fault())
        elif head is not None and head.whole:
            await record.whole(head.status, head.headers, b"".join(self._body))
        else:
            await record.end(b"")
