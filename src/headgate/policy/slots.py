"""Which prefixes of a call its vendor might cache, and how they are known when they come again.

Rule 1: a call in its vendor's own words is known by the fingerprints its row keeps, so that a
process learns from rows what it has not seen itself.
Rule 2: a call that was translated is known by what is sent: what its caller said hides where
the instructions end.
Rule 3: equal text elsewhere is another prefix: at another account, or of another model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from msgspec import Raw

from headgate.policy import estimate, prefix
from headgate.policy.recurrence import Slot
from headgate.wire.anthropic import marks
from headgate.wire.anthropic.marks import Spot

Seen = Callable[[bytes], bool]
"""did a prefix of that name come before"""


def scope(*place: str) -> bytes:
    """What tells a cache from others: whose account it is, and which model's."""
    said = "\0".join(place).encode("utf-8", "replace")
    return blake2b(said, digest_size=8).digest()


def of_pairs(
    scope: bytes, pairs: Sequence[tuple[bytes, int]], opening: str, seen: Seen
) -> list[Slot]:
    """Those of a call whose fingerprints are these; the first of them cover `opening`."""
    names = opening.split(",") if opening else []
    found = {
        "tools" if name == "tools" else "system": Slot(
            "tools" if name == "tools" else "system", scope + sealed, estimate.tokens(size)
        )
        for name, (sealed, size) in zip(names, pairs, strict=False)
    }
    turns = pairs[len(names) :]
    if turns:
        before, covered = next(
            ((scope + it, size) for it, size in reversed(turns[:-1]) if seen(scope + it)),
            (b"", 0),
        )
        sealed, size = turns[-1]
        hopeful = "tools" in names or len(turns) > 2
        found["turns"] = Slot(
            "turns",
            scope + sealed,
            estimate.tokens(size),
            before,
            estimate.tokens(covered),
            hopeful,
        )
    return list(found.values())


def of_spots(
    scope: bytes, members: Mapping[str, Raw | bytes], spots: Sequence[Spot], key: bytes
) -> list[Slot]:
    """Those of a request that may be marked at these spots."""
    found = [spot for spot in spots if spot.slot != "turns"]
    slots = [Slot(it.slot, *_named(scope, members, it, key)) for it in found]
    turns = [spot for spot in spots if spot.slot == "turns"]
    if turns:
        before = _named(scope, members, turns[0], key) if len(turns) > 1 else (b"", 0)
        hopeful = len(turns) > 1 or "tools" in members
        slots.append(Slot("turns", *_named(scope, members, turns[-1], key), *before, hopeful))
    return slots


def _named(
    scope: bytes, members: Mapping[str, Raw | bytes], spot: Spot, key: bytes
) -> tuple[bytes, int]:
    fast = prefix.hasher(key)
    for piece in marks.pieces(members, spot):
        fast.update(piece)
    return scope + prefix.seal(fast, key), estimate.tokens(spot.upto)
