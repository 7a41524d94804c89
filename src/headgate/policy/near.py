"""Owns the questions asked lately as points in space, and finds those next to a new one.

Rule 1: only questions of the same context are neighbours: the rest of their requests is equal.
Rule 2: a short signature of each point is compared first (the sides of 256 planes on which it
lies), the points themselves only of those few whose signatures are alike.
Rule 3: the planes are drawn from a fixed seed: the same points give the same neighbours.
Rule 4: what is remembered is bounded in number, in bytes and in age.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator, Sequence
from functools import lru_cache
from hashlib import shake_256
from heapq import nsmallest
from operator import itemgetter, mul
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from headgate.policy.replycache import Asked
from headgate.policy.verifier import Verdict, agree, verify

PLANES = 256
SPREAD = 40
"""coordinates that a plane looks at, half of them with a minus: so few do (Li, Hastie, Church:
Very Sparse Random Projections, 2006)"""
SHORT_LIST = 16
MOST = 10_000
MOST_BYTES = 96 * 1024 * 1024
ENTRY_BYTES = 1_200
"""of one beside its point and its texts"""
LARGEST = 8_192
"""coordinates"""
STEP = 1_000
"""points that are looked at in one go"""
VERIFIED = 4
"""neighbours that are compared word by word"""
OVERLAP = 0.8
"""of two answers' words, that must be the same"""

Vector: TypeAlias = "array[float]"
_WORD = re.compile(r"\w+")


class Entry(Struct, frozen=True, eq=False):
    """A question that was answered."""

    context: bytes
    text: str
    answer: str
    vector: Vector
    """of length 1"""
    at_us: int
    call_id: str
    asked: Asked
    """by which its answer is kept"""

    @property
    def size(self) -> int:
        return ENTRY_BYTES + 4 * len(self.vector) + len(self.text) + len(self.answer)


class Neighbour(NamedTuple):
    """A question next to another."""

    likeness: float
    """the cosine of the angle between the two"""
    entry: Entry


class Match(NamedTuple):
    """The neighbour whose answer would be given, or the next one and why it would not be."""

    neighbour: Neighbour
    verdict: Verdict


def unit(numbers: Sequence[float]) -> Vector | None:
    """A point at the distance of 1; None: the numbers are no point."""
    if not 2 <= len(numbers) <= LARGEST:
        return None
    try:
        length = math.sqrt(math.fsum(map(mul, numbers, numbers)))
    except (OverflowError, ValueError):
        return None
    if not 0 < length < math.inf:
        return None
    return array("f", [number / length for number in numbers])


def signature(vector: Vector) -> int:
    """On which sides of the planes a point lies, a bit for each."""
    bits = 0
    for above, below in _planes(len(vector)):
        bits = bits << 1 | (sum(above(vector)) > sum(below(vector)))
    return bits


Pick = Callable[[Vector], tuple[float, ...]]


@lru_cache(maxsize=4)
def _planes(size: int) -> list[tuple[Pick, Pick]]:
    """For each plane the coordinates that count for one side and for the other."""
    drawn = array("H", shake_256(b"headgate near %d" % size).digest(2 * SPREAD * PLANES))
    return [
        (_pick(drawn[at : at + half], size), _pick(drawn[at + half : at + SPREAD], size))
        for half in (SPREAD // 2,)
        for at in range(0, SPREAD * PLANES, SPREAD)
    ]


def _pick(drawn: Sequence[int], size: int) -> Pick:
    pick: Pick = itemgetter(*(number % size for number in drawn))
    return pick


class Index:
    """The questions of one process; belongs to one thread."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self.ttl_us = 0
        self.bytes = 0
        self._most = most
        self._most_bytes = most_bytes
        self._entries: OrderedDict[tuple[bytes, str], Entry] = OrderedDict()
        """the one longest unused first"""
        self._signatures: dict[bytes, dict[str, int]] = {}
        """context -> text -> signature"""

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        self._entries.clear()
        self._signatures.clear()
        self.bytes = 0

    def add(self, entry: Entry) -> None:
        """Remember a question; asked again it takes the place of the first time."""
        if entry.size > self._most_bytes:
            return
        self._drop((entry.context, entry.text))
        self._entries[entry.context, entry.text] = entry
        self._signatures.setdefault(entry.context, {})[entry.text] = signature(entry.vector)
        self.bytes += entry.size
        while len(self._entries) > self._most or self.bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))

    def vector(self, context: bytes, text: str) -> Vector | None:
        """The point of a question that is known here."""
        entry = self._entries.get((context, text))
        return entry.vector if entry is not None else None

    def search(
        self, context: bytes, text: str, vector: Vector, least: float, now_us: int
    ) -> Generator[None, None, list[Neighbour]]:
        """The neighbours at least so like, the nearest first; the question itself is none.

        Between two yields it takes a fraction of a millisecond.
        """
        texts = list(self._signatures.get(context, {}))
        signatures = list(self._signatures.get(context, {}).values())
        mine = signature(vector)
        apart: list[int] = []
        for at in range(0, len(signatures), STEP):
            yield
            apart += [(one ^ mine).bit_count() for one in signatures[at : at + STEP]]
        best = nsmallest(SHORT_LIST + 1, range(len(apart)), apart.__getitem__)
        yield
        found: list[Neighbour] = []
        for at in best:
            entry = self._entries.get((context, texts[at]))
            if entry is None or texts[at] == text or len(entry.vector) != len(vector):
                continue
            if self.ttl_us and now_us - entry.at_us > self.ttl_us:
                self._drop((context, texts[at]))
                continue
            likeness = min(1.0, sum(map(mul, entry.vector, vector)))
            if likeness >= least:
                found.append(Neighbour(likeness, entry))
        return sorted(found, key=itemgetter(0), reverse=True)

    def use(self, entry: Entry) -> None:
        """It was of use: others are forgotten first."""
        if (entry.context, entry.text) in self._entries:
            self._entries.move_to_end((entry.context, entry.text))

    def _drop(self, name: tuple[bytes, str]) -> None:
        entry = self._entries.pop(name, None)
        if entry is None:
            return
        self.bytes -= entry.size
        of_context = self._signatures[entry.context]
        del of_context[entry.text]
        if not of_context:
            del self._signatures[entry.context]


def match(text: str, neighbours: Sequence[Neighbour]) -> Match | None:
    """The nearest that asks the same, else the nearest; None: there is none."""
    first: Match | None = None
    for neighbour in neighbours[:VERIFIED]:
        found = Match(neighbour, verify(text, neighbour.entry.text))
        if found.verdict.same:
            return found
        first = first or found
    return first


def agrees(one: str, other: str) -> bool:
    """Do two answers say the same, as far as words can tell.

    A stand-in for a reader's judgement, and a strict one: equal but for blanks and capitals, or
    with the same facts and nearly the same words. Two good answers that are worded differently
    count as different.
    """
    mine, theirs = " ".join(one.lower().split()), " ".join(other.lower().split())
    if mine == theirs:
        return True
    return overlap(mine, theirs) >= OVERLAP and agree(one, other).same


def overlap(one: str, other: str) -> float:
    """How much of the words of both is the same: 1 for all, 0 for none."""
    mine, theirs = Counter(_WORD.findall(one)), Counter(_WORD.findall(other))
    whole = (mine | theirs).total()
    return (mine & theirs).total() / whole if whole else 1.0
