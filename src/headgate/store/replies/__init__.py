"""Replies that are kept to be given again: in memory first, behind it on disk or in a Redis.

Rule 1: nobody waits for a reply to be kept, and whoever looks for one waits a moment at most.
Rule 2: nothing that goes wrong here is any call's trouble: it is said once, and what cannot be
found is asked anew.
Rule 3: outside of memory a reply is sealed, under a name that tells nothing of the question.
"""

from __future__ import annotations

from headgate.policy.replycache import Asked
from headgate.store.replies.far import Far
from headgate.store.replies.kept import Kept as Kept
from headgate.store.replies.memory import Memory


class ReplyStore:
    """Of one process; belongs to its event loop."""

    def __init__(self, memory: Memory, far: Far | None, entry_bytes: int) -> None:
        self._memory = memory
        self._far = far
        self._entry_bytes = entry_bytes

    def near(self, asked: Asked, now_us: int) -> Kept | None:
        """What is in memory."""
        if self._far is not None:
            self._memory.since_us = self._far.since_us
        return self._memory.find(asked.name, now_us)

    async def get(self, asked: Asked, now_us: int) -> Kept | None:
        """What others have kept, or this process before it was started again."""
        if self._far is None:
            return None
        kept = await self._far.find(asked, now_us)
        if kept is not None:
            self._memory.put(asked.name, kept)
        return kept

    def put(self, asked: Asked, kept: Kept) -> None:
        """Keep it, and let a thread write it down."""
        if len(kept.body) > self._entry_bytes:
            return
        self._memory.put(asked.name, kept)
        if self._far is not None:
            self._far.put(asked, kept)

    def clear(self) -> int:
        """Forget what is in memory; how many replies that was. What lies elsewhere: clear()
        of open.py."""
        return self._memory.clear()

    def close(self) -> None:
        """Write down what waits, within a moment."""
        if self._far is not None:
            self._far.close()
