"""Lets a process know which prompts came before it began, and which come to others beside it.

Rule 1: it happens once calls are served, and keeps none of them waiting.
Rule 2: what the process has seen itself meanwhile is not overwritten by what is older.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from headgate.engine.ground import Ground
from headgate.engine.marking import OWN, family, place
from headgate.ledger import arrived
from headgate.ledger.arrived import Arrived
from headgate.policy import prefix, slots
from headgate.policy.cacheprice import TTL_S
from headgate.policy.recurrence import Recurrence, Slot
from headgate.store import marked
from headgate.store.sql import Connection

BACK_US = 2 * 3600 * 1_000_000
AGAIN_S = 15.0
SAME_S = 1.0
"""a row that is no younger than this beside what was seen is taken for the same call's"""
AT_ONCE = 100
"""rows between two moments in which calls go on"""


async def recall(ground: Ground, *, shared: bool = False) -> None:
    """Learn from the rows of the last two hours; where other processes write rows too, from
    those that come."""
    ground.notices.leave(partial(marked.expire, now_us=time.time_ns() // 1000))
    seq = await _learn_behind(ground, 0)
    while shared:
        await asyncio.sleep(AGAIN_S)
        seq = await _learn_behind(ground, seq)


async def _learn_behind(ground: Ground, seq: int) -> int:
    """Learn from rows behind one; which one is the last now."""
    rows = await ground.notices.ask(partial(_rows, seq=seq)) or []
    for start in range(0, len(rows), AT_ONCE):
        take_in(ground, rows[start : start + AT_ONCE], time.time_ns() // 1000)
        await asyncio.sleep(0)
    return rows[-1].seq if rows else seq


def _rows(connection: Connection, seq: int) -> list[Arrived]:
    return arrived.since(connection, time.time_ns() // 1000 - BACK_US, seq)


def take_in(ground: Ground, rows: Sequence[Arrived], now_us: int) -> None:
    """Learn from these, the oldest first."""
    known, clock = ground.marked.planner.known, ground.clock()
    for row in rows:
        if row.cache_plan == OWN:
            continue
        at = clock - (now_us - row.at_us) / 1e6
        who = family(row.key_id, row.agent, row.provider, row.model_sent)
        scope = place(row.provider, row.credential, row.key_id, row.model_sent)
        pairs = prefix.unpack(row.prefix)
        for slot in slots.of_pairs(
            scope, pairs, row.opening, lambda it: known.of(it) is not None
        ):
            _learn(known, row, who, slot, at)


def _learn(
    known: Recurrence, row: Arrived, who: tuple[str, ...], slot: Slot, at: float
) -> None:
    seen = known.of(slot.prefix)
    if seen is not None and seen.last > at - SAME_S:
        return
    noted, _ = known.note(who, slot, at)
    if not row.cached or not row.cache_plan.startswith("on "):
        return
    for ttl in TTL_S:
        if f"{slot.name}:{ttl}" in row.cache_plan:
            noted.lives[True].write(ttl, at, None)
