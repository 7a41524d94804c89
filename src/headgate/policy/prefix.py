"""Fingerprints of a request's prefixes, so that what repeats can be seen without keeping text.

Rule 1: every hash is keyed with a secret of this installation: a guess cannot be confirmed.
Rule 2: boundaries lie where the next turn of the same conversation will put them again.
"""

from __future__ import annotations

import struct

import msgspec
from blake3 import blake3

from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope

MOST_PAIRS = 8
PAIR = struct.Struct("<8sI")
"""a 64-bit hash and the bytes it covers; four gigabytes are more than any body"""

SHORT_BYTES = 1500
"""no provider caches a prefix of so few tokens: one pair for the whole tells repeats apart"""

_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OPENING = ("tools", "instructions", "system")
_TURNS = ("messages", "input")


def fingerprint(envelope: Envelope, key: bytes) -> tuple[bytes, int]:
    """(up to 8 packed pairs, how many tools are offered) of a request."""
    members = envelope.members
    opening = [members[name] for name in _OPENING if name in members]
    turns = members.get("messages") or members.get("input")
    tools = members.get("tools")
    offered = len(_items(tools)) if tools is not None else 0
    if len(envelope.body) < SHORT_BYTES:
        whole = b"".join([*opening, turns] if turns is not None else opening)
        return PAIR.pack(blake3(whole, key=key).digest(8), len(whole)), offered
    return _chain(opening, turns, key), offered


def _chain(opening: list[msgspec.Raw], turns: msgspec.Raw | None, key: bytes) -> bytes:
    hasher = blake3(key=key)
    covered = 0
    pairs: list[bytes] = []
    for raw in opening:
        hasher.update(raw)
        covered += len(memoryview(raw))
        pairs.append(PAIR.pack(hasher.digest(8), covered))
    messages = _items(turns) if turns is not None else []
    if not messages and turns is not None and len(memoryview(turns)) > len(b"null"):
        messages = [turns]  # Responses takes a single text
    at = 0
    for mark in sorted(boundaries(len(messages), MOST_PAIRS - len(pairs))):
        piece = b"".join(messages[at:mark])  # one long update is ten times as fast as many
        hasher.update(piece)
        covered += len(piece)
        pairs.append(PAIR.pack(hasher.digest(8), covered))
        at = mark
    return b"".join(pairs)


def boundaries(count: int, room: int) -> frozenset[int]:
    """After which of `count` messages to mark: the last three, then powers of two.

    A turn adds an answer and a question, so that where it ended before is the third mark now.
    """
    marks: list[int] = [n for n in (count, count - 1, count - 2) if n > 0]
    power = 1 << max(count - 1, 0).bit_length()
    while power >= 1 and len(marks) < room:
        if power < count - 2:
            marks.append(power)
        power >>= 1
    return frozenset(marks[:room])


def unpack(packed: bytes) -> list[tuple[bytes, int]]:
    return [(bytes(h), n) for h, n in PAIR.iter_unpack(packed)]


def _items(raw: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return _LIST.decode(raw)
    except BROKEN:
        return []
