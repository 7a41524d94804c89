"""Containers as callers of vendors' code tools know them, over sessions of our sandbox.

Rule 1: a container is its owner's: to anybody else it does not exist.
Rule 2: a session that ended, idle or at a limit, is begun anew at the next run with the files
that are kept; the model is told so, as variables are gone.
Rule 3: what is kept of files is bounded for each owner, whose own oldest go first, and for all
together: then a new one is refused, never another's let go.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from headgate.sandbox.model import Artefact, Job, Limits, Refused, Result, Status
from headgate.sandbox.model import File as LaidFile
from headgate.sandbox.shelf import Held, Room, to_go
from headgate.wire.model import Fault, Kind
from headgate.wire.served.model import MadeFile

IDLE_S = 1200.0
"""a container that nobody used for so long is gone, as OpenAI's are"""
MOST, MOST_OWN = 1024, 128
"""containers of all owners, and of one: there its own that was not used for longest goes"""
MOST_KEPT_BYTES = 256 * 1024 * 1024
MOST_OWN_BYTES = 64 * 1024 * 1024
MOST_INLINE_BYTES = 1024 * 1024
"""a larger picture is fetched by its id"""
MEMORY_MB = 1024
WALL_S = 60.0
DISK_MB = 256
FOLLOWED = 4096
"""responses of which it is known where they ran"""
MADE_MB = 16
"""of all files that one run leaves for the caller; they come with its result"""
_GONE = "it ended after {0:g} minutes without use, or never was; leave it out to get a new one"
_ANEW = (
    "(the sandbox was started anew: variables are gone, and of files only those made for the"
    " user and those laid into it are there)\n"
)


Begins = Callable[[], None] | None
"""called when a run leaves the line"""


class Sandboxed(Protocol):
    """What is asked of the sandbox."""

    async def run(self, job: Job, heard: None = None, begins: Begins = None) -> Result: ...

    async def open_session(self, tenant: str, language: str, limits: Limits) -> str: ...

    async def close_session(self, session: str, tenant: str) -> None: ...


@dataclass(slots=True)
class Kept:
    """A file that callers can fetch."""

    id: str
    owner: str
    container: str
    path: str
    mime: str
    data: bytes
    at: datetime
    source: str = "assistant"
    """or user: laid into it by the caller"""
    sha256: str = ""


