"""Takes requests apart into the stretches of prompt that were sent by the same of them.

Rule 1: a stretch ends where requests part, or where one of them ends: every stretch has its own
times, those of a later one are among those of an earlier one, and their costs add up.
Rule 2: a stretch that ends below the model's minimum cannot be cached alone: it belongs to each
that follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from headgate.policy.replay import Access


class Asked(NamedTuple):
    """A request, by the beginnings of its prompt."""

    access: Access
    chain: Sequence[tuple[int, float]]
    """the hash of each beginning, and how much it holds: the shortest first"""


class Segment(NamedTuple):
    """A stretch of prompt."""

    size: float
    """what it holds beyond what can be cached before it"""
    accesses: list[Access]


@dataclass(slots=True)
class _Node:
    size: float = 0.0
    """of the whole beginning, all requests together"""
    accesses: list[Access] = field(default_factory=list)
    after: dict[int, _Node] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        return self.size / len(self.accesses)

    @property
    def only(self) -> _Node | None:
        """The one that all of its requests go on to."""
        if len(self.after) != 1:
            return None
        (after,) = self.after.values()
        return after if len(after.accesses) == len(self.accesses) else None


def segments(requests: Iterable[Asked], minimum: float = 0.0) -> list[Segment]:
    """All stretches that a cache could hold; `requests` in the order of time."""
    root = _Node()
    for request in requests:
        node = root
        for sign, size in request.chain:
            node = node.after.setdefault(sign, _Node())
            node.size += size
            node.accesses.append(request.access)
    found: list[Segment] = []
    waiting = [(node, 0.0) for node in root.after.values()]
    while waiting:
        node, before = waiting.pop()
        while (after := node.only) is not None:
            node = after
        held = node.mean
        if held >= minimum:
            found.append(Segment(max(0.0, held - before), node.accesses))
            before = held
        waiting += [(it, before) for it in node.after.values()]
    return found
