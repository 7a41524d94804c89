"""Keeps the requests that later ones may have to be compared with, until that is done.

Rule 1: a trail is laid when two requests must be compared, which is seldom; until then only the
request itself is held, in memory and in no other place.
Rule 2: what is held is bounded in bytes; of the oldest nothing is known any more but what it
left in the cache.
"""

from __future__ import annotations

from collections import OrderedDict

from headgate.policy import trail
from headgate.policy.trail import Trail
from headgate.wire.envelope import Envelope

HELD_BYTES = 32 * 1024 * 1024
"""of requests whose trail was not laid yet"""


class Prompt:
    """One request, as far as it can still be compared."""

    __slots__ = ("_envelope", "_laid", "_seed")

    def __init__(self, envelope: Envelope, seed: int) -> None:
        self._envelope: Envelope | None = envelope
        self._seed = seed
        self._laid: Trail | None = None

    @property
    def size(self) -> int:
        """The bytes that are held."""
        return len(self._envelope.body) if self._envelope is not None else 0

    def trail(self) -> Trail | None:
        """None: it is not known any more."""
        if self._envelope is not None:
            self._laid = trail.lay(self._envelope, self._seed)
            self._envelope = None
        return self._laid

    def lay_beside(self, before: Trail | None, *, same: bool, grown: bool) -> Trail:
        """The same of the call in question, from one whose beginning is known to be its own."""
        assert self._envelope is not None, "a call is compared once"
        self._laid = trail.lay(self._envelope, self._seed, before, same=same, grown=grown)
        self._envelope = None
        return self._laid

    def release(self) -> None:
        """Nobody will ask for it."""
        self._envelope = None


class Held:
    """The requests that are held, the oldest first."""

    def __init__(self, most: int = HELD_BYTES) -> None:
        self._most = most
        self._prompts: OrderedDict[int, tuple[Prompt, int]] = OrderedDict()
        self._size = 0

    def take(self, prompt: Prompt) -> None:
        size = prompt.size
        if not size:
            return
        self._prompts[id(prompt)] = (prompt, size)
        self._size += size
        while self._size > self._most:
            _, (oldest, freed) = self._prompts.popitem(last=False)
            self._size -= freed
            oldest.release()

    def drop(self, prompt: Prompt) -> None:
        """It is replaced by one that goes on from it."""
        found = self._prompts.pop(id(prompt), None)
        if found is not None:
            self._size -= found[1]
            prompt.release()
