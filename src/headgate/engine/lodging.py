"""Where the container of a call is entered and run in: in this process, or in another worker.

Rule 1: all containers and files of an owner are in one process, its home; whoever serves a call
asks there.
Rule 2: what is asked and what comes of it can be sent from process to process.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from headgate.engine.container import Begins, Container, Containers, Sandboxed
from headgate.sandbox.model import Refused, Result, Unavailable
from headgate.wire.served.model import MadeFile, Trouble, Wish


class Entry(msgspec.Struct, frozen=True):
    """A call that needs a container."""

    owner: str
    prefix: str
    wish: Wish
    memory_mb: int


class Stay(msgspec.Struct, frozen=True):
    """The container that a call is in."""

    id: str
    expires_at: str
    """RFC 3339"""
    known: dict[str, str]
    """what the model was told of earlier runs, by the shown id"""
    wall_s: float
    """how long one of its runs may take"""
    follows: str = ""
    """the reply that the call follows on, as its upstream knows it"""


class Came(msgspec.Struct, frozen=True):
    """What came of one run."""

    result: Result | None = None
    """None: there was none, and this is why"""
    files: tuple[MadeFile, ...] = ()
    trouble: Trouble = ""
    why: str = ""


class Told(msgspec.Struct, frozen=True):
    """What is to be known of a call when its conversation goes on."""

    owner: str
    container: str
    known: dict[str, str]
    response: tuple[str, str] | None = None
    """a reply's id as the caller knows it, and as its upstream does"""


class Lodging(Protocol):
    """The homes of all owners."""

    async def enter(self, entry: Entry) -> Stay:
        """Find or make the container; Fault says why it is not to be had."""
        ...

    async def run(self, owner: str, container: str, code: str, begins: Begins = None) -> Came:
        """Run one cell in it; `begins` is called when it leaves the line."""
        ...

    async def remember(self, told: Told) -> None: ...


class _Place(Protocol):
    """What is needed of the ground of an engine."""

    @property
    def sandbox(self) -> Sandboxed | None: ...

    @property
    def containers(self) -> Containers: ...


class Home:
    """The home of owners whose containers are in this process."""

    def __init__(self, place: _Place) -> None:
        self._place = place

    async def enter(self, entry: Entry) -> Stay:
        containers, wish = self._place.containers, entry.wish
        follows, earlier = "", wish.earlier
        if wish.response:
            follows, ran_in = containers.followed(entry.owner, wish.response)
            earlier = (*earlier, ran_in)
        container = _found(containers, entry, earlier)
        containers.use(container)
        containers.share(container, wish.files)
        expires = containers.expires_at(container).strftime("%Y-%m-%dT%H:%M:%SZ")
        known = dict(container.known)
        return Stay(container.id, expires, known, container.limits.wall_s, follows)

    async def run(self, owner: str, container: str, code: str, begins: Begins = None) -> Came:
        containers, sandbox = self._place.containers, self._place.sandbox
        if sandbox is None:
            return Came(trouble="unavailable", why="this gateway has no sandbox")
        found = containers.find(container, owner)
        try:
            result = await containers.run(found, code, sandbox, begins)
        except Unavailable as missing:
            return Came(trouble="unavailable", why=f"{missing.what}: {missing.remedy}")
        except Refused as refused:
            trouble: Trouble = "busy" if refused.kind == "busy" else "invalid"
            return Came(trouble=trouble, why=refused.what)
        made = [containers.keep(found, it) for it in result.artefacts]
        files = tuple(it for it in made if it is not None)
        return Came(msgspec.structs.replace(result, artefacts=()), files)

    async def remember(self, told: Told) -> None:
        containers = self._place.containers
        containers.tell(told.container, told.owner, told.known)
        if told.response is not None:
            containers.follow(told.owner, *told.response, told.container)


def _found(containers: Containers, entry: Entry, earlier: tuple[str, ...]) -> Container:
    """The one that is asked for, the one the conversation was in, or a new one."""
    owner, wish = entry.owner, entry.wish
    if wish.container:
        return containers.find(wish.container, owner)
    if (last := containers.last_of(earlier, owner)) is not None:
        return last
    if not wish.offered:
        return containers.make(owner, entry.prefix)
    return containers.open(owner, entry.prefix, entry.memory_mb)
