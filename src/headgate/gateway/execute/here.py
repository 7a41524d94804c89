"""The sessions and artefacts of this worker: who owns which, and what is done with them.

Rule 1: what belongs to another key is not there for this one.
Rule 2: a session that the sandbox has ended is forgotten when that is found out.
Rule 3: what the sandbox keeps on disk is here again after a restart, for the same key.
"""

from __future__ import annotations

import asyncio
import io
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import msgspec

from headgate.gateway.execute import ops, trouble
from headgate.gateway.execute.ops import ARTEFACT, SESSION, Answer, Begin, Hear, Room
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

HOUSE = "house"
"""the owner of what is kept for calls without a key"""
_read = msgspec.msgpack.Decoder(Room).decode


class Box(Protocol):
    """As much of a Sandbox as is used here."""

    async def run(
        self, job: Job, heard: Hear | None = None, begins: Begin | None = None
    ) -> Result: ...
    async def open_session(
        self,
        tenant: str,
        language: str,
        limits: Limits,
        snapshot: bytes | None = None,
        note: bytes = b"",
    ) -> str: ...
    async def session_note(self, session: str, tenant: str) -> bytes: ...
    async def close_session(self, session: str, tenant: str) -> None: ...
    async def snapshot(self, session: str, tenant: str) -> bytes: ...
    async def artefact(self, reference: str, owner: str) -> Artefact | None: ...
    def figures(self) -> Mapping[str, float]:
        """running, waiting, spares: how it stands now."""
        ...


class Here:
    """What one worker runs and keeps; used on its event loop."""

    def __init__(
        self,
        box: Box,
        place: int = 1,
    ) -> None:
        self._box = box
        self._place = place
        self._rooms: dict[str, tuple[Room, str]] = {}
        """by our id, with the sandbox's"""
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
                answer = Answer(rooms=await self._look(ask))
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
        job = msgspec.structs.replace(ask.job, owner=ask.owner or HOUSE)
        heard = self._telling(hear)
        if job.session:
            result = await self._in_room(ops.Run(ask.owner, job), heard, begins)
        else:
            result = await self._box.run(job, heard, begins)
        return self._referred(result)

    async def _in_room(
        self, ask: ops.Run, hear: Hear | None, begins: Begin | None = None
    ) -> Result:
        """One after the other: a session has one state."""
        room, inner = await self._find(ask.owner, ask.job.session, ask.job.tenant)
        job = msgspec.structs.replace(
            ask.job,
            session=inner,
            tenant=room.tenant,
            language=ask.job.language or room.language,
        )
        async with self._turns[room.id]:
            await self._find(ask.owner, room.id)  # it may have ended meanwhile
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

    def _telling(self, hear: Hear | None) -> Hear | None:
        """The same, with our names for artefacts that are kept."""
        if hear is None:
            return None

        def tell(it: Heard) -> None:
            hear(Made(self._named(it.artefact)) if isinstance(it, Made) else it)

        return tell

    def _referred(self, result: Result) -> Result:
        if not any(each.reference for each in result.artefacts):
            return result
        found = tuple(map(self._named, result.artefacts))
        return msgspec.structs.replace(result, artefacts=found)

    def _named(self, it: Artefact) -> Artefact:
        if not it.reference:
            return it
        name = ops.outer(it.reference, ARTEFACT, self._place)
        return msgspec.structs.replace(it, reference=name)

    async def _fetch(self, ask: ops.Fetch) -> Answer:
        reference = ops.inner(ask.id, ARTEFACT)
        made = await self._box.artefact(reference, ask.owner or HOUSE)
        if made is None or made.data is None:
            raise ops.absent(ask.id, ARTEFACT)
        return Answer(made=msgspec.structs.replace(made, data=None), data=made.data)

    # ---- sessions

    async def _open(self, ask: ops.Open) -> Room:
        now_us = time.time_ns() // 1000
        own = (ask.owner, ask.tenant, ask.language, ask.limits)
        room = Room("", *own, now_us, now_us, 0, ask.label)
        inner = await self._box.open_session(
            ask.tenant,
            ask.language,
            ask.limits,
            ask.snapshot or None,
            msgspec.msgpack.encode(room),
        )
        id = ops.outer(inner, SESSION, self._place)
        return self._enter(msgspec.structs.replace(room, id=id), inner)

    def _enter(self, room: Room, inner: str) -> Room:
        self._rooms[room.id] = room, inner
        self._turns[room.id] = asyncio.Lock()
        return room

    async def _close(self, ask: ops.Close) -> Room:
        room, inner = await self._find(ask.owner, ask.session, ask.tenant)
        self._forget(room.id)
        with suppress(Refused):  # it has ended by itself
            await self._box.close_session(inner, room.tenant)
        return room

    async def _look(self, ask: ops.Look) -> list[Room]:
        if ask.session:
            return [(await self._find(ask.owner, ask.session, ask.tenant))[0]]
        return [room for room, _ in self._rooms.values() if room.owner == ask.owner]

    async def _put(self, ask: ops.Put) -> None:
        """A run without code lays files like any other."""
        files = (ask.file,)
        job = Job("", "", files, tenant=ask.tenant, session=ask.session, cached=False)
        result = await self._in_room(ops.Run(ask.owner, job), None)
        if result.status != "ok":
            what = result.hint or result.stderr.strip() or f"it ended as {result.status}"
            raise trouble.wrong("file", f"could not be laid into the session: {what}")

    async def _take(self, ask: ops.Take) -> bytes:
        room, inner = await self._find(ask.owner, ask.session, ask.tenant)
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

    async def _find(self, owner: str, id: str, tenant: str = "") -> tuple[Room, str]:
        found = self._rooms.get(id)
        if found is None and tenant:
            found = await self._left(id, tenant)
        if found is None or found[0].owner != owner:
            raise ops.absent(id, SESSION)
        return found

    async def _left(self, id: str, tenant: str) -> tuple[Room, str] | None:
        """A session that this process does not know, but the sandbox kept the files of."""
        inner = ops.inner(id, SESSION)
        try:
            note = await self._box.session_note(inner, tenant)
        except (Refused, Unavailable):
            return None
        if id not in self._rooms:
            now_us = time.time_ns() // 1000
            room = msgspec.structs.replace(_read(note), id=id, used_us=now_us)
            self._enter(room, inner)
        return self._rooms[id]

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
