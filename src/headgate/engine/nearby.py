"""Looks for questions that are nearly the same, and measures whether their answers are.

Rule 1: shadow changes no call: what was answered is looked at afterwards, one call at a time,
and when there are too many some are left out.
Rule 2: serve gives an answer only while a report says that it may; of ten that it could give it
leaves one to an upstream, so that the precision goes on being measured.
Rule 3: a question is turned into numbers by a call like any other, charged to the house.
Rule 4: questions and answers are remembered in this process's memory, and written nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from headgate.config import Config
from headgate.config.model import CacheConfig
from headgate.engine.flight import Record
from headgate.engine.notice import Notices
from headgate.engine.tally import Sink
from headgate.policy.near import Entry, Index, Match, Neighbour, Vector, agrees, match, unit
from headgate.policy.question import Question, answer_of, question_of
from headgate.policy.replycache import Asked
from headgate.policy.trust import PER_MILLE, objection, thousandths
from headgate.store import near as table
from headgate.store.near import SAME, TAG, Look
from headgate.store.replies import Kept, ReplyStore
from headgate.wire import SURFACES
from headgate.wire.broken import BROKEN
from headgate.wire.call import Call, Caller, Holder, open_call
from headgate.wire.model import Fault, Headers, Kind

MOST_WAITING = 100
"""calls that wait to be looked at; more are left out"""
LARGEST_BYTES = 256 * 1024
"""of a request or a reply that is looked at"""
KNOWN = 256
"""questions whose numbers are remembered for a moment"""
AT_ONCE = 64
"""rows that are written together"""
REFRESH_S = 10.0
"""how often it is looked whether there is a new report"""
PATIENCE_S = 0.5
"""how long a call waits for its question to be turned into numbers"""
REST_S = 30.0
"""after it could not be"""
SAMPLED = 10
"""of so many answers that could be given, one is asked for all the same"""
SHORT_CHARS = 300
"""such a text is compared within a millisecond"""
SECOND = 1_000_000
T = TypeVar("T")
_FIELDS: Headers = [
    (b"content-type", b"application/json"),
    (b"user-agent", b"headgate"),
    (b"cache-control", b"no-store"),  # a question's numbers are kept in memory alone
]


class _Point(msgspec.Struct):
    embedding: list[float]


class _Points(msgspec.Struct):
    data: list[_Point]


_POINTS = msgspec.json.Decoder(_Points)


class Engine(Protocol):
    """As much of the engine as is needed here."""

    config: Config

    async def serve(self, call: Call, sink: Sink) -> None: ...


class Asking(NamedTuple):
    """A call whose answer may be given to others, or be another's."""

    call: Call
    asked: Asked
    scope: str
    """among whom"""


class Served(NamedTuple):
    """The answer to nearly the same question."""

    kept: Kept
    likeness: float


