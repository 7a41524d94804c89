"""What processes that share running calls ask of the one place where they meet.

Rule 1: of one name at most one flight is led at a time: whoever claims it first leads, and
everybody after it follows. A lease that has run out, or a flight that is over, leaves it free.
Rule 2: a flight's parts are there from its first to its last, or it is lost: nobody is told the
end of a reply who was not told its beginning. Who leads writes them only once somebody follows.
Rule 3: nothing stays: what no living process leads and nobody follows is removed after KEPT_S.
Rule 4: a tower blocks: it is asked from a thread, and by one thread at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

LEASE_S = 10.0
"""a leader that was silent for so long is taken for dead, and so is a follower"""
RENEW_S = 3.0
KEPT_S = 60.0
"""how long parts stay that nobody was seen to read to their end"""
SILENCE_S = 1.5
"""a server that does not answer for so long is taken for lost"""
PART_BYTES = 256 * 1024
"""of one part, before it is sealed"""


class RelayError(Exception):
    """The tower cannot be asked now: why, in plain words."""


class Led(NamedTuple):
    """A flight as the tower knows it."""

    name: bytes
    """what was asked, beyond guessing"""
    token: str
    """of this flight alone: PROCESS.NUMBER of whoever leads it"""


class Heard(NamedTuple):
    """What there is of a flight's parts from one of them on."""

    boxes: list[bytes]
    alive: bool
    """may there be more; False: these are the last that will ever be"""


NOTHING = Heard([], True)


class Tower(Protocol):
    """Knows the flights of all processes that share a store."""

    pauses_s: tuple[float, float]
    """how long to wait between two looks for parts that have not come: at first, at most"""

    def claim(self, flight: Led) -> str:
        """Lead it, or be counted as one who follows; the token of the one that is led."""
        ...

    def renew(self, led: Collection[Led], followed: Collection[Led]) -> None:
        """These are still led and followed by this process."""
        ...

    def wanted(self, process: str) -> set[str]:
        """The tokens of the process's flights that others follow."""
        ...

    def land(self, flight: Led) -> bool:
        """It ends, and nobody may follow it any more; False: somebody does already, and is
        owed its parts."""
        ...

    def publish(self, flight: Led, first: int, boxes: Sequence[bytes], *, over: bool) -> None:
        """Its parts from this one on; what is there already is not written again."""
        ...

    def leave(self, flight: Led) -> None:
        """Follow it no more."""
        ...

    def read(self, asks: Sequence[tuple[Led, int]]) -> list[Heard]:
        """For each flight what there is from that part on, perhaps after a moment."""
        ...

    def sweep(self) -> int:
        """Remove what the dead left; how much it was."""
        ...

    def close(self) -> None: ...
