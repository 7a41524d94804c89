"""Sessions: places that remember from one cell to the next, and what becomes of them.

Rule 1: a session is its tenant's; to everybody else it is not there.
Rule 2: one that ended says why, for as long as that is remembered; it never begins anew unseen.
Rule 3: what is kept of a session are its files, never its variables; where they lie on disk,
any process of this host takes it up again, and one alone.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary

import msgspec

from headgate.sandbox import worker
from headgate.sandbox.foreman import Broken
from headgate.sandbox.model import (
    File,
    Job,
    Limits,
    Order,
    Refused,
    Result,
    Runtime,
    Status,
    Step,
)
from headgate.sandbox.pool import Hearing, Pool, Taken, broken_result
from headgate.sandbox.shelf import Found, Store
from headgate.sandbox.snapshot import pack, unpack

KERNEL = Path(worker.__file__).with_name("kernel.js").read_text()
STATEFUL = ("python", "javascript")
REMEMBERED = 4096
"""sessions that ended, of which the reason is still known"""
CLOSING_S = 5.0
"""how long the files of sessions may take to be kept when the sandbox is closed"""
OF_A_CELL = ("wall_s", "cpu_s", "output_bytes", "artefacts", "artefact_mb", "inline_bytes")
"""limits that each cell may set for itself; the others hold for the whole session"""


class Terms(NamedTuple):
    """How many there may be, and for how long."""

    most: int
    most_per_tenant: int
    idle_s: float
    life_s: float
    keep_s: float
    """the files of one that ended can be taken up again for so long"""
    snapshot_bytes: int


class Told(NamedTuple):
    """A session, as its tenant sees it."""

    id: str
    language: str
    idle_s: float
    age_s: float
    cells: int


@dataclass(eq=False, slots=True)
class _Session:
    id: str
    tenant: str
    runtime: Runtime
    limits: Limits
    taken: Taken
    files: tuple[File, ...]
    """what the first cell finds"""
    note: bytes
    """what whoever opened it wants to know of it again"""
    begun_s: float
    used_s: float
    cells: int = 0
    code_name: str = ""
    """of the file that held the last cell's code"""
    restored: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class _Ended(NamedTuple):
    tenant: str
    why: str


class Left(msgspec.Struct, frozen=True):
    """What can be taken up again, beside the files."""

    language: str
    limits: Limits
    note: bytes = b""


class Opening(NamedTuple):
    """A session that is to begin."""

    runtime: Runtime
    limits: Limits
    files: tuple[File, ...] = ()
    note: bytes = b""


_write = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(Left).decode
Renew = Callable[[str], Awaitable[Runtime]]
"""the runtime of a language, as it is now"""


