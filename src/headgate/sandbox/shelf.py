"""What is kept for a while, for its owner: decides what goes when the room or its time ends.

Rule 1: only who put a thing there is given it.
Rule 2: an owner's own things make room for its new ones, those first that would end first;
never another's. What finds no room then is not kept.
Rule 3: this shelf is in memory; a cabinet is the same on disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

MOST_THINGS = 4096
"""of one owner"""


class Room(NamedTuple):
    """How many bytes may be kept."""

    all_bytes: int
    own_bytes: int
    """of one owner's"""


class Found(NamedTuple):
    """A thing that was kept."""

    data: bytes
    note: bytes = b""

    @property
    def size(self) -> int:
        return len(self.data) + len(self.note)


class Store(Protocol):
    """Things by name and owner."""

    async def put(self, name: str, owner: str, thing: Found, keep_s: float) -> bool:
        """False: there is no room for it, however much of the owner's goes."""
        ...

    async def find(self, name: str, owner: str) -> Found | None: ...

    async def remove(self, name: str, owner: str) -> bool:
        """Was it there."""
        ...

    async def sweep(self) -> None:
        """Let go of what has had its time."""
        ...


class Held(NamedTuple):
    """A thing that takes room."""

    until_us: int
    name: str
    size: int


def now_us() -> int:
    return time.time_ns() // 1000


def to_go(own: Iterable[Held], size: int, others: int, room: Room) -> list[Held] | None:
    """What of the owner's own goes so that one of this size fits; None: nothing would help.

    `others`: bytes of all other owners.
    """
    left = min(room.own_bytes, room.all_bytes - others) - size
    if left < 0:
        return None
    standing = sorted(own)
    held, going = sum(it.size for it in standing), list[Held]()
    for number, each in enumerate(standing):
        if held <= left and len(standing) - number < MOST_THINGS:
            break
        going.append(each)
        held -= each.size
    return going


class _Kept(NamedTuple):
    until_us: int
    thing: Found


class Shelf:
    """Things of one process; they end with it."""

    def __init__(self, room: Room, now: Callable[[], int] = now_us) -> None:
        self._room, self._now = room, now
        self._kept: dict[str, dict[str, _Kept]] = {}
        """by owner and name"""

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    @property
    def held_bytes(self) -> int:
        return sum(self._held_by(owner) for owner in self._kept)

    async def put(self, name: str, owner: str, thing: Found, keep_s: float) -> bool:
        await self.remove(name, owner)
        await self.sweep()
        others = self.held_bytes - self._held_by(owner)
        going = to_go(self._of(owner), thing.size, others, self._room)
        if going is None:
            return False
        for each in going:
            await self.remove(each.name, owner)
        kept = _Kept(self._now() + int(keep_s * 1e6), thing)
        self._kept.setdefault(owner, {})[name] = kept
        return True

    async def find(self, name: str, owner: str) -> Found | None:
        kept = self._kept.get(owner, {}).get(name)
        return kept.thing if kept is not None and kept.until_us > self._now() else None

    async def remove(self, name: str, owner: str) -> bool:
        own = self._kept.get(owner, {})
        was = own.pop(name, None)
        if not own:
            self._kept.pop(owner, None)
        return was is not None and was.until_us > self._now()

    async def sweep(self) -> None:
        now = self._now()
        for owner in list(self._kept):
            for each in self._of(owner):
                if each.until_us <= now:
                    await self.remove(each.name, owner)

    def _of(self, owner: str) -> list[Held]:
        own = self._kept.get(owner, {})
        return [Held(kept.until_us, name, kept.thing.size) for name, kept in own.items()]

    def _held_by(self, owner: str) -> int:
        return sum(it.thing.size for it in self._kept.get(owner, {}).values())
