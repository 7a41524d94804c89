"""Delivery to a webhook, with a receiver that really listens and really misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from headgate.config.model import Events
from headgate.engine import webhook
from headgate.engine.journal import Journal
from headgate.engine.notice import Notices
from headgate.engine.webhook import HOLD_S, Webhook
from headgate.policy.event import KEPT_TRYING_S, PAUSES_S, verify
from headgate.store import event as table
from headgate.store.event import SECOND, Noted
from headgate.store.sqlite import connect
from headgate.upstream import Door
from tests.peers import listening

SECRET = "the receiver knows it too"


async def request_head(reader: asyncio.StreamReader) -> dict[str, str]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    assert lines[0] == "POST /hook?to=me HTTP/1.1"
    return dict(line.split(": ", 1) for line in lines[1:] if line)


@dataclass
class Receiver:
    """A server of somebody else's; it answers with the statuses it is given, then with 200."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hangs: bool = False
    tail: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            headers = await request_head(reader)
            body = await reader.readexactly(int(headers["content-length"]))
            self.got.append((headers, body))
            if self.hangs:
                await asyncio.sleep(3600)
            status = self.statuses.pop(0) if self.statuses else 200
            size = len(self.tail)
            writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n" % (status, size))
            writer.write(self.tail)
            await writer.drain()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    it = Receiver()
    async with listening(it.serve) as it.port:
        yield it


@dataclass
class Desk:
    """One process's notices and its part in delivering them."""

    notices: Notices
    hook: Webhook
    ledger: Path
    log: Path
    journal: Journal
    events: list[Events]
    """the one in force"""
    now: list[int]
    """microseconds, as the deliverer sees them"""

    async def note(self, once: str) -> None:
        self.notices.note("loop_stopped", "session:s", once, {"times": 20})
        assert await self.notices.ask(lambda connection: True)

    async def kept(self) -> list[Noted]:
        found = await self.notices.ask(partial(table.last, rows=99))
        assert found is not None
        return found

    def logged(self) -> str:
        self.journal.flush()
        time.sleep(0.05)
        return self.log.read_text()


