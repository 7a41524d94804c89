"""What one worker may ask of another, and what it is answered: sessions live in one of them.

Rule 1: whoever asks has been let in already: `owner` is the key, and only its own is found.
Rule 2: an id begins with the place of the worker that made it; the rest is the sandbox's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from headgate.engine.lodging import Came, Entry, Stay, Told
from headgate.gateway.execute.trouble import Trouble
from headgate.sandbox.model import Artefact, File, Heard, Job, Limits, Result
from headgate.wire.model import Kind

Hear = Callable[[Heard], None]
Begin = Callable[[], None]
SESSION, ARTEFACT = "sess", "art"
_ID = re.compile(r"(sess|art)_([1-9][0-9]{0,2})_([A-Za-z0-9_-]{8,128})")


class Room(msgspec.Struct, frozen=True):
    """A session as its key sees it."""

    id: str
    owner: str
    tenant: str
    language: str
    limits: Limits
    created_us: int
    used_us: int
    runs: int = 0
    label: str = ""
    """what else is to be known of it, for those who speak another API"""


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Run this; in a session if the job names one."""

    owner: str
    job: Job


class Open(msgspec.Struct, frozen=True, tag="open"):
    owner: str
    tenant: str
    language: str
    limits: Limits
    label: str = ""
    snapshot: bytes = b""
    """a tar archive of files that it begins with"""


class Close(msgspec.Struct, frozen=True, tag="close"):
    owner: str
    session: str
    tenant: str = ""
    """whose it is, in case it has to be taken up again from what is kept of it"""


class Look(msgspec.Struct, frozen=True, tag="look"):
    """One session of this owner, or all of them."""

    owner: str
    session: str = ""
    tenant: str = ""


class Put(msgspec.Struct, frozen=True, tag="put"):
    owner: str
    session: str
    file: File
    tenant: str = ""


class Take(msgspec.Struct, frozen=True, tag="take"):
    """The work folder of a session as a tar archive, or the one file of this path."""

    owner: str
    session: str
    path: str = ""
    tenant: str = ""


class Fetch(msgspec.Struct, frozen=True, tag="fetch"):
    """An artefact that was answered by reference."""

    owner: str
    id: str


class Page(msgspec.Struct, frozen=True, tag="page"):
    """A request for containers or files, of somebody who was let in."""

    owner: str
    method: str
    what: str
    """containers or files"""
    parts: tuple[str, ...]
    """the path below that"""
    query: dict[str, str]
    body: bytes
    kind: str
    """its content-type"""
    anthropic: bool
    most_memory_mb: int


class Enter(msgspec.Struct, frozen=True, tag="enter"):
    """A call needs the container of its conversation."""

    owner: str
    entry: Entry


class Cell(msgspec.Struct, frozen=True, tag="cell"):
    """Run this in a container."""

    owner: str
    container: str
    code: str


class Remember(msgspec.Struct, frozen=True, tag="remember"):
    owner: str
    told: Told


Errand = Open | Close | Look | Put | Take | Fetch
Homely = Page | Enter | Cell | Remember
"""what is asked at an owner's home: where all of its containers are"""
Ask = Run | Errand | Homely


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The run has left the line."""


class Answer(msgspec.Struct, frozen=True, tag="answer", omit_defaults=True):
    """What came of it; of its fields the one that was asked for."""

    result: Result | None = None
    rooms: list[Room] = []
    made: Artefact | None = None
    data: bytes = b""
    headers: list[tuple[bytes, bytes]] = []
    stay: Stay | None = None
    came: Came | None = None


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Nothing came of it: the fault."""

    kind: Kind
    message: str
    param: str = ""
    code: str = ""
    remedy: str = ""
    retry_after: float | None = None


def place_of(id: str, kind: str) -> int:
    """Which worker made it; Fault when it is no id of that kind."""
    match = _ID.fullmatch(id)
    if match is None or match[1] != kind:
        raise absent(id, kind)
    return int(match[2])


def outer(inner: str, kind: str, place: int) -> str:
    """The sandbox's own id, as callers know it."""
    return f"{kind}_{place}_{inner.removeprefix(f'{kind}_')}"


def inner(id: str, kind: str) -> str:
    """The other way round; Fault when it is no id of that kind."""
    place = place_of(id, kind)
    return f"{kind}_{id.removeprefix(f'{kind}_{place}_')}"


def absent(id: str, kind: str) -> Trouble:
    """There is none, or it is another's: nobody is told which."""
    shown = ascii(id[:80])
    if kind == ARTEFACT:
        what = f"no artefact {shown} is kept here for this key"
        why = "artefacts are kept for a while, the oldest go first: run the code again"
    else:
        what = f"no session {shown} is open here for this key"
        why = "it was closed, idle for too long, or lives on another host: open a new one"
    return Trouble(Kind.NOT_FOUND, what, code=f"{_NAMES[kind]}_not_found", remedy=why)


_NAMES = {SESSION: "session", ARTEFACT: "artefact"}
