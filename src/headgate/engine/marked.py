"""What was learned of vendors' prompt caches; it outlives a reload of the configuration.

Rule 1: a conversation that its vendor binds to what it was is marked from its first turn on,
or never; processes tell each other of it through a table, and nobody waits for one long.
Rule 2: what cannot be asked is answered: not marked.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial

from headgate.engine.advice import Advice
from headgate.engine.notice import Notices
from headgate.policy.promptcache import Planner
from headgate.policy.stake import Stake
from headgate.store import marked as table
from headgate.store.sql import Connection

MOST = 20_000
"""conversations of which it is known whether they are marked"""
ANSWER_S = 0.05
"""how long a call waits for what another process knows of its conversation"""
PLAN_CHARS = 100


class Marked:
    """One process's memory of prompts, conversations and what they came to."""

    def __init__(self) -> None:
        self.planner = Planner()
        self.advice = Advice()
        self.implicit: dict[tuple[str, ...], Stake] = {}
        """of vendors that write to their cache unasked, and charge for it"""
        self._decided: dict[bytes, bool] = {}

    def is_known(self, conversation: bytes) -> bool:
        return conversation in self._decided

    def is_marked(self, conversation: bytes) -> bool:
        return self._decided.get(conversation, False)

    def decide(self, conversation: bytes, plan: str, notices: Notices) -> None:
        """A conversation that nothing is bound to yet is marked so now; empty: it is not."""
        was = self._decided.pop(conversation, False)
        self._remember(conversation, is_marked=bool(plan))
        if plan and not was:
            now_us = time.time_ns() // 1000
            notices.leave(
                partial(table.keep, name=conversation, plan=plan[:PLAN_CHARS], now_us=now_us)
            )

    def _remember(self, conversation: bytes, *, is_marked: bool) -> None:
        self._decided[conversation] = is_marked
        if len(self._decided) > MOST:
            del self._decided[next(iter(self._decided))]

    async def ask(self, conversation: bytes, notices: Notices) -> None:
        """Find out whether another process marked it."""
        now_us = time.time_ns() // 1000
        job = partial(_plan_of, name=conversation, now_us=now_us)
        try:
            async with asyncio.timeout(ANSWER_S):
                plan = await notices.ask(job)
        except TimeoutError:
            return  # the next turn asks again
        if plan is not None:
            self._remember(conversation, is_marked=bool(plan))


def _plan_of(connection: Connection, name: bytes, now_us: int) -> str:
    return table.plan_of(connection, name, now_us)
