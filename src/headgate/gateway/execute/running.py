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
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec

from headgate.engine import Ground
from headgate.engine.head import warning
from headgate.gateway.execute import ops, trouble
from headgate.gateway.execute.asked import Asked
from headgate.gateway.execute.bridge import Do
from headgate.gateway.execute.charge import Bill, call_of, failed
from headgate.gateway.execute.counts import Counts
from headgate.gateway.execute.elsewhere import LOCAL, Elsewhere
from headgate.gateway.execute.ops import Hear
from headgate.gateway.execute.said import Ran, Said, Voice
from headgate.gateway.execute.visit import Visit
from headgate.gateway.sink import HttpSink
from headgate.sandbox.checkpoint import in_chunks
from headgate.sandbox.model import Heard, Job, Made, Output, Refused, Result, Unavailable
from headgate.wire.model import Ending, Fault, Headers, Kind

FIRST = asyncio.FIRST_COMPLETED
Answered = TypeVar("Answered")
UNKEYED = "unkeyed: sent again with the same Idempotency-Key this call would run its code again"
STOPPING = "Headgate was told to stop and had no more time for this run: send it again"


class Talk(NamedTuple):
    """One call while its runs go on."""

    visit: Visit
    asked: Asked
    bill: Bill
    flow: Flow


@dataclass(slots=True)
class Flow:
    """What is to be told while a run goes on, until there is time to send it."""

    voice: Voice
    index: int = 0
    parts: list[Said] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, it: Heard) -> None:
        if data := self.voice.heard(it, self.index):
            self.put(data)

    def put(self, part: Said) -> None:
        self.parts.append(part)
        self.news.set()

    async def send(self, sink: HttpSink) -> int:
        """Send what there is; how many bytes that was."""
        parts, self.parts = self.parts, []
        self.news.clear()
        sent = 0
        for part in parts:
            sent += await sent_in_pieces(sink, part)
        return sent


async def sent_in_pieces(sink: HttpSink, said: Said) -> int:
    """Send it, letting others have their turn; how many bytes that was."""
    sent = 0
    for piece in (said,) if isinstance(said, bytes) else said:
        await sink.send(piece)
        sent += len(piece)
        if sent > len(piece):
            await asyncio.sleep(0)
    return sent


def _head(visit: Visit, voice: Voice) -> Headers:
    """That of an answer that was not refused."""
    head: Headers = [(b"x-request-id", visit.id.encode()), *voice.headers]
    if b"idempotency-key" in visit.caller.told:
        head.append(warning((UNKEYED,)))
    return head


def told_at_once(result: Result) -> Iterator[Heard]:
    """What a stream is told of a run that was not heard while it went on."""
    for stream, text in (("stdout", result.stdout), ("stderr", result.stderr)):
        if text:
            yield Output(stream, text)  # type: ignore[arg-type] # one of the two
    for each in result.artefacts:
        yield Made(each)


class Runs:
    """Drives calls that run code, for one gateway."""

    def __init__(
        self,
        ground: Ground,
        do: Do,
        counts: Counts,
        elsewhere: Elsewhere,
    ) -> None:
        self._ground = ground
        self._do = do
        self._counts = counts
        self._elsewhere = elsewhere

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
        for job in asked.jobs if not asked.on else ():
            trouble.check_limits(settings, job.limits)
        await bill.enter(int(sum(walls) * 1e6))
        flow, tally = Flow(voice), bill.tally
        talk = Talk(visit, asked, bill, flow)
        if voice.stream:
            tally.committed, tally.status = True, 200
            await visit.sink.start(200, _head(visit, voice))
        runs: list[Ran] = []
        for flow.index, job in enumerate(asked.jobs):
            runs.append(await self._one(talk, job, goes_on=bool(runs)))
            if voice.stream and (data := voice.ran(runs[-1], flow.index)):
                flow.put(data)
                tally.reply_bytes += await flow.send(visit.sink)
        tally.ending = Ending.COMPLETE
        said = voice.last(runs)
        tally.answered, tally.status = True, 200
        await bill.kept()
        tally.reply_bytes += await self._answer(visit, voice, said)

    async def _answer(self, visit: Visit, voice: Voice, said: Said) -> int:
        """Send what is left of the answer, or all of it; how many bytes that was."""
        sink, head = visit.sink, _head(visit, voice)
        if isinstance(said, bytes):
            await (sink.end(said) if voice.stream else sink.whole(200, head, said))
            return len(said)
        if not voice.stream:
            await sink.start(200, head)
        sent = await sent_in_pieces(sink, said)
        await sink.end(b"")
        return sent

    async def _one(self, talk: Talk, job: Job, *, goes_on: bool) -> Ran:
        """One run; where others went before, a refusal of it is told in its place."""
        session = talk.asked.session
        if session:
            job = msgspec.structs.replace(job, session=session)
        try:
            result, slices = await self._ran(talk, job)
        except (Fault, Refused, Unavailable) as error:
            talk.bill.refuse()
            fault = error if isinstance(error, Fault) else trouble.of(error)
            if not goes_on or fault.kind is Kind.BUSY:
                raise fault from error
            return Ran(None, session, fault)
        self._note(talk.visit, job, result)
        return Ran(result, session, slices=slices)

    async def _ran(self, talk: Talk, job: Job) -> tuple[Result, dict[str, int] | None]:
        bill, flow = talk.bill, talk.flow

        async def run(job: Job, hear: Hear | None = None) -> Result:
            await bill.reserve(job.limits.wall_s)
            answer = await self._do(ops.Run(talk.visit.owner, job), hear, bill.begin)
            assert answer.result is not None
            return bill.end(answer.result)

        async def run_elsewhere(job: Job, hear: Hear | None = None) -> Result:
            on, own_nusd = talk.asked.on, 0
            about, worst = await self._elsewhere.about(on, job)
            await bill.set_aside(worst)
            bill.send(about)

            async def here(job: Job) -> Result:
                nonlocal own_nusd
                bill.send(0)
                ran = await run(job, hear)
                own_nusd = ran.cost_nusd
                return ran

            result = await self._elsewhere.run(on, job, here)
            if result.on == LOCAL:
                bill.lose(result.cost_nusd - own_nusd)
                return result
            if hear is not None:
                for it in told_at_once(result):
                    hear(it)
            return bill.end(result)

        hear = flow.hear if flow.voice.stream else None
        once = run_elsewhere if talk.asked.on else run
        if talk.asked.chunking is None:
            return await self._until(once(job, hear), talk), None
        doing = in_chunks(once, job, talk.asked.chunking, hear)
        done = await self._until(doing, talk)
        whole = msgspec.structs.replace(done.result, cost_nusd=bill.cost_nusd)
        return whole, {"slices": done.slices, "rows": done.rows, "total": done.total}

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
