"""What two rows of the ledger say of how their requests hang together: by hashes of prefixes.

Rule 1: it is coarser than a trail: which member changed is known, which part of it is not.
Rule 2: hashes tell equal from different, and not alike from unlike: two openings that differ
are one that changed only where something else says so: their session, or their size.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.policy import prefix
from headgate.policy.miss import Link
from headgate.policy.trail import Change

ALIKE_BYTES, ALIKE_SHARE = 64, 0.02
"""by how much the sizes of two openings may differ, for one to be the other, changed"""
TURNS = "messages"


class Printed(NamedTuple):
    """A request's prefixes, as its row keeps them."""

    names: tuple[str, ...]
    """what the first pairs cover"""
    pairs: tuple[tuple[bytes, int], ...]

    @property
    def whole(self) -> bytes:
        return self.pairs[-1][0]

    @property
    def size(self) -> int:
        return self.pairs[-1][1]

    @property
    def opening(self) -> bytes:
        """The hash of all that stands before the turns; empty: nothing does."""
        return self.pairs[len(self.names) - 1][0] if self.names else b""

    @property
    def opening_size(self) -> int:
        return self.pairs[len(self.names) - 1][1] if self.names else 0


def printed(packed: bytes | None, opening: str) -> Printed | None:
    """None: its fingerprints are off."""
    pairs = tuple(prefix.unpack(packed or b""))
    names = tuple(filter(None, opening.split(",")))
    return Printed(names[: len(pairs)], pairs) if pairs else None


def link(old: Printed, new: Printed, *, same_session: bool) -> Link | None:
    """How a later request hangs together with an earlier one; None: not at all."""
    size = max(old.size, 1)
    share = old.opening_size / size
    hashes = {h for h, _ in new.pairs}
    if old.whole in hashes:
        return Link(goes_on=True, opening=share)
    changed = _changed(old, new)
    if changed is not None:
        name, kept = changed
        near = abs(old.opening_size - new.opening_size) <= max(
            ALIKE_BYTES, ALIKE_SHARE * old.opening_size
        )
        if not (same_session or near):
            return None
        return Link(same_session, kept / size, share, Change(name, 0, kept=kept))
    turns = [n for h, n in old.pairs[len(old.names) :] if h in hashes]
    if not turns:
        return Link(False, share, share) if old.names else None
    return Link(True, max(turns) / size, share, Change(TURNS, 0, kept=max(turns)))


def _changed(old: Printed, new: Printed) -> tuple[str, int] | None:
    """(the first member of the opening that differs, the bytes before it)"""
    kept = 0
    for number in range(max(len(old.names), len(new.names))):
        one = _member(old, number)
        two = _member(new, number)
        if one != two:
            return (two or one or ("", b""))[0], kept
        kept = old.pairs[number][1]
    return None


def _member(it: Printed, number: int) -> tuple[str, bytes] | None:
    return (it.names[number], it.pairs[number][0]) if number < len(it.names) else None
