"""Whether arms vary where it breaks the prompt cache: what they share should come first.

Rule 1: two arms of one model that share much, and differ before it, pay for it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, takewhile

from headgate.bench.arm import Arm

WORTH_CHARS = 4096
"""about a thousand tokens: vendors cache no less"""


def warnings(arms: Sequence[Arm]) -> Iterator[str]:
    """What a reader should know of how these arms vary."""
    for one, other in combinations(arms, 2):
        if one.model != other.model:
            continue
        first, second = _begin(one), _begin(other)
        if first == second:
            continue
        before, after = _shared(first, second), _shared(first[::-1], second[::-1])
        if after >= WORTH_CHARS and before < WORTH_CHARS:
            yield (
                f"{one.name} and {other.name} share about {after // 4:,} tokens of prompt and "
                "differ before them, so no cache holds these for both: put what differs after "
                "the task (after = …), or behind what is shared"
            )


def _begin(arm: Arm) -> str:
    """All that stands before the task."""
    shots = (f"{it.prompt}\0{it.answer}" for it in arm.shots)
    return "\0".join((arm.system, *shots))


def _shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda it: it[0] == it[1], zip(one, other, strict=False)))