@contextlib.asynccontextmanager
async def desk(tmp_path: Path, receiver: Receiver, **more: object) -> AsyncIterator[Desk]:
    address = f"http://127.0.0.1:{receiver.port}/hook?to=me"
    events = [Events(address, SECRET, **more)]  # type: ignore[arg-type]  # a test's own
    now = [time.time_ns() // 1000]
    log = tmp_path / "log"
    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    journal, door = Journal(descriptor), Door()
    journal.start()
    notices = Notices(journal, partial(connect, tmp_path / "headgate.db"))
    hook = Webhook(notices, door, journal, lambda: events[0], lambda: now[0])
    try:
        yield Desk(notices, hook, tmp_path / "headgate.db", log, journal, events, now)
    finally:
        await door.close()
        await asyncio.to_thread(notices.close)
        await asyncio.to_thread(journal.close)
        os.close(descriptor)


async def test_an_event_arrives_once_signed_and_readable(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with desk(tmp_path, receiver) as it:
        await it.note("a")
        it.now[0] += SECOND
        assert await it.hook.look() == 1
        assert await it.hook.look() == 0
        ((headers, body),) = receiver.got
        (kept,) = await it.kept()
        said = json.loads(body)
        assert (said["event"], said["subject"]) == ("loop_stopped", "session:s")
        assert said["detail"] == {"times": 20}
        assert headers["x-headgate-event-id"] == said["id"] == kept.event.id
        assert headers["x-headgate-event"] == "loop_stopped"
        signature, now_s = headers["x-headgate-signature"], time.time_ns() // 1_000_000_000
        assert verify(SECRET, body, signature, now_s)
        assert not verify("another", body, signature, now_s)
        assert (kept.delivered_us, kept.due_us, kept.answer) == (it.now[0], None, "200")


async def test_a_receiver_in_trouble_is_asked_again_ever_more_rarely(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.statuses = [500, 503, 302]
    async with desk(tmp_path, receiver) as it:
        await it.note("a")
        it.now[0] += SECOND
        for pause in PAUSES_S[:3]:
            assert await it.hook.look() == 1
            it.now[0] += pause * SECOND - 1
            assert await it.hook.look() == 0
            it.now[0] += 1
        assert await it.hook.look() == 1
        ids = {json.loads(body)["id"] for _, body in receiver.got}
        assert (len(receiver.got), len(ids)) == (4, 1)
        (kept,) = await it.kept()
        assert (kept.attempts, kept.answer) == (4, "200")
        assert kept.delivered_us


async def test_after_a_day_an_event_is_given_up(tmp_path: Path, receiver: Receiver) -> None:
    receiver.statuses = [500] * 99
    async with desk(tmp_path, receiver) as it:
        await it.note("a")
        end = it.now[0] + (KEPT_TRYING_S + 10) * SECOND
        while it.now[0] < end:
            it.now[0] += max(PAUSES_S) * SECOND
            await it.hook.look()
        (kept,) = await it.kept()
        assert (kept.due_us, kept.delivered_us) == (None, None)
        assert '"given_up":true' in await asyncio.to_thread(it.logged)


async def test_who_answers_gone_is_left_alone_until_the_configuration_is_read_again(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    async with desk(tmp_path, receiver) as it:
        await it.note("a")
        it.now[0] += SECOND
        assert await it.hook.look() == 1
        await it.note("b")
        it.now[0] += 3600 * SECOND
        assert await it.hook.look() == 0
        logged = await asyncio.to_thread(it.logged)
        assert "webhook_gone" in logged
        assert "to=me" not in logged
        assert SECRET not in logged
        it.events[0] = Events(it.events[0].webhook, SECRET)
        assert await it.hook.look() == 1
        assert len(receiver.got) == 2


async def test_a_receiver_that_hangs_costs_its_time_limit_and_nothing_else(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "ANSWER_S", 0.05)
    receiver.hangs = True
    async with desk(tmp_path, receiver) as it:
        await it.note("a")
        it.now[0] += SECOND
        await it.hook.look()
        (kept,) = await it.kept()
        assert kept.answer == "no answer in 0.05 s"
        assert kept.due_us == it.now[0] + PAUSES_S[0] * SECOND


async def test_nobody_there_is_told_without_the_address(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with desk(tmp_path, receiver) as it:
        it.events[0] = Events("http://127.0.0.1:1/s3cr3t?to=me", SECRET)
        await it.note("a")
        it.now[0] += SECOND
        await it.hook.look()
        (kept,) = await it.kept()
        assert "127.0.0.1:1" in kept.answer
        assert "s3cr3t" not in kept.answer


async def test_a_long_answer_to_a_delivery_is_a_delivery(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.tail = b"x" * (webhook.MOST_READ + 10)
    async with desk(tmp_path, receiver) as it:
        await it.note("a")
        it.now[0] += SECOND
        await it.hook.look()
        assert (await it.kept())[0].delivered_us


async def test_only_wanted_kinds_are_delivered_and_without_an_address_none(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with desk(tmp_path, receiver, kinds=("budget_blocked",)) as it:
        await it.note("a")
        it.notices.note("budget_blocked", "key:k", "b", {})
        it.now[0] += SECOND
        assert await it.hook.look() == 1
        assert json.loads(receiver.got[0][1])["event"] == "budget_blocked"
        it.events[0] = Events()
        assert await it.hook.look() == 0


async def test_what_a_process_left_when_it_died_is_delivered_by_another(
    tmp_path: Path, receiver: Receiver
) -> None:
    """One noted and died; another took an event and died before it was sent."""
    async with desk(tmp_path, receiver) as dead:
        await dead.note("noted")
        await dead.note("taken")
        hold = partial(
            table.claim,
            kinds=["loop_stopped"],
            now_us=dead.now[0] + SECOND,
            hold_us=HOLD_S * SECOND,
            most=1,
        )
        assert await dead.notices.ask(hold)
    async with desk(tmp_path, receiver) as heir:
        heir.now[0] += 2 * SECOND
        assert await heir.hook.look() == 1
        heir.now[0] += HOLD_S * SECOND
        assert await heir.hook.look() == 1
        assert all(kept.delivered_us for kept in await heir.kept())


async def test_of_several_processes_each_event_is_sent_by_one(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with (
        desk(tmp_path, receiver) as one,
        desk(tmp_path, receiver) as two,
        desk(tmp_path, receiver) as three,
    ):
        for n in range(20):
            await one.note(f"e{n}")
        for it in (one, two, three):
            it.now[0] += 2 * SECOND
        for _ in range(3):
            await asyncio.gather(*(it.hook.look() for it in (one, two, three)))
        ids = [json.loads(body)["id"] for _, body in receiver.got]
        assert len(ids) == len(set(ids)) == 20


async def test_a_table_in_trouble_is_said_in_the_log_once_and_when_it_is_over(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with desk(tmp_path, receiver) as it:
        await it.note("a")
        it.notices.trouble = "the disk is full"
        it.events[0] = Events()
        await it.hook.look()
        await it.hook.look()
        it.notices.trouble = ""
        await it.hook.look()
        logged = await asyncio.to_thread(it.logged)
        assert logged.count("events_not_kept") == logged.count("events_kept_again") == 1


@pytest.mark.slow
async def test_it_looks_by_itself_and_survives_its_own_mistakes(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "LOOK_S", 0.01)
    async with desk(tmp_path, receiver) as it:
        good, it.events[0] = it.events[0], None  # type: ignore[call-overload]  # a defect
        running = asyncio.ensure_future(it.hook.run())
        await asyncio.sleep(0.05)
        it.events[0] = good
        await it.note("a")
        it.now[0] += SECOND
        for _ in range(100):
            if receiver.got:
                break
            await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert len(receiver.got) == 1
        assert '"event":"bug"' in await asyncio.to_thread(it.logged)