@dataclass(slots=True, eq=False)
class Container:
    """One caller's place to run code in."""

    id: str
    owner: str
    limits: Limits
    at: datetime
    used: float
    """monotonic seconds"""
    used_at: datetime
    name: str = ""
    session: str = ""
    began: bool = False
    """has it ever had one"""
    files: list[str] = field(default_factory=list)
    """ids of those in it, the oldest first"""
    to_lay: list[str] = field(default_factory=list)
    """of those that the next run is to find"""
    known: dict[str, str] = field(default_factory=dict)
    """what the model was told of each run"""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Containers:
    """Those of one process; they outlive a reload."""

    def __init__(self, clock: Callable[[], float], idle_s: float = IDLE_S) -> None:
        self._clock = clock
        self.idle_s = idle_s
        self._all: OrderedDict[str, Container] = OrderedDict()
        self._files: OrderedDict[str, Kept] = OrderedDict()
        self._size = 0
        self._follows: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    # ---- containers

    def open(self, owner: str, prefix: str, memory_mb: int = 0, name: str = "") -> Container:
        """A new one; its session begins with its first run."""
        container = self.make(owner, prefix, memory_mb, name)
        now = self._clock()
        for it in [it for it in self._all.values() if now - it.used > self.idle_s]:
            del self._all[it.id]
        own = [it for it in self._all.values() if it.owner == owner]
        if len(own) >= MOST_OWN:
            del self._all[own[0].id]
        elif len(self._all) >= MOST:
            text = f"{MOST} containers are in use here: close one, or try again in a while"
            raise Fault(Kind.BUSY, text)
        self._all[container.id] = container
        return container

    def make(self, owner: str, prefix: str, memory_mb: int = 0, name: str = "") -> Container:
        """One that nobody finds again."""
        now, at = self._clock(), datetime.now(UTC)
        limits = Limits(
            wall_s=WALL_S,
            memory_mb=memory_mb or MEMORY_MB,
            disk_mb=DISK_MB,
            artefact_mb=MADE_MB,
            inline_bytes=MADE_MB << 20,
        )
        id = f"{prefix}_{secrets.token_hex(20)}"
        return Container(id, owner, limits, at, now, at, name)

    def find(self, id: str, owner: str) -> Container:
        """Fault when it is not there any more, or somebody else's."""
        container = self._all.get(id)
        gone = container is None or container.owner != owner
        if container is None or gone or self._clock() - container.used > self.idle_s:
            text = f"container {id[:80]!r}: {_GONE.format(self.idle_s / 60)}"
            raise Fault(Kind.NOT_FOUND, text)
        self._all.move_to_end(id)
        return container

    def of(self, owner: str) -> list[Container]:
        """The owner's, the newest last."""
        now = self._clock()
        return [
            it
            for it in self._all.values()
            if it.owner == owner and now - it.used <= self.idle_s
        ]

    def last_of(self, ids: Iterable[str], owner: str) -> Container | None:
        """The latest of those that a conversation tells of, if it lives."""
        for id in reversed([*ids]):
            with contextlib.suppress(Fault):
                return self.find(id, owner)
        return None

    def follow(self, owner: str, response: str, upstream: str, container: str) -> None:
        """Remember a response that its caller may follow on, by the id they know."""
        self._follows[owner, response] = (upstream, container)
        while len(self._follows) > FOLLOWED:
            self._follows.popitem(last=False)

    def followed(self, owner: str, response: str) -> tuple[str, str]:
        """(its id as the upstream knows it, the container it ran in or nothing)."""
        return self._follows.get((owner, response), (response, ""))

    def tell(self, container: str, owner: str, known: dict[str, str]) -> None:
        """Remember what the model was told, for as long as the container is there."""
        with contextlib.suppress(Fault):
            self.find(container, owner).known.update(known)

    def use(self, container: Container) -> None:
        container.used, container.used_at = self._clock(), datetime.now(UTC)

    def expires_at(self, container: Container) -> datetime:
        left_s = self.idle_s - (self._clock() - container.used)
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + left_s, UTC)

    async def close(self, container: Container, sandbox: Sandboxed | None) -> None:
        """End it, and forget its files."""
        self._all.pop(container.id, None)
        for id in list(container.files):
            self.forget(id)
        await _end_session(container, sandbox)

    # ---- files

    def keep(self, container: Container, artefact: Artefact) -> MadeFile | None:
        """A file that a run made; None when nothing of it is at hand."""
        if artefact.data is None:
            return None
        for id in container.files:
            known = self._files.get(id)
            if known and (known.path, known.sha256) == (artefact.path, artefact.sha256):
                return None
        try:
            kept = self._put(container, artefact.path, artefact.data, artefact.mime)
        except Fault:
            return None
        kept.sha256 = artefact.sha256
        return shown(kept)

    def lay(self, container: Container, path: str, data: bytes) -> Kept:
        """A file of the caller's, for the next run."""
        kept = self._put(container, path, data, "application/octet-stream")
        kept.source = "user"
        container.to_lay.append(kept.id)
        return kept

    def store(self, owner: str, path: str, data: bytes) -> Kept:
        """A file of the caller's, in no container yet."""
        kept = self._put(self.make(owner, "container"), path, data, "application/octet-stream")
        kept.source, kept.container = "user", ""
        return kept

    def files_by(self, owner: str) -> list[Kept]:
        return [it for it in self._files.values() if it.owner == owner]

    def _put(self, container: Container, path: str, data: bytes, mime: str) -> Kept:
        prefix = "cfile" if container.id.startswith("cntr") else "file"
        id, at = f"{prefix}_{secrets.token_hex(16)}", datetime.now(UTC)
        kept = Kept(id, container.owner, container.id, path, mime, data, at)
        self._make_room(container.owner, len(data))
        self._files[id] = kept
        container.files.append(id)
        self._size += len(data)
        return kept

    def _make_room(self, owner: str, size: int) -> None:
        """Let go of the owner's oldest; Fault: that would not be enough."""
        own = [Held(n, it.id, len(it.data)) for n, it in enumerate(self.files_by(owner))]
        others = self._size - sum(it.size for it in own)
        room = Room(MOST_KEPT_BYTES, MOST_OWN_BYTES)
        going = to_go(own, size, others, room)
        if going is None:
            most = min(room.own_bytes, room.all_bytes - others) >> 20
            text = f"a file of {size} bytes cannot be kept: {most} MB of this key's can be"
            raise Fault(Kind.TOO_LARGE if size > room.own_bytes else Kind.BUSY, text)
        for it in going:
            self.forget(it.name)

    def forget(self, id: str) -> None:
        kept = self._files.pop(id, None)
        if kept is None:
            return
        self._size -= len(kept.data)
        container = self._all.get(kept.container)
        if container is not None and id in container.files:
            container.files.remove(id)

    def file(self, id: str, owner: str) -> Kept:
        """Fault when there is no such file of this owner's."""
        kept = self._files.get(id)
        if kept is None or kept.owner != owner:
            raise Fault(Kind.NOT_FOUND, f"file {id[:80]!r} does not exist, or not any more")
        return kept

    def files_of(self, container: Container) -> list[Kept]:
        return [self._files[id] for id in container.files if id in self._files]

    def share(self, container: Container, ids: Iterable[str]) -> None:
        """Lay files of the same owner's into it; Fault names one that is not there."""
        for id in ids:
            kept = self.file(id, container.owner)
            if kept.container != container.id:
                kept = self._put(container, kept.path, kept.data, kept.mime)
                kept.source = "user"
            if kept.id not in container.to_lay:
                container.to_lay.append(kept.id)

    # ---- runs

    async def run(
        self, container: Container, code: str, sandbox: Sandboxed, begins: Begins = None
    ) -> Result:
        """Run one cell in it; Unavailable and Refused say why that is not done."""
        async with container.turn:
            self.use(container)
            anew = container.began and not container.session
            if not container.session:
                container.session = await self._begin(container, sandbox)
                if container.began:
                    container.to_lay = list(container.files)
                container.began = True
            try:
                result = await sandbox.run(self._job(container, code), None, begins)
            except Refused as refused:
                if refused.kind != "not_found":
                    raise
                container.session, anew = await self._begin(container, sandbox), True
                container.to_lay = list(container.files)
                result = await sandbox.run(self._job(container, code), None, begins)
            container.to_lay = []
            if result.status not in (Status.OK, Status.ERROR, Status.OUTPUT, Status.ARTEFACTS):
                await _end_session(container, sandbox)
            self.use(container)
        return _said_anew(result) if anew else result

    def _job(self, container: Container, code: str) -> Job:
        laid = [self._files[id] for id in container.to_lay if id in self._files]
        return Job(
            "python",
            code,
            files=tuple(LaidFile(it.path, it.data) for it in laid),
            limits=container.limits,
            tenant=container.owner,
            session=container.session,
            cached=False,
        )

    async def _begin(self, container: Container, sandbox: Sandboxed) -> str:
        """A session for it; where the owner has too many, the one idle longest makes room."""
        owner, limits = container.owner, container.limits
        try:
            return await sandbox.open_session(owner, "python", limits)
        except Refused as refused:
            resting = [it for it in self.of(owner) if it.session and not it.turn.locked()]
            if refused.kind != "busy" or not resting:
                raise
        await _end_session(min(resting, key=lambda it: it.used), sandbox)
        return await sandbox.open_session(owner, "python", limits)


async def _end_session(container: Container, sandbox: Sandboxed | None) -> None:
    session, container.session = container.session, ""
    if session and sandbox is not None:
        try:
            await sandbox.close_session(session, container.owner)
        except Refused:
            return  # it was over already


def _said_anew(result: Result) -> Result:
    return msgspec.structs.replace(result, stdout=_ANEW + result.stdout)


def shown(kept: Kept) -> MadeFile:
    url = ""
    if kept.mime.startswith("image/") and len(kept.data) <= MOST_INLINE_BYTES:
        url = f"data:{kept.mime};base64,{base64.b64encode(kept.data).decode()}"
    return MadeFile(kept.id, kept.path, kept.mime, url)
