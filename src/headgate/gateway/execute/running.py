"""Runs of one call: in order, streamed as they go, stopped when nobody waits for them any more.

Rule 1: one lifetime, one `finally`, one row: whatever ends the call, it is settled there.
Rule 2: a client that has left, or a gateway that must stop, ends the run at once.
Rule 3: once something ran, a snippet that is refused is a result among the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import traceback
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec

from headgate.engine import Ground
from headgate.gateway.execute import ops, trouble
from headgate.gateway.execute.asked import Asked
from headgate.gateway.execute.bridge import Do
from headgate.gateway.execute.charge import Bill, call_of, failed
from headgate.gateway.execute.counts import Counts
from headgate.gateway.execute.ops import Hear
from headgate.gateway.execute.said import Ran, Voice
from headgate.gateway.execute.visit import Visit
from headgate.gateway.sink import HttpSink
from headgate.sandbox.checkpoint import in_chunks
from headgate.sandbox.model import Heard, Job, Made, Refused, Result, Unavailable
from headgate.wire.model import Ending, Fault, Kind

LARGE = 1 << 20
"""bytes of artefacts"""
FIRST = asyncio.FIRST_COMPLETED
Answered = TypeVar("Answered")
STOPPING = "Headgate was told to stop and had no more time for this run: send it again"


class Talk(NamedTuple):
    """One call while its runs go on."""

    visit: Visit
    asked: Asked
    bill: Bill
    flow: Flow


class Large(NamedTuple):
    """An artefact that is put into words in a thread, when its turn has come."""

    made: Made
    place: int


@dataclass(slots=True)
class Flow:
    """What is to be told while a run goes on, until there is time to send it."""

    voice: Voice
    index: int = 0
    parts: list[bytes | Large] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, it: Heard) -> None:
        if isinstance(it, Made) and len(it.artefact.data or b"") > LARGE:
            self.put(Large(it, self.index))
        elif data := self.voice.heard(it, self.index):
            self.put(data)

    def put(self, part: bytes | Large) -> None:
        self.parts.append(part)
        self.news.set()

    async def send(self, sink: HttpSink) -> int:
        """Send what there is; how many bytes that was."""
        parts, self.parts = self.parts, []
        self.news.clear()
        sent = 0
        for part in parts:
            data = part
            if isinstance(data, Large):
                data = await asyncio.to_thread(self.voice.heard, data.made, data.place)
            sent += len(data)
            for at in range(0, len(data), LARGE):
                await sink.send(data[at : at + LARGE])
        return sent


class Runs:
    """Drives calls that run code, for one gateway."""

    def __init__(
        self,
        ground: Ground,
        do: Do,
        counts: Counts,
    ) -> None:
        self._ground = ground
        self._do = do
        self._counts = counts

    async def serve(self, visit: Visit, asked: Asked, body: bytes, voice: Voice) -> None:
        """Answer one call, from its reservation to its row."""
        language = asked.jobs[0].language
        call = call_of(visit.caller, body, visit.id, language, stream=voice.stream)
        bill = Bill(self._ground, visit.config, call, visit.sink)
        task = visit.line.task
        assert task is not None
        visit.line.on_lost = task.cancel
        try:
            await self._serve(visit, asked, bill, voice)
        except (Refused, Unavailable) as error:
            await self._explain(visit, bill, voice, trouble.of(error))
        except Fault as fault:
            await self._explain(visit, bill, voice, fault)
        except asyncio.CancelledError:
            if not visit.line.lost:
                raise
            task.uncancel()
        except Exception as bug:  # noqa: BLE001 - the last line: a bug is answered and settled
            self._confess(visit.id, bug)
            text = f"Headgate failed to run this; its log says why under {visit.id}"
            await self._explain(visit, bill, voice, Fault(Kind.INTERNAL, text))
        finally:
            visit.line.on_lost = None
            bill.settle()

    async def _serve(self, visit: Visit, asked: Asked, bill: Bill, voice: Voice) -> None:
        settings, walls = visit.config.sandbox, [job.limits.wall_s for job in asked.jobs]
        for job in asked.jobs:
            trouble.check_limits(settings, job.limits)
        await bill.enter(int(sum(walls) * 1e6))
        flow, tally = Flow(voice), bill.tally
        talk = Talk(visit, asked, bill, flow)
        if voice.stream:
            tally.committed, tally.status = True, 200
            named = [(b"x-request-id", visit.id.encode())]
            await visit.sink.start(200, [*named, *voice.headers])
        runs: list[Ran] = []
        for flow.index, job in enumerate(asked.jobs):
            runs.append(await self._one(talk, job, goes_on=bool(runs)))
            if voice.stream and (data := voice.ran(runs[-1], flow.index)):
                flow.put(data)
                tally.reply_bytes += await flow.send(visit.sink)
        tally.ending = Ending.COMPLETE
        data = await self._said(voice, runs)
        tally.reply_bytes += len(data)
        tally.answered, tally.status = True, 200
        await bill.kept()
        if voice.stream:
            await visit.sink.end(data)
        else:
            named = [(b"x-request-id", visit.id.encode())]
            await visit.sink.whole(200, [*named, *voice.headers], data)

    async def _said(self, voice: Voice, runs: list[Ran]) -> bytes:
        """Large artefacts are put into words in a thread."""
        found = [each.result for each in runs if each.result is not None]
        size = sum(len(it.data or b"") for each in found for it in each.artefacts)
        if size < LARGE:
            return voice.last(runs)
        return await asyncio.to_thread(voice.last, runs)

    async def _one(self, talk: Talk, job: Job, *, goes_on: bool) -> Ran:
        """One run; where others went before, a refusal of it is told in its place."""
        session = talk.asked.session
        if session:
            job = msgspec.structs.replace(job, session=session)
        try:
            result = await self._ran(talk, job)
        except (Fault, Refused, Unavailable) as error:
            talk.bill.refuse()
            fault = error if isinstance(error, Fault) else trouble.of(error)
            if not goes_on or fault.kind is Kind.BUSY:
                raise fault from error
            return Ran(None, session, fault)
        self._note(talk.visit, job, result)
        return Ran(result, session)

    async def _ran(self, talk: Talk, job: Job) -> Result:
        bill, flow = talk.bill, talk.flow

        async def run(job: Job, hear: Hear | None = None) -> Result:
            await bill.reserve(job.limits.wall_s)
            answer = await self._do(ops.Run(talk.visit.owner, job), hear, bill.begin)
            assert answer.result is not None
            return bill.end(answer.result)

        hear = flow.hear if flow.voice.stream else None
        if talk.asked.chunking is None:
            return await self._until(run(job, hear), talk)
        doing = in_chunks(run, job, talk.asked.chunking, hear)
        return (await self._until(doing, talk)).result

    async def _until(self, run: Awaitable[Answered], talk: Talk) -> Answered:
        """What the run comes to; what appears meanwhile is sent."""
        flow, sink, tally = talk.flow, talk.visit.sink, talk.bill.tally
        doing = asyncio.ensure_future(run)
        stopping = asyncio.ensure_future(self._ground.stopping.wait())
        try:
            while not doing.done():
                news = asyncio.ensure_future(flow.news.wait())
                await asyncio.wait((doing, stopping, news), return_when=FIRST)
                news.cancel()
                if stopping.done() and not doing.done():
                    raise trouble.Trouble(Kind.BUSY, STOPPING, code="stopping")
                tally.reply_bytes += await flow.send(sink)
            tally.reply_bytes += await flow.send(sink)
            return doing.result()
        finally:
            stopping.cancel()
            doing.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await doing

    def _note(self, visit: Visit, job: Job, result: Result) -> None:
        """What was run for whom: a hash of it, never the code itself."""
        self._counts.count(result)
        self._ground.settlement.journal.say(
            "execute",
            id=visit.id,
            key=visit.owner,
            language=result.language,
            status=result.status,
            code_sha256=hashlib.sha256(job.code.encode()).hexdigest(),
            ran_ms=round(result.execution_ms, 3),
            cached=result.cached,
            tier=result.isolation.tier if result.isolation is not None else "",
        )

    async def _explain(self, visit: Visit, bill: Bill, voice: Voice, fault: Fault) -> None:
        """Tell the fault: as an answer, or as the end of a stream that has begun."""
        tally = bill.tally
        failed(tally, fault)
        if tally.answered:
            return
        tally.answered = True
        if tally.committed:
            data = voice.fail(fault)
            tally.reply_bytes += len(data)
            await visit.sink.end(data)
            return
        status, data = voice.refusal(fault)
        tally.status, tally.reply_bytes = status, len(data)
        await visit.sink.whole(status, trouble.headers(fault, visit.id), data)

    def _confess(self, id: str, bug: Exception) -> None:
        self._ground.settlement.journal.say(
            "bug",
            id=id,
            error=f"{type(bug).__name__}: {bug}",
            trace="".join(traceback.format_tb(bug.__traceback__)[-6:]),
        )
