"""Gives kept replies to whoever asks the same again, and keeps those that may be given.

Rule 1: in the form it was kept in, a reply is given byte for byte; in the other form it is said
anew, and where that would lose something it is not given at all.
Rule 2: what is given has a row like any call, which says what it has saved.
"""

from __future__ import annotations

import asyncio
import time

from headgate.engine.closing import Closing
from headgate.engine.crossing import lost
from headgate.engine.flight import Record
from headgate.engine.gate import asks_for_usage
from headgate.engine.ground import Ground
from headgate.engine.head import (
    SIMULATED,
    own_headers,
    own_stream_headers,
    warning,
    warnings_in,
)
from headgate.engine.nearby import Asking, header
from headgate.engine.tally import Tally
from headgate.policy import replycache
from headgate.policy.replycache import FREE, Asked, Control
from headgate.store.replies import Kept
from headgate.wire import gathered
from headgate.wire.call import Call
from headgate.wire.model import Ending, Headers

HIT, NEAR = "hit", "near"
FROM = b"x-headgate-cache"
_JSON = (b"content-type", b"application/json")
_BELONGS = (b"content-type", SIMULATED)
"""fields that are kept with a reply, beside what it knows nothing of"""
SECOND = 1_000_000


class Keeping:
    """Of one engine."""

    def __init__(self, ground: Ground, closing: Closing, *, pace: bool) -> None:
        self._ground = ground
        self._closing = closing
        self._pace = pace

    async def give(self, tally: Tally, asked: Asked, control: Control) -> bool:
        """Answer with a kept reply; False: there is none that may be given."""
        store = self._ground.replies
        if store is None or control.no_cache:
            return False
        now_us = time.time_ns() // 1000
        kept = store.near(asked, now_us)
        if kept is None:
            kept = await store.get(asked, now_us)
        if kept is None or (control is not FREE and _is_too_old(kept, control, now_us)):
            return False
        body = said(tally.call, kept)
        if body is None:
            return False
        tally.answered_from, tally.saved_nusd = HIT, kept.cost_nusd
        age_s = max(now_us - kept.at_us, 0) // SECOND
        await self.say(tally, kept, body, (FROM, b"hit; age=%d" % age_s))
        return True

    async def give_near(self, tally: Tally, asking: Asking, control: Control) -> bool:
        """Answer with a kept reply to nearly the same question, where that is trusted."""
        nearby, store = self._ground.nearby, self._ground.replies
        if nearby is None or store is None or control.no_cache or not nearby.serves:
            return False
        found = await nearby.find(asking, store)
        now_us = time.time_ns() // 1000
        if found is None or (control is not FREE and _is_too_old(found.kept, control, now_us)):
            return False
        body = said(tally.call, found.kept)
        if body is None or not replycache.is_clear(tally.call.envelope):
            return False
        tally.answered_from, tally.saved_nusd = NEAR, found.kept.cost_nusd
        await self.say(tally, found.kept, body, (FROM, header(found)))
        return True

    async def say(
        self, tally: Tally, kept: Kept, body: bytes, how: tuple[bytes, bytes]
    ) -> None:
        """Send a kept reply; `how`: the header field that says why."""
        tally.status, tally.reply_bytes = kept.status, len(body)
        tally.warnings = warnings_in(kept.headers)
        if not tally.call.stream:
            await self._end(tally)
            headers = [*own_headers(tally), how, _JSON, *_marks(kept)]
            await tally.sink.whole(kept.status, headers, body)
            return
        headers = [*own_stream_headers(tally), how, *_marks(kept)]
        if self._pace:
            await self._tell_slowly(tally, kept, body, headers)
            return
        await self._end(tally)
        tally.committed = True
        await tally.sink.start(kept.status, headers)
        await tally.sink.end(body)

    async def _tell_slowly(
        self, tally: Tally, kept: Kept, body: bytes, headers: Headers
    ) -> None:
        """Send a stream at the speed it once came."""
        tally.committed = True
        await tally.sink.start(kept.status, headers)
        for wait_s, data in gathered.paced(body, kept.took_ms, kept.first_ms):
            await asyncio.sleep(wait_s)
            tally.first_content = tally.first_content or self._ground.clock()
            await tally.sink.send(data)
        await self._end(tally)
        await tally.sink.end(b"")

    async def _end(self, tally: Tally) -> None:
        tally.first_content = tally.first_content or self._ground.clock()
        tally.ending = Ending.COMPLETE
        await self._closing.make_sure(tally)
        tally.answered = True

    def keep(self, asked: Asked, led: Tally, record: Record) -> Kept | None:
        """Keep what came of a call, if it may be given again."""
        store, head = self._ground.replies, record.head
        if store is None or head is None or not replycache.may_keep(led):
            return None
        self._ground.settlement.flush()  # now it is known what it has cost
        kept = kept_of(led, record)
        store.put(asked, kept)
        return kept


def kept_of(led: Tally, record: Record) -> Kept:
    """A recorded answer as it is kept."""
    head = record.head
    assert head is not None, "an answer has a head"
    belongs = [field for field in head.headers if field[0] in _BELONGS]
    if losses := lost(led):
        belongs.append(warning(losses))
    first_ms = int((led.first_content - led.started) * 1000) if led.first_content else 0
    return Kept(
        head.status,
        not head.whole,
        belongs,
        record.body,
        led.at_us,
        led.cost_nusd,
        led.call.id,
        int((record.now() - led.started) * 1000),
        first_ms,
    )


def said(call: Call, kept: Kept) -> bytes | None:
    """A kept reply in the form the caller asked for; None: it cannot be had in it."""
    surface, stream, usage = call.surface, call.stream, asks_for_usage(call)
    body = gathered.form(surface, kept.body, streamed=kept.stream, stream=stream, usage=usage)
    if body is None:
        return None
    return gathered.addressed(surface, body, call.envelope.members, streamed=stream)


def _marks(kept: Kept) -> list[tuple[bytes, bytes]]:
    return [field for field in kept.headers if field[0] == SIMULATED]


def _is_too_old(kept: Kept, control: Control, now_us: int) -> bool:
    most = control.max_age_s
    return most is not None and now_us - kept.at_us > most * SECOND
