"""Sessions: places that remember from one cell to the next, and what becomes of them.

Rule 1: a session is its tenant's; to everybody else it is not there.
Rule 2: one that ended says why, for as long as that is remembered; it never begins anew unseen.
Rule 3: what is kept of a session are its files, never its variables.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

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
from headgate.sandbox.shelf import Shelf

KERNEL = Path(worker.__file__).with_name("kernel.js").read_text()
STATEFUL = ("python", "javascript")
REMEMBERED = 4096
"""sessions that ended, of which the reason is still known"""
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
    snapshots_bytes: int


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


class _Left(NamedTuple):
    """What can be taken up again."""

    runtime: Runtime
    limits: Limits
    files: tuple[File, ...]


class Sessions:
    """All sessions of one sandbox."""

    def __init__(
        self, pool: Pool, terms: Terms, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool, self._terms, self._now = pool, terms, now
        self._open: dict[str, _Session] = {}
        self._opening: list[str] = []
        """tenants whose session is just being opened"""
        self._ended: OrderedDict[str, _Ended] = OrderedDict()
        self._left: Shelf[_Left] = Shelf(terms.snapshots_bytes)

    def __len__(self) -> int:
        return len(self._open)

    def told(self, tenant: str) -> tuple[Told, ...]:
        now = self._now()
        return tuple(
            Told(it.id, it.runtime.language, now - it.used_s, now - it.begun_s, it.cells)
            for it in self._open.values()
            if it.tenant == tenant
        )

    async def open(
        self, tenant: str, runtime: Runtime, limits: Limits, files: tuple[File, ...] = ()
    ) -> str:
        """A new session; `files` lie in its work folder."""
        if runtime.language not in STATEFUL:
            raise Refused(
                f"there are no sessions in {runtime.language}",
                f"they are in {' and '.join(STATEFUL)}; run each piece of code for itself",
            )
        name = f"sess_{secrets.token_hex(12)}"
        await self._begin(name, tenant, _Left(runtime, limits, files))
        return name

    async def run(self, job: Job, heard: Hearing = None) -> Result:
        """The next cell of a session; cells of one session run one after another."""
        while True:
            session = await self._find(job.session, job.tenant)
            async with session.turn:
                if self._open.get(session.id) is session:  # it may have ended meanwhile
                    return await self._cell(session, job, heard)

    def close(self, name: str, tenant: str) -> None:
        """End it, and let go of what was kept of it."""
        session = self._open.get(name)
        if session is not None and session.tenant == tenant:
            self._end(session, "it was closed")
        elif self._left.find(name, tenant) is not None:
            self._left.remove(name)
            self._remember(name, _Ended(tenant, "it was closed"))
        else:
            raise self._gone(name, tenant)

    async def files(self, name: str, tenant: str) -> tuple[File, ...]:
        """The files of its work folder."""
        if (left := self._left.find(name, tenant)) is not None:
            return left.files
        session = await self._find(name, tenant)
        async with session.turn:
            session.used_s = self._now()
            return await self._files(session)

    async def tend(self) -> None:
        """End what was idle, or lived, for long enough."""
        now, terms = self._now(), self._terms
        self._left.expire(now)
        for session in [*self._open.values()]:
            if session.turn.locked():
                continue
            if now - session.begun_s > terms.life_s:
                self._end(session, f"its life of {terms.life_s:g} s was over")
            elif now - session.used_s > terms.idle_s:
                await self._retire(session)

    def close_all(self) -> None:
        for session in [*self._open.values()]:
            self._end(session, "the sandbox was closed")

    async def _begin(self, name: str, tenant: str, left: _Left) -> _Session:
        self._check_room(tenant)
        self._opening.append(tenant)
        try:
            taken = await self._pool.open(tenant, left.runtime, left.limits)
        except Broken as broken:
            raise Refused(
                f"the session could not begin: {broken}", "try again", "busy"
            ) from None
        finally:
            self._opening.remove(tenant)
        now = self._now()
        session = _Session(name, tenant, left.runtime, left.limits, taken, left.files, now, now)
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
        session = self._open.get(name)
        if session is not None and session.tenant == tenant:
            return session
        left = self._left.find(name, tenant)
        if left is None:
            raise self._gone(name, tenant)
        self._left.remove(name)
        try:
            session = await self._begin(name, tenant, left)
        except BaseException:
            self._leave(name, tenant, left)
            raise
        session.restored = True
        return session

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
            hints.append("the session had ended idle: its files are back, its variables not")
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

    async def _retire(self, session: _Session) -> None:
        """End one that is idle, with its files kept where that is asked for."""
        left = None
        if self._terms.keep_s:
            async with session.turn:
                try:
                    files = await self._files(session)
                    left = _Left(session.runtime, session.limits, files)
                except (Refused, Broken):
                    left = None  # too much to keep, or gone already: it ends as without
        self._end(session, f"it was idle for {self._terms.idle_s:g} s")
        if left is not None:
            self._leave(session.id, session.tenant, left)

    async def _files(self, session: _Session) -> tuple[File, ...]:
        if session.files and not session.cells:
            return session.files
        files = await session.taken.place.files(self._terms.snapshot_bytes)
        return tuple(it for it in files if it.path != session.code_name)

    def _leave(self, name: str, tenant: str, left: _Left) -> None:
        size = sum(len(it.data) + len(it.path) for it in left.files) + 1024
        self._left.put(name, tenant, left, size, self._now() + self._terms.keep_s)


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
