"""What changes that overlap save together, and how much of that each of them may call its own.

Rule 1: calls that the same changes may befall form a group; with a set of changes allowed, a
group takes the cheapest way among them, also that of changing nothing.
Rule 2: there is one total. Shares of it are each change's additions, averaged over every order
in which the changes could be made (Shapley), and add up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations, permutations
from math import floor

Ways = Mapping[frozenset[str], float]
"""the changes that a way consists of -> what a group costs that way; the empty set: as it is"""


def subsets(changes: Sequence[str]) -> list[frozenset[str]]:
    """All sets of them, the empty one first."""
    sizes = (combinations(changes, size) for size in range(len(changes) + 1))
    return [frozenset(it) for it in chain.from_iterable(sizes)]


def cheapest(ways: Ways, allowed: frozenset[str]) -> float:
    """What a group costs where only those changes may be made."""
    return min(cost for needed, cost in ways.items() if needed <= allowed)


def savings(groups: Iterable[Ways], changes: Sequence[str]) -> dict[frozenset[str], float]:
    """Of every set of changes: what it saves over all groups."""
    found = dict.fromkeys(subsets(changes), 0.0)
    for ways in groups:
        plain = ways[frozenset()]
        for allowed in found:
            found[allowed] += plain - cheapest(ways, allowed)
    return found


def waterfall(saved: Mapping[frozenset[str], float], order: Sequence[str]) -> list[float]:
    """What each change adds to those before it."""
    steps = [saved[frozenset(order[: n + 1])] for n in range(len(order))]
    return [now - before for before, now in zip([0.0, *steps], steps, strict=False)]


def shapley(saved: Mapping[frozenset[str], float], changes: Sequence[str]) -> dict[str, float]:
    """Each change's share of what all of them save."""
    shares = dict.fromkeys(changes, 0.0)
    orders = list(permutations(changes))
    for order in orders:
        for change, added in zip(order, waterfall(saved, order), strict=True):
            shares[change] += added
    return {change: share / len(orders) for change, share in shares.items()}


def whole(parts: Sequence[float], total: int) -> list[int]:
    """The parts as whole numbers that add up to the total: what is left over by rounding down
    goes to those that lost most by it."""
    found = [floor(part) for part in parts]
    left = total - sum(found)
    by_loss = sorted(range(len(parts)), key=lambda n: found[n] - parts[n])
    for turn in range(abs(left) if parts else 0):
        at = by_loss[turn % len(parts)] if left > 0 else by_loss[-1 - turn % len(parts)]
        found[at] += 1 if left > 0 else -1
    return found
