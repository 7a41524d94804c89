"""The sessions and artefacts of this worker: who owns which, and what is done with them.

Rule 1: what belongs to another key is not there for this one.
Rule 2: a session that the sandbox has ended is forgotten when that is found out.
Rule 3: nothing that is kept grows without bound.
"""

from __future__ import annotations

import asyncio
import io
import secrets
import tarfile
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

import msgspec

from headgate.gateway.execute import ops, trouble
from headgate.gateway.execute.ops import Answer, Begin, Hear, Kept, Room
from headgate.sandbox.model import (
    Artefact,
    Heard,
    Job,
    Limits,
    Made,
    Refused,
    Result,
    Unavailable,
)
from headgate.wire.model import Kind

KEPT_S = 3600.0
"""how long an artefact that was answered by reference can be fetched"""
KEPT = 10_000


class Box(Protocol):
    """As much of a Sandbox as is used here."""

    async def run(
        self, job: Job, heard: Hear | None = None, begins: Begin | None = None
    ) -> Result: ...
    async def open_session(
        self, tenant: str, language: str, limits: Limits, snapshot: bytes | None = None
    ) -> str: ...
    async def close_session(self, session: str, tenant: str) -> None: ...
    async def snapshot(self, session: str, tenant: str) -> bytes: ...
    async def artefact(self, reference: str, tenant: str) -> bytes | None: ...
    def figures(self) -> Mapping[str, float]:
        """running, waiting, spares: how it stands now."""
        ...


