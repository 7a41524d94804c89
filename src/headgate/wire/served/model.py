"""What a model wants run and what came of it, in words that both vendors' dialects share.

Rule 1: a Wanted has two ids: the upstream's own, and the one the caller is shown; each can be
told from the other, so that a conversation that comes back needs nothing remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from headgate.wire.broken import BROKEN
from headgate.wire.meaning import Object
from headgate.wire.model import Fault, Kind
from headgate.wire.sse import Sse

Tool = Literal["python", "bash", "edit"]
Trouble = Literal["", "unavailable", "busy", "time", "invalid", "not_found", "too_large"]
"""why there is no result; empty: there is one"""

_OBJECT = msgspec.json.Decoder(dict[str, Any])


class Wanted(msgspec.Struct):
    """One call of our function."""

    id: str
    """by which the upstream knows it"""
    shown: str
    """by which the caller knows it"""
    tool: Tool
    name: str
    """what the caller's vendor calls the tool"""
    arguments: str = ""
    """JSON, as the model wrote it"""

    @property
    def input(self) -> Object:
        """The arguments; empty when they are no object."""
        try:
            return _OBJECT.decode(self.arguments or "{}")
        except BROKEN:
            return {}


class MadeFile(msgspec.Struct, frozen=True):
    """A file that a run left for the caller."""

    id: str
    name: str
    mime: str
    url: str = ""
    """a data: URL of a picture that is small enough; empty: it is fetched by its id"""


class Ran(msgspec.Struct, frozen=True):
    """What came of one."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    trouble: Trouble = ""
    why: str = ""
    """the trouble in words"""
    files: tuple[MadeFile, ...] = ()
    edited: Object | None = None
    """of the editor: the vendor's result object without its type"""


class Box(msgspec.Struct, frozen=True):
    """The container that a call runs in, as its caller is told of it."""

    id: str
    expires_at: str
    """RFC 3339"""
    known: Mapping[str, str]
    """what the model was told of earlier runs, by the shown id"""


class Wish(msgspec.Struct, frozen=True):
    """What a request says of its container."""

    container: str = ""
    """an id of ours; empty: a new one"""
    files: tuple[str, ...] = ()
    """ids of files to be laid into it"""
    memory: str = ""
    """1g, 4g, …"""
    most_runs: int | None = None
    earlier: tuple[str, ...] = ()
    """containers that the conversation tells of, the latest last"""
    response: str = ""
    """the reply it follows on, where the caller names that"""
    offered: bool = True
    """is the tool among those that it offers; False: only its history tells of it"""


class Telling(Protocol):
    """One call: its rounds towards the model, and its one answer towards the caller."""

    wanted: list[Wanted]
    """of the round that has just ended, those to be run"""
    over: bool
    """may there be no further round"""

    def ask(self, *, last: bool) -> bytes:
        """The next round's request; `last`: the tool is not to be called again."""
        ...

    def hear(self, event: Sse) -> bytes:
        """An event of the round's stream: what the caller is told of it."""
        ...

    def take(self, body: bytes) -> None:
        """The round's whole answer."""
        ...

    def begin(self, wanted: Wanted) -> bytes:
        """It is about to be run."""
        ...

    def ran(self, wanted: Wanted, ran: Ran) -> bytes:
        """It was run."""
        ...

    def end(self, *, paused: bool) -> bytes:
        """The last events; `paused`: the bound of rounds was reached."""
        ...

    def whole(self, *, paused: bool) -> bytes:
        """The answer in one piece."""
        ...

    def told(self) -> dict[str, str]:
        """What the model was told of each run, by the shown id."""
        ...


def opened(body: bytes, what: str) -> Object:
    """A JSON object of the upstream's."""
    try:
        return _OBJECT.decode(body)
    except BROKEN:
        raise Fault(Kind.UPSTREAM, f"the upstream sent {what} that is no JSON object") from None


def summed(one: Any, other: Any) -> Any:
    """Usage of two rounds: counts are added, words are the later's."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = dict.fromkeys([*one, *other])
        return {name: summed(one.get(name), other.get(name)) for name in names}
    if type(one) is int and type(other) is int:
        return one + other
    return one if other is None else other


def free(name: str, taken: set[str]) -> str:
    """The name, or one like it that the caller's own tools do not have."""
    found, n = name, 1
    while found in taken:
        n += 1
        found = f"{name}_{n}"
    return found


def words(ran: Ran) -> str:
    """What the model is told of a run."""
    if ran.trouble:
        parts = [f"error: {ran.why or ran.trouble}"]
    else:
        parts = [] if ran.exit_code == 0 else [f"exit code {ran.exit_code}"]
    if ran.stdout:
        parts.append(ran.stdout)
    if ran.stderr:
        parts.append(f"stderr:\n{ran.stderr}")
    if ran.files:
        parts.append("files for the user: " + ", ".join(each.name for each in ran.files))
    return "\n".join(parts) or "(no output)"
