"""Delivers events to the operator's webhook: signed, again and again for a day, by one process.

Rule 1: no call ever waits for it, and whatever the receiver does harms nothing but its events.
Rule 2: an event is delivered at least once; its id tells a receiver that it has had it before.
Rule 3: nothing of the address but its host is told anywhere: the rest may be a secret.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from headgate import __version__
from headgate.config.model import Events
from headgate.engine.journal import Journal
from headgate.engine.notice import Notices
from headgate.policy.event import KEPT_TRYING_S, KINDS, SIGNATURE, Event, body, pause_s, sign
from headgate.store import event as table
from headgate.store.event import SECOND, Noted
from headgate.upstream import Door, Request, Url
from headgate.wire.model import Fault

LOOK_S = 1.0
ANSWER_S = 10.0
"""how long a receiver may take"""
HOLD_S = 30
"""how long an event is one process's own: longer than an attempt can take"""
AT_A_TIME = 10
EXPIRE_EVERY = 60
"""looks between two at what is too old"""
MOST_READ = 65_536
GONE = 410
"""the receiver wants no more"""


class Webhook:
    """One process's part in delivering; `current` is the configuration of the moment."""

    def __init__(
        self,
        notices: Notices,
        door: Door,
        journal: Journal,
        current: Callable[[], Events],
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._notices = notices
        self._door = door
        self._journal = journal
        self._current = current
        self._now_us = now_us
        self._gone: Events | None = None
        self._trouble = ""
        self._said = ""
        self._looks = 0

    async def run(self) -> None:
        """Look for events that are due until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception as bug:  # noqa: BLE001 - it is tried again: calls do not depend on it
                self._journal.say("bug", error=f"webhook: {bug!r}")

    async def look(self) -> int:
        """Deliver what is due, if anything wants it; how many were tried."""
        notices, events = self._notices, self._current()
        notices.write()
        if notices.trouble != self._trouble:
            self._trouble = notices.trouble
            say = "events_not_kept" if self._trouble else "events_kept_again"
            self._journal.say(say, why=self._trouble)
        if not events.webhook or events is self._gone:
            return 0
        now_us = self._now_us()
        if self._looks % EXPIRE_EVERY == 0:
            await notices.ask(partial(table.expire, now_us=now_us))
        self._looks += 1
        kinds = events.kinds or KINDS
        claim = partial(
            table.claim, kinds=kinds, now_us=now_us, hold_us=HOLD_S * SECOND, most=AT_A_TIME
        )
        taken = await notices.ask(claim) or []
        await asyncio.gather(*(self._deliver(events, noted) for noted in taken))
        return len(taken)

    async def _deliver(self, events: Events, noted: Noted) -> None:
        status, answer = await post(self._door, events, noted.event)
        now_us = self._now_us()
        if 200 <= status < 300:
            self._said = ""
            settled = partial(table.delivered, noted=noted, answer=answer, now_us=now_us)
        else:
            due_us = self._due_us(events, noted, status, now_us)
            settled = partial(table.failed, noted=noted, answer=answer, due_us=due_us)
            self._complain(noted, answer, due_us)
        await self._notices.ask(settled)

    def _due_us(self, events: Events, noted: Noted, status: int, now_us: int) -> int | None:
        """When an event that was not taken is tried again; None: never."""
        if status == GONE:
            if self._gone is not events:
                self._journal.say("webhook_gone", host=host_of(events), hint=_GONE_HINT)
            self._gone = events
            return None
        due_us = now_us + pause_s(noted.attempts) * SECOND
        return due_us if due_us < noted.at_us + KEPT_TRYING_S * SECOND else None

    def _complain(self, noted: Noted, answer: str, due_us: int | None) -> None:
        """Once for every way to fail, and of every event that is given up."""
        if answer == self._said and due_us is not None:
            return
        self._said = answer
        self._journal.say(
            "webhook_failed",
            id=noted.event.id,
            answer=answer,
            attempts=noted.attempts,
            given_up=due_us is None,
        )


_GONE_HINT = (
    "it answered 410: nothing more is sent until the configuration is read again;"
    " mend or remove [events] webhook"
)


def host_of(events: Events) -> str:
    """What of the address may be shown."""
    return urlsplit(events.webhook).hostname or ""


async def post(door: Door, events: Events, event: Event) -> tuple[int, str]:
    """Send one event; (status, what the receiver said), status 0: it could not be asked."""
    try:
        request = _request(events, event)
    except ValueError:
        return 0, "the address cannot be used"
    exchange = door.exchange(request)
    try:
        async with asyncio.timeout(ANSWER_S):
            await exchange.open()
            await exchange.read_all(MOST_READ)  # so that the connection can be used again
    except TimeoutError:
        said = f"no answer in {ANSWER_S:g} s"
    except Fault as fault:
        said = fault.message
    else:
        said = ""
    finally:
        exchange.close()
    status = exchange.status  # it says enough, whatever became of the words after it
    return status, str(status) if status else said


def _request(events: Events, event: Event) -> Request:
    parts = urlsplit(events.webhook)
    url = Url.parse(f"{parts.scheme}://{parts.netloc}", ca_file=events.ca_file)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    data = body(event)
    signature = sign(events.secret, data, time.time_ns() // 1_000_000_000)
    headers = [
        (b"content-type", b"application/json"),
        (b"user-agent", f"headgate/{__version__}".encode()),
        (b"x-headgate-event", event.kind.encode()),
        (b"x-headgate-event-id", event.id.encode()),
        (SIGNATURE.encode(), signature.encode()),
    ]
    return Request(b"POST", url, target.encode(), headers, (data,))
