"""Fingerprints of a request's prefixes, so that what repeats can be seen without keeping text.

Rule 1: every hash is keyed with a secret of this installation: a guess cannot be confirmed.
Rule 2: a cut lies where the next turn of the same conversation will put it again.
Rule 3: a long body is hashed where it lies, and is not taken apart for it.
Rule 4: cache marks of the last turns, which move on with the next one, are not hashed. Those
that stand further ahead stay where they are: they cost nobody a search.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import blake2b

import msgspec
import xxhash

from headgate.policy import unmarked
from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope
from headgate.wire.reading import Hasher

MOST_PAIRS = 8
PAIR = struct.Struct("<8sI")
"""a 64-bit hash and the bytes it covers; four gigabytes are more than any body"""
SHORT_BYTES = 1500
"""no provider caches a prefix of so few tokens: one pair for the whole tells repeats apart"""
AFTER_BYTES = (4_096, 65_536)
"""a conversation is also cut at the first turn beyond these, where its beginning stays put"""
LAST_TURNS = 3
"""a turn adds an answer and a question, so that where it ended before is the third cut now"""

_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_NO_MARKS: list[unmarked.Range] = []
_OPENING = ("tools", "instructions", "system")
_TURN = b'"role"'


Fingerprint = tuple[bytes | None, int, str]
"""(up to 8 packed pairs, how many tools are offered, what the first pairs cover, with commas
between; turns follow them)"""


def fingerprint(
    envelope: Envelope, key: bytes, marks: tuple[bytes, ...] = unmarked.NAMES
) -> Fingerprint:
    """How a request begins, and where the next turn of it will find that it began so.

    `marks`: the names of cache marks in its dialect.
    """
    members = envelope.members
    tools = members.get("tools")
    offered = _count(tools) if tools is not None else 0
    turns = next((name for name in ("messages", "input") if name in members), "")
    names = [name for name in (*_OPENING, turns) if name in members]
    if len(envelope.body) < SHORT_BYTES:
        whole = b"".join([members[name] for name in names])
        fast = hasher(key)
        fast.update(whole)
        return PAIR.pack(seal(fast, key), len(whole)), offered, ""
    spans = envelope.spans()
    if spans is None:  # a key stands there twice: which prefix would be meant?
        return b"", offered, ""
    pairs = _chain(envelope.body, [spans[n] for n in names], marks if turns else (), key)
    return pairs, offered, ",".join(names[:-1] if turns else names)


def _chain(
    body: bytes, spans: list[tuple[int, int]], names: tuple[bytes, ...], key: bytes
) -> bytes:
    """`names`: of marks in the last span; none: it does not hold turns."""
    fast = hasher(key)
    view = memoryview(body)
    covered = 0
    pairs: list[bytes] = []
    for number, (start, end) in enumerate(spans, 1):
        at = start
        ends, marks = [end], _NO_MARKS
        if names and number == len(spans):
            ends, marks = _cuts(body, start, end, names)
        for cut in ends:
            while marks and marks[0][0] < cut:
                first, behind = marks.pop(0)
                fast.update(view[at:first])
                covered += first - at
                at = behind
            if at < cut:  # else it lies within a mark
                fast.update(view[at:cut])
                covered += cut - at
                at = cut
            pairs.append(PAIR.pack(seal(fast, key), covered))
    return b"".join(pairs)


def _cuts(
    body: bytes, start: int, end: int, names: tuple[bytes, ...]
) -> tuple[list[int], list[unmarked.Range]]:
    """Where to cut the turns that lie at body[start:end]: just behind closing braces. And the
    marks of the last turns."""
    found = {body.rfind(b"}", start, end) + 1 or end}
    at, lately = end, start
    for _ in range(LAST_TURNS):
        at = body.rfind(_TURN, start, at)
        if at < 0:
            lately = start
            break
        lately = body.rfind(b"}", start, at) + 1
        found.add(lately)
    marks = unmarked.ranges(body, lately or start, end, names)
    for after in AFTER_BYTES:
        at = start + after
        for first, behind in marks:  # as far as it would be without them
            at += behind - first if first < at else 0
        at = body.find(_TURN, at, end)
        if at >= 0:
            found.add(body.rfind(b"}", start, at) + 1)
    found.discard(0)
    return (sorted(found) if end - start > len(b"null") else []), marks


def hasher(key: bytes) -> xxhash.xxh3_128:
    """Takes in text at memory speed; what it yields is no secret until it is sealed."""
    return xxhash.xxh3_128(seed=_seed(key))


def seal(fast: Hasher, key: bytes) -> bytes:
    """The keyed hash of what was taken in: without the key no guess can be confirmed."""
    seal = _keyed(key).copy()
    seal.update(fast.digest())
    return seal.digest()


# One key serves an installation for ever: what is made of it alone is made once.


@lru_cache(maxsize=4)
def _seed(key: bytes) -> int:
    return int.from_bytes(key[:8])


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> blake2b:
    return blake2b(key=key, digest_size=8)


def unpack(packed: bytes) -> list[tuple[bytes, int]]:
    return [(bytes(h), n) for h, n in PAIR.iter_unpack(packed)]


def _count(raw: msgspec.Raw) -> int:
    try:
        return len(_LIST.decode(raw))
    except BROKEN:
        return 0