class Nearby:
    """Of one process; belongs to its event loop. It does nothing before run()."""

    def __init__(
        self,
        notices: Notices,
        say: Callable[..., None],
        secret: bytes,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.left_out = 0
        """calls for which there was no time"""
        self.refusal = "there is no report yet"
        """why nothing may be served; empty: it may"""
        self._notices = notices
        self._say = say
        self._secret = secret
        self._now_us = now_us
        self._engine: Callable[[], Engine] | None = None
        self._index = Index()
        self._model = ""
        self._vectors: OrderedDict[str, Vector] = OrderedDict()
        self._waiting: deque[tuple[Asking, str, Kept]] = deque()
        self._news = asyncio.Event()
        self._looks: list[Look] = []
        self._rests_until_us = 0
        self._troubled = False
        self._told_of = 0
        self._served = 0
        self._refreshed_us = 0

    @property
    def serves(self) -> bool:
        """May it answer calls now."""
        return not self.refusal and self._cache().near == "serve"

    def learn(self, asking: Asking, route: str, kept: Kept) -> None:
        """A call was answered by an upstream: look at it when there is time."""
        if self._cache().near == "off":
            return
        size = max(len(asking.call.envelope.body), len(kept.body))
        if size > LARGEST_BYTES or not asking.call.surface.converses:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.left_out += 1
            return
        self._waiting.append((asking, route, kept))
        self._news.set()

    async def find(self, asking: Asking, replies: ReplyStore) -> Served | None:
        """The kept answer to nearly the same question; None: an upstream shall be asked."""
        if not self.serves:
            return None
        question = self._question(asking)
        if question is None:
            return None
        vector: Vector | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                vector = await self._vector(question)
        if vector is None:
            return None
        found = await self._match(question, vector)
        if found is None or not found.verdict.same:
            return None
        self._served += 1
        if self._served % SAMPLED == 0:
            return None
        return await self._kept(found.neighbour, replies)

    async def run(self, engine: Callable[[], Engine]) -> None:
        """Look at what was answered until cancelled."""
        self._engine = engine
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH_S):
                        await self._news.wait()
                self._news.clear()
                try:
                    await self.work()
                except Exception as bug:  # noqa: BLE001 - no call depends on it
                    self._say("bug", error=f"near: {bug!r}")
        finally:
            await self._write()

    async def work(self) -> None:
        """Look at all that waits."""
        mode = self._cache().near
        if mode == "off":
            self._index.clear()
            self._waiting.clear()
        elif mode == "serve":
            await self.refresh()
        if self.left_out > self._told_of:
            self._told_of = self.left_out
            self._say(
                "near_left_out", calls=self.left_out, why="more came than can be compared"
            )
        while self._waiting:
            await self._look_at(*self._waiting.popleft())
            if len(self._looks) >= AT_ONCE:
                await self._write()
        await self._write()

    async def refresh(self, *, at_once: bool = False) -> None:
        """Read the last report, and say when it changes what may be served."""
        now_us, cache = self._now_us(), self._cache()
        if not at_once and now_us - self._refreshed_us < REFRESH_S * SECOND:
            return
        reports = await self._notices.ask(table.last)
        if reports is None:
            return  # as before
        self._refreshed_us = now_us
        report = reports[0] if reports else None
        likeness = cache.near_likeness
        why = objection(report, now_us, model=cache.near_model, likeness=likeness)
        if why == self.refusal:
            return
        self.refusal = why
        if why:
            self._say("near_stays_shadow", why=why)
        else:
            self._say("near_serves", likeness=likeness)

    # ---- one call

    async def _look_at(self, asking: Asking, route: str, kept: Kept) -> None:
        call, question = asking.call, self._question(asking)
        if question is None:
            return
        answer = answer_of(call.surface, kept.body, streamed=kept.stream)
        if answer is None:
            return
        vector = await self._vector(question)
        if vector is None:
            return
        found = await self._match(question, vector)
        look = Look(self._now_us(), call.id, call.holder.key_id, route, self._model)
        if found is not None:
            neighbour = found.neighbour
            compare = partial(agrees, answer, neighbour.entry.answer)
            agreed = await _aside(compare, len(answer))
            look = look._replace(
                other_id=neighbour.entry.call_id,
                likeness=thousandths(neighbour.likeness),
                verdict=SAME if found.verdict.same else found.verdict.why,
                agreed=int(agreed),
                worth_nusd=kept.cost_nusd,
            )
        self._looks.append(look)
        self._index.add(
            Entry(
                question.context,
                question.text,
                answer,
                vector,
                kept.at_us,
                call.id,
                asking.asked,
            )
        )

    def _question(self, asking: Asking) -> Question | None:
        call = asking.call
        return question_of(call.surface, call.envelope, asking.scope, self._secret)

    async def _match(self, question: Question, vector: Vector) -> Match | None:
        """Step by step: other calls shall not wait for a search among thousands."""
        cache = self._cache()
        self._index.ttl_us = int(cache.ttl_s * SECOND)
        least = cache.near_likeness
        text, context = question
        search = self._index.search(context, text, vector, least, self._now_us())
        neighbours = await _found(search)
        return await _aside(partial(match, text, neighbours), len(text))

    async def _kept(self, neighbour: Neighbour, replies: ReplyStore) -> Served | None:
        entry, now_us = neighbour.entry, self._now_us()
        kept = replies.near(entry.asked, now_us)
        if kept is None:
            kept = await replies.get(entry.asked, now_us)
        if kept is None:
            return None
        self._index.use(entry)
        return Served(kept, neighbour.likeness)

    # ---- numbers

    async def _vector(self, question: Question) -> Vector | None:
        """The question as a point; None: it cannot be had now."""
        model = self._cache().near_model
        if model != self._model:
            self._model = model
            self._index.clear()
            self._vectors.clear()
        known = self._vectors.get(question.text) or self._index.vector(
            question.context, question.text
        )
        if known is not None:
            return known
        if self._now_us() < self._rests_until_us:
            return None
        try:
            vector = await self._embed(question.text, model)
        except Fault as fault:
            self._rest(fault.message)
            return None
        if model == self._model:
            self._vectors[question.text] = vector
            if len(self._vectors) > KNOWN:
                self._vectors.popitem(last=False)
        return vector

    async def _embed(self, text: str, model: str) -> Vector:
        assert self._engine is not None, "run() has begun"
        body = msgspec.json.encode({"model": model, "input": text})
        caller = Caller(_FIELDS, Holder(tags=TAG))
        name = f"hg_{secrets.token_hex(12)}"
        call = open_call(SURFACES["embeddings"], body, caller, id=name)
        record = Record(time.monotonic)
        await self._engine().serve(call, record)
        head = record.head
        if head is None or head.status != 200:
            status = head.status if head is not None else 0
            said = f"{model} answered call {name} with {status}: `headgate explain {name}`"
            raise Fault(Kind.UPSTREAM, said)
        try:
            points = _POINTS.decode(record.body).data
        except BROKEN:
            points = []
        vector = unit(points[0].embedding) if points else None
        if vector is None:
            said = f"{model} answered call {name} with no numbers that make a point"
            raise Fault(Kind.UPSTREAM, said)
        if self._troubled:
            self._troubled = False
            self._say("near_works_again")
        return vector

    def _rest(self, why: str) -> None:
        """Say what is wrong, once, and leave the model alone for a while."""
        self._rests_until_us = self._now_us() + int(REST_S * SECOND)
        if not self._troubled:
            self._say("near_trouble", why=why, hint="try near_model with a call of your own")
        self._troubled = True

    async def _write(self) -> None:
        """Note what was found; what cannot be noted now is tried with what comes next."""
        looks, self._looks = self._looks, []
        if looks and await self._notices.ask(lambda store: table.add(store, looks)) is None:
            self._looks = [*looks, *self._looks][-AT_ONCE * 4 :]

    def _cache(self) -> CacheConfig:
        return self._engine().config.cache if self._engine is not None else _OFF


_OFF = CacheConfig()


async def _aside(job: Callable[[], T], chars: int) -> T:
    """Long texts are compared in a thread: running calls shall not wait for that."""
    return job() if chars < SHORT_CHARS else await asyncio.to_thread(job)


async def _found(search: Generator[None, None, list[Neighbour]]) -> list[Neighbour]:
    while True:
        try:
            next(search)
        except StopIteration as end:
            return list(end.value)
        await asyncio.sleep(0)


def header(served: Served) -> bytes:
    """What a client is told of where its answer comes from; likeness is rounded down."""
    return b"near; likeness=%.2f" % (int(served.likeness * PER_MILLE) // 10 / 100)