class Sessions:
    """All sessions of one sandbox."""

    def __init__(
        self,
        pool: Pool,
        terms: Terms,
        store: Store,
        renew: Renew,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`store`: where the files of those lie that ended idle."""
        self._pool, self._terms, self._now = pool, terms, now
        self._store, self._renew = store, renew
        self._open: dict[str, _Session] = {}
        self._opening: list[str] = []
        """tenants whose session is just being opened"""
        self._ended: OrderedDict[str, _Ended] = OrderedDict()
        self._doors: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """of those that are just being taken up"""

    def __len__(self) -> int:
        return len(self._open)

    def told(self, tenant: str) -> tuple[Told, ...]:
        now = self._now()
        return tuple(
            Told(it.id, it.runtime.language, now - it.used_s, now - it.begun_s, it.cells)
            for it in self._open.values()
            if it.tenant == tenant
        )

    async def open(self, tenant: str, wished: Opening) -> str:
        """A new session; its files lie in its work folder."""
        language = wished.runtime.language
        if language not in STATEFUL:
            raise Refused(
                f"there are no sessions in {language}",
                f"they are in {' and '.join(STATEFUL)}; run each piece of code for itself",
            )
        name = f"sess_{secrets.token_hex(12)}"
        await self._begin(name, tenant, wished)
        return name

    async def run(self, job: Job, heard: Hearing = None) -> Result:
        """The next cell of a session; cells of one session run one after another."""
        while True:
            session = await self._find(job.session, job.tenant)
            async with session.turn:
                if self._open.get(session.id) is session:  # it may have ended meanwhile
                    return await self._cell(session, job, heard)

    async def close(self, name: str, tenant: str) -> None:
        """End it, and let go of what was kept of it."""
        session = self._open.get(name)
        if session is not None and session.tenant == tenant:
            self._end(session, "it was closed")
        elif await self._store.remove(name, tenant):
            self._remember(name, _Ended(tenant, "it was closed"))
        else:
            raise self._gone(name, tenant)

    async def files(self, name: str, tenant: str) -> tuple[File, ...]:
        """The files of its work folder."""
        if name not in self._open and (kept := await self._store.find(name, tenant)):
            return await self._unpacked(kept)
        session = await self._find(name, tenant)
        async with session.turn:
            session.used_s = self._now()
            return await self._files(session)

    async def note(self, name: str, tenant: str) -> bytes:
        """What its opener wanted to know of it; Refused: it is gone."""
        session = self._open.get(name)
        if session is not None and session.tenant == tenant:
            return session.note
        kept = await self._store.find(name, tenant)
        if kept is None:
            raise self._gone(name, tenant)
        return _read(kept.note).note

    async def tend(self) -> None:
        """End what was idle, or lived, for long enough."""
        now, terms = self._now(), self._terms
        for session in [*self._open.values()]:
            if session.turn.locked():
                continue
            if now - session.begun_s > terms.life_s:
                self._end(session, f"its life of {terms.life_s:g} s was over")
            elif now - session.used_s > terms.idle_s:
                await self._retire(session, f"it was idle for {terms.idle_s:g} s")

    async def close_all(self, within_s: float = CLOSING_S) -> None:
        """End every one, with its files kept as of one that is idle; a cell ends at once."""
        why = "the sandbox was closed"
        resting = [it for it in self._open.values() if not it.turn.locked()]
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(self._retire(it, why) for it in resting))
        for session in [*self._open.values()]:
            self._end(session, why)

    async def _begin(self, name: str, tenant: str, wished: Opening) -> _Session:
        self._check_room(tenant)
        self._opening.append(tenant)
        runtime, limits, files, note = wished
        try:
            taken = await self._pool.open(tenant, runtime, limits)
        except Broken as broken:
            raise Refused(
                f"the session could not begin: {broken}", "try again", "busy"
            ) from None
        finally:
            self._opening.remove(tenant)
        now = self._now()
        session = _Session(name, tenant, runtime, limits, taken, files, note, now, now)
        self._open[name] = session
        return session

    def _check_room(self, tenant: str) -> None:
        own = sum(it.tenant == tenant for it in self._open.values())
        own += self._opening.count(tenant)
        if own >= self._terms.most_per_tenant:
            what = f"{own} sessions of this tenant are open"
        elif len(self._open) + len(self._opening) >= self._terms.most:
            what = f"the sandbox is busy: {len(self._open)} sessions are open"
        else:
            return
        raise Refused(what, "close one of them, or wait until one ends idle", "busy")

    async def _find(self, name: str, tenant: str) -> _Session:
        """The session, taken up again from its files where it ended idle."""
        if (session := self._open.get(name)) is None:
            door = self._doors.setdefault(name, asyncio.Lock())
            async with door:
                session = self._open.get(name) or await self._take_up(name, tenant)
        if session.tenant != tenant:
            raise self._gone(name, tenant)
        return session

    async def _take_up(self, name: str, tenant: str) -> _Session:
        kept = await self._store.find(name, tenant)
        if kept is None or not await self._store.remove(name, tenant):
            raise self._gone(name, tenant)
        try:
            left, files = _read(kept.note), await self._unpacked(kept)
            runtime = await self._renew(left.language)
            wished = Opening(runtime, left.limits, files, left.note)
            session = await self._begin(name, tenant, wished)
        except BaseException:
            await asyncio.shield(self._store.put(name, tenant, kept, self._terms.keep_s))
            raise
        session.restored = True
        return session

    async def _unpacked(self, kept: Found) -> tuple[File, ...]:
        return await asyncio.to_thread(unpack, kept.data, self._terms.snapshot_bytes)

    def _gone(self, name: str, tenant: str) -> Refused:
        ended = self._ended.get(name)
        if ended is not None and ended.tenant == tenant:
            return Refused(f"session {name} ended: {ended.why}", "begin a new one", "not_found")
        return Refused("there is no such session", "begin a new one", "not_found")

    async def _cell(self, session: _Session, job: Job, heard: Hearing) -> Result:
        place = session.taken.place
        own = {name: getattr(job.limits, name) for name in OF_A_CELL}
        limits = msgspec.structs.replace(session.limits, **own)
        order = _order(session, job, limits)
        try:
            result = await place.carry_out(order, heard)
        except Broken as broken:
            result = broken_result(session.runtime, str(broken))
        except Refused:
            raise  # nothing was begun
        except BaseException:
            self._end(session, "a cell was stopped")
            raise
        session.used_s = self._now()
        session.cells += 1
        session.files = ()
        return self._told(session, result)

    def _told(self, session: _Session, result: Result) -> Result:
        """The result, with what its reader must know of the session."""
        hints = [result.hint] if result.hint else []
        if session.restored:
            session.restored = False
            hints.append("the session had ended: its files are back, its variables not")
        if not session.taken.place.alive:
            why = _why(result)
            self._end(session, why)
            hints.append(f"ended: {why}, begin a new one")
        return msgspec.structs.replace(result, hint="; ".join(hints))

    def _end(self, session: _Session, why: str) -> None:
        if self._open.pop(session.id, None) is None:
            return
        self._pool.close_place(session.taken)
        self._remember(session.id, _Ended(session.tenant, why))

    def _remember(self, name: str, ended: _Ended) -> None:
        self._ended[name] = ended
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)

    async def _retire(self, session: _Session, why: str) -> None:
        """End one that is not in use, with its files kept where that is asked for."""
        if self._terms.keep_s:
            async with session.turn:
                with suppress(Refused, Broken):  # too much to keep, or gone already
                    await self._leave(session)
        self._end(session, why)

    async def _files(self, session: _Session) -> tuple[File, ...]:
        if session.files and not session.cells:
            return session.files
        files = await session.taken.place.files(self._terms.snapshot_bytes)
        return tuple(it for it in files if it.path != session.code_name)

    async def _leave(self, session: _Session) -> None:
        left = Left(session.runtime.language, session.limits, session.note)
        data = await asyncio.to_thread(pack, await self._files(session))
        kept = Found(data, _write(left))
        await self._store.put(session.id, session.tenant, kept, self._terms.keep_s)


def _order(session: _Session, job: Job, limits: Limits) -> Order:
    """A cell as the worker takes it: its code is a file; a kernel is begun where none is."""
    runtime, files = session.runtime, (*session.files, *job.files)
    suffix = ".py" if runtime.kind == "python" else ".js"
    given = {it.path for it in files}
    session.code_name = next(it for it in _names("cell", suffix) if it not in given)
    if runtime.kind == "python":
        step = Step("cell", job.args, python=session.code_name, env=job.env)
    else:  # it is handed the last file of the order
        heap = f"--max-old-space-size={limits.memory_mb}"
        argv = (runtime.program, heap, "-e", KERNEL, *job.args)
        step = Step("cell", argv, env=job.env)
    code = File(session.code_name, job.code.encode("utf-8", "replace"))
    return Order(runtime, (step,), (*files, code), limits, job.stdin)


def _names(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    for number in count(1):
        yield f"{stem}_{number}{suffix}"


def _why(result: Result) -> str:
    match result.status:
        case Status.OK | Status.ERROR:
            return f"its code left with exit code {result.exit_code or 0}"
        case Status.SIGNAL:
            return f"its process was ended by signal {result.signal}"
        case Status.BROKEN:
            return "the sandbox failed"
        case status:
            return status.value
