"""One thing that can be asked of the admin API: by whom, with what, and what is given back.

Rule 1: the table of operations makes the routes, the check of rights and the description, so
that the three cannot differ.
Rule 2: what works on the store runs in a thread of its own, never on the event loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.config.model import Config
from headgate.gateway.house import House
from headgate.policy.role import Warrant
from headgate.store.sql import Connection


class Refused(Exception):
    """A request is not done: with which status, why, and what can be done about it."""

    def __init__(self, status: int, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Guest:
    """Who was let in, and how."""

    warrant: Warrant
    csrf: str = ""
    """what a browser's session must send with every change; empty: no browser"""


@dataclass(frozen=True, slots=True)
class Job:
    """One request to the store, as the thread that does it sees it."""

    store: Connection
    guest: Guest
    names: Mapping[str, str]
    """what stands in the path"""
    query: Any
    body: Any
    now_us: int
    config: Config
    """what is in force"""

    @property
    def who(self) -> Warrant:
        return self.guest.warrant


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; it is done either in the store or by the running gateway."""

    method: str
    path: str
    right: str
    """which right it takes; empty: whoever was let in may"""
    summary: str
    reply: Any
    store: Callable[[Job], object] | None = None
    live: Callable[[House, Guest], Awaitable[object]] | None = None
    body: Any = None
    query: Any = None
    status: int = 200
    also: tuple[int, ...] = ()
    """statuses of refusals beside those that every operation may meet"""

    @property
    def changes(self) -> bool:
        return self.method != "GET"
