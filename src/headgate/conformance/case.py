"""One promise to a client: what it asks, what the upstream answers, and who judges the end.

Rule 1: a judge says what the client would suffer, and every doubt counts for the gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import msgspec

from headgate.conformance.asking import ask
from headgate.conformance.grammar.verdict import Verdict
from headgate.conformance.hearing import hear
from headgate.conformance.reading import read
from headgate.conformance.talk import Talk
from headgate.wire.model import Headers

SURFACES = ("messages", "chat", "responses")
PATHS = {
    "messages": "/v1/messages",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
}
DIALECTS = {
    "messages": "anthropic",
    "chat": "openai_chat",
    "responses": "openai_responses",
}
CLIENTS = {"messages": "Claude Code", "chat": "OpenAI's SDK", "responses": "Codex"}
PAIRS = tuple(product(SURFACES, SURFACES))
CROSSINGS = tuple(pair for pair in PAIRS if pair[0] != pair[1])
AGENTS = {
    "messages": b"claude-cli/2.1.329 (external, sdk-cli)",
    "chat": b"OpenAI/Python 3.52.0",
    "responses": b"codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """What a case is played with: its mark, the gateway's name for the model, the key."""

    mark: str
    model: str
    key: str


@dataclass(frozen=True, slots=True)
class Sending:
    """What the client sends, and when it leaves."""

    path: str
    body: bytes = b""
    headers: Headers = field(default_factory=list)
    method: str = "POST"
    stream: bool = False
    with_usage: bool = False
    """Chat Completions: the usage chunk was asked for"""
    leaves: bool = False
    """once the first bytes of the answer are there"""


@dataclass(slots=True)
class Got:
    """What the client got."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    broke: str = ""
    """how the connection failed before its proper end"""
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    """(seconds since the request, bytes so far)"""

    def header(self, name: bytes) -> str:
        return next((v.decode("latin-1") for k, v in self.headers if k.lower() == name), "")


@dataclass(slots=True)
class Heard:
    """What the upstream got."""

    surface: str
    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    gone: bool = False
    """the connection was lost before the answer was complete"""

    def header(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key.lower() == name), b"")


@dataclass(frozen=True, slots=True)
class Ruling:
    """holds, fails or none (not applicable), and why."""

    state: str
    why: tuple[str, ...] = ()


class Seen:
    """Everything there is to judge by; complaints and excuses are noted here."""

    def __init__(self, case: Case, sending: Sending, got: Got, heard: list[Heard]) -> None:
        self.case, self.sending, self.got, self.heard = case, sending, got, heard
        self.complaints: list[str] = []
        self.excuse = ""

    @cached_property
    def verdict(self) -> Verdict:
        """The message that the client puts together."""
        sending = self.sending
        return read(
            DIALECTS[self.case.caller],
            self.got.body,
            stream=sending.stream,
            with_usage=sending.with_usage,
        )

    @cached_property
    def talk(self) -> Talk:
        """The request as the upstream understood it; an empty one if it heard nothing."""
        if not self.heard:
            return Talk(())
        return hear(self.heard[-1].surface, self.heard[-1].body)

    def want(self, holds: object, otherwise: str) -> bool:
        if not holds:
            self.complaints.append(otherwise)
        return bool(holds)

    def want_equal(self, what: str, got: object, wanted: object) -> None:
        self.want(got == wanted, f"{what}: {_short(got)}, not {_short(wanted)}")

    def want_equal_status(self, status: int) -> bool:
        told = self.got.broke or self.got.body[:300].decode("utf-8", "replace")
        return self.want(self.got.status == status, f"answered with {self.got.status}: {told}")

    @property
    def refused(self) -> bool:
        """Was the client told by a status that its request cannot be served."""
        return 400 <= self.got.status < 500

    def served(self) -> bool:
        """Was the call carried out; what went wrong is a complaint."""
        got = self.got
        if got.broke:
            self.complaints.append(f"the connection broke: {got.broke}")
        if got.status != 200:
            told = got.body[:300].decode("utf-8", "replace")
            self.complaints.append(f"answered with {got.status}: {told}")
            return False
        wrong = [each.surface for each in self.heard if each.surface != self.case.upstream]
        if not self.heard or wrong:
            self.complaints.append(f"the upstream was asked through {wrong or 'nothing'}")
        return not self.complaints


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 240 else text[:240] + "…"


@dataclass(frozen=True, slots=True)
class Case:
    """One promise, for one client and one upstream."""

    name: str
    """the promise in one line; the same for every pair of surfaces"""
    caller: str
    upstream: str
    sending: Callable[[Seat], Sending]
    judge: Callable[[Seen], None]
    script: Any
    """a headgate.conformance.script.Script"""
    long: bool = False
    """takes longer than a quick look may"""

    @property
    def client(self) -> str:
        return CLIENTS[self.caller]


def headers_of(surface: str, key: str) -> Headers:
    """The header fields of the client that speaks through this surface."""
    headers = [(b"content-type", b"application/json"), (b"user-agent", AGENTS[surface])]
    if surface == "messages":
        headers += [(b"x-api-key", key.encode()), (b"anthropic-version", b"2023-06-01")]
    else:
        headers.append((b"authorization", b"Bearer " + key.encode()))
    return headers


def asks(caller: str, talk: Talk) -> Callable[[Seat], Sending]:
    """A client asks this."""

    def sending(seat: Seat) -> Sending:
        body = msgspec.json.encode(ask(caller, talk, seat.model, seat.mark))
        query = "?beta=true" if caller == "messages" else ""
        headers = headers_of(caller, seat.key)
        return Sending(PATHS[caller] + query, body, headers, "POST", talk.stream, talk.stream)

    return sending


def everywhere(
    name: str,
    talk: Talk,
    script: object,
    judge: Callable[[Seen], None],
    pairs: tuple[tuple[str, str], ...] = PAIRS,
) -> Iterator[Case]:
    """The same promise to several clients in front of several upstreams."""
    for caller, upstream in pairs:
        yield Case(name, caller, upstream, asks(caller, talk), judge, script)
