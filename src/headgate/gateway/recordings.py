"""Keeps recordings within their bounds while the gateway runs, and says what is not recorded.

Rule 1: what is too old goes although recording is off, and although nobody calls.
Rule 2: dropped calls are said in the log, with why; once for all of the same few seconds.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from headgate.engine import Engine, Ground

LOOK_S = 5.0
TIDY_S = 60.0
SECOND = 1_000_000


class Housed(Protocol):
    ground: Ground
    engine: Engine


async def keep_recordings(house: Housed) -> None:
    """Look after them for as long as the gateway serves."""
    recorder = house.ground.recorder
    if recorder is None:
        return
    told: dict[str, int] = {}
    loop = asyncio.get_running_loop()
    tidied_at = loop.time() - TIDY_S
    while True:
        allowed = house.engine.config.recording
        if loop.time() - tidied_at >= TIDY_S:
            tidied_at = loop.time()
            before_us = time.time_ns() // 1000 - int(allowed.keep_s * SECOND)
            await asyncio.to_thread(recorder.tidy, before_us, allowed.disk_bytes)
        for why, calls in list(recorder.dropped.items()):
            if calls > told.get(why, 0):
                house.ground.settlement.journal.say(
                    "recordings_dropped", calls=calls - told.get(why, 0), why=why
                )
                told[why] = calls
        await asyncio.sleep(LOOK_S)
