"""How much marks may lose before they have to prove themselves anew.

Rule 1: credit is what reads saved less what writes cost beyond the plain price, in tokens. It
never falls lower than `bound` says: one write, and two more for each permission.
Rule 2: a permission is given when what was lost is used up, and each takes twice as many calls
as the one before: whatever the calls do, they cost no more than the logarithm of their number.
"""

from __future__ import annotations

from math import log2

FIRST_PERMISSION = 8
"""the calls that have to come before the first one"""
GRANTED = 2
"""the writes that a permission allows: with one, a single unlucky return would end it"""
RICH = 20
"""more credit than so many writes is not kept: what was earned long ago proves nothing now"""


class Stake:
    """What the marks of one family of prefixes have earned, and what they may still lose."""

    __slots__ = ("calls", "credit", "permissions", "unit")

    def __init__(self) -> None:
        self.credit = 0.0
        self.unit = 0.0
        """what the largest write cost beyond the plain price"""
        self.permissions = 0
        self.calls = 0
        """since the last permission"""

    def may_guess(self) -> bool:
        """May something be written that nothing speaks for yet."""
        return self.credit >= 0

    def may_write(self, premium: float, largest: float) -> bool:
        """May something be written that what was seen speaks for."""
        self.unit = max(self.unit, largest)
        if self._covers(premium):
            return True
        if self.calls < FIRST_PERMISSION * 2**self.permissions:
            return False
        self.permissions += 1
        self.calls = 0
        return self._covers(premium)

    def _covers(self, premium: float) -> bool:
        return self.credit - premium >= -self.unit * (1 + GRANTED * self.permissions)

    def book(self, earned: float) -> None:
        """Reads saved so many tokens, or writes cost them."""
        self.credit += earned
        if self.unit and self.credit >= RICH * self.unit:
            self.credit = RICH * self.unit
            self.permissions = 0


def bound(calls: int) -> float:
    """How many of the largest write so many calls of a family may have cost in vain."""
    return 2 + GRANTED * log2(calls / FIRST_PERMISSION + 1)