class Here:
    """What one worker runs and keeps; used on its event loop."""

    def __init__(
        self,
        box: Box,
        place: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._box = box
        self._place = place
        self._clock = clock
        self._rooms: dict[str, tuple[Room, str]] = {}
        """by our id, with the sandbox's"""
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._turns: dict[str, asyncio.Lock] = {}

    @property
    def sessions(self) -> int:
        return len(self._rooms)

    async def do(
        self, ask: ops.Run | ops.Errand, hear: Hear | None = None, begins: Begin | None = None
    ) -> Answer:
        """What is asked for; Fault says why it is not to be had."""
        try:
            if isinstance(ask, ops.Run):
                return Answer(await self._run(ask, hear, begins))
            return await self._do(ask)
        except (Refused, Unavailable) as error:
            raise trouble.of(error) from error

    async def _do(self, ask: ops.Errand) -> Answer:
        match ask:
            case ops.Open():
                answer = Answer(rooms=[await self._open(ask)])
            case ops.Close():
                answer = Answer(rooms=[await self._close(ask)])
            case ops.Look():
                answer = Answer(rooms=self._look(ask))
            case ops.Put():
                await self._put(ask)
                answer = Answer()
            case ops.Take():
                answer = Answer(data=await self._take(ask))
            case _:
                answer = await self._fetch(ask)
        return answer

    # ---- running

    async def _run(self, ask: ops.Run, hear: Hear | None, begins: Begin | None) -> Result:
        job = ask.job
        heard = self._telling(hear, ask.owner, job.tenant)
        if job.session:
            result = await self._in_room(ask, heard, begins)
        else:
            result = await self._box.run(job, heard, begins)
        return self._referred(result, ask.owner, job.tenant)

    async def _in_room(
        self, ask: ops.Run, hear: Hear | None, begins: Begin | None = None
    ) -> Result:
        """One after the other: a session has one state."""
        room, inner = self._find(ask.owner, ask.job.session)
        job = msgspec.structs.replace(
            ask.job,
            session=inner,
            tenant=room.tenant,
            language=ask.job.language or room.language,
        )
        async with self._turns[room.id]:
            self._find(ask.owner, room.id)  # it may have ended meanwhile
            try:
                return await self._box.run(job, hear, begins)
            except Refused as error:
                raise self._lost(room.id, inner, error) from error
            finally:
                self._used(room.id)

    def _lost(self, id: str, inner: str, error: Refused) -> Exception:
        """What its session's caller is told; one that has ended is forgotten."""
        if error.kind != "not_found":
            return error
        if id in self._rooms:
            self._forget(id)
        return _ended(id, inner, error)

    def _telling(self, hear: Hear | None, owner: str, tenant: str) -> Hear | None:
        """The same, with our names for artefacts that are kept."""
        if hear is None:
            return None

        def tell(it: Heard) -> None:
            if isinstance(it, Made):
                it = Made(self._refer(it.artefact, owner, tenant))
            hear(it)

        return tell

    def _referred(self, result: Result, owner: str, tenant: str) -> Result:
        if not any(each.reference for each in result.artefacts):
            return result
        found = tuple(self._refer(each, owner, tenant) for each in result.artefacts)
        return msgspec.structs.replace(result, artefacts=found)

    def _refer(self, it: Artefact, owner: str, tenant: str) -> Artefact:
        if not it.reference:
            return it
        name = f"{ops.ARTEFACT}_{self._place}_{it.reference}"
        until = self._clock() + KEPT_S
        self._kept.pop(name, None)
        self._kept[name] = Kept(owner, tenant, it.reference, it.mime, it.path, it.size, until)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return msgspec.structs.replace(it, reference=name)

    async def _fetch(self, ask: ops.Fetch) -> Answer:
        kept = self._kept.get(ask.id)
        if kept is None or kept.owner != ask.owner or kept.until < self._clock():
            raise ops.absent(ask.id, ops.ARTEFACT)
        data = await self._box.artefact(kept.reference, kept.tenant)
        if data is None:
            del self._kept[ask.id]
            raise ops.absent(ask.id, ops.ARTEFACT)
        return Answer(kept=kept, data=data)

    # ---- sessions

    async def _open(self, ask: ops.Open) -> Room:
        inner = await self._box.open_session(
            ask.tenant, ask.language, ask.limits, ask.snapshot or None
        )
        id = f"{ops.SESSION}_{self._place}_{secrets.token_urlsafe(18)}"
        now_us = time.time_ns() // 1000
        room = Room(
            id, ask.owner, ask.tenant, ask.language, ask.limits, now_us, now_us, 0, ask.label
        )
        self._rooms[id] = room, inner
        self._turns[id] = asyncio.Lock()
        return room

    async def _close(self, ask: ops.Close) -> Room:
        room, inner = self._find(ask.owner, ask.session)
        self._forget(room.id)
        with suppress(Refused):  # it has ended by itself
            await self._box.close_session(inner, room.tenant)
        return room

    def _look(self, ask: ops.Look) -> list[Room]:
        if ask.session:
            return [self._find(ask.owner, ask.session)[0]]
        return [room for room, _ in self._rooms.values() if room.owner == ask.owner]

    async def _put(self, ask: ops.Put) -> None:
        """A run without code lays files like any other."""
        job = Job("", "", files=(ask.file,), session=ask.session, cached=False)
        result = await self._in_room(ops.Run(ask.owner, job), None)
        if result.status != "ok":
            what = result.hint or result.stderr.strip() or f"it ended as {result.status}"
            raise trouble.wrong("file", f"could not be laid into the session: {what}")

    async def _take(self, ask: ops.Take) -> bytes:
        room, inner = self._find(ask.owner, ask.session)
        async with self._turns[room.id]:
            try:
                tar = await self._box.snapshot(inner, room.tenant)
            except Refused as error:
                raise self._lost(room.id, inner, error) from error
        self._used(room.id, runs=0)
        if not ask.path:
            return tar
        data = await asyncio.to_thread(_member, tar, ask.path)
        if data is None:
            what = f"session {room.id} has no file {ask.path!a}"
            raise trouble.Trouble(Kind.NOT_FOUND, what, code="file_not_found")
        return data

    def _find(self, owner: str, id: str) -> tuple[Room, str]:
        found = self._rooms.get(id)
        if found is None or found[0].owner != owner:
            raise ops.absent(id, ops.SESSION)
        return found

    def _used(self, id: str, runs: int = 1) -> None:
        if id in self._rooms:
            room, inner = self._rooms[id]
            now_us = time.time_ns() // 1000
            used = msgspec.structs.replace(room, used_us=now_us, runs=room.runs + runs)
            self._rooms[id] = used, inner

    def _forget(self, id: str) -> None:
        del self._rooms[id], self._turns[id]

    def sweep(self, idle_s: float) -> None:
        """Forget what has been idle for longer than the sandbox keeps it."""
        oldest_us = time.time_ns() // 1000 - int(idle_s * 1e6)
        for id in [id for id, (room, _) in self._rooms.items() if room.used_us < oldest_us]:
            if not self._turns[id].locked():
                self._forget(id)
        now = self._clock()
        for name in [name for name, kept in self._kept.items() if kept.until < now]:
            del self._kept[name]


def _ended(id: str, inner: str, error: Refused) -> trouble.Trouble:
    """The sandbox's own words for why, with the name that its caller knows."""
    what = error.what.replace(inner, id)
    remedy = error.remedy or "open a new one"
    return trouble.Trouble(Kind.NOT_FOUND, what, code="session_not_found", remedy=remedy)


def _member(tar: bytes, path: str) -> bytes | None:
    """One regular file of an archive."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        for each in opened:
            if each.isreg() and each.name.removeprefix("./") == path:
                found = opened.extractfile(each)
                return found.read() if found is not None else None
    return None
