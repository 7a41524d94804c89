"""A call, a sink and an exchange without a network, for the engine's parts that need none."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from headgate.engine.tally import Tally
from headgate.wire import SURFACES
from headgate.wire.call import Call, Caller, open_call
from headgate.wire.model import Fault, Headers


@dataclass
class Stage:
    """A Sink that keeps what it is given."""

    sent_at: float = 0.0
    heads: list[tuple[int, Headers]] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    is_stalled: bool = False

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        self.heads.append((status, headers))
        self.data.append(body)

    async def start(self, status: int, headers: Headers) -> None:
        self.heads.append((status, headers))

    async def send(self, data: bytes) -> None:
        self.data.append(data)

    async def end(self, data: bytes) -> None:
        self.data.append(data)

    def put(self, data: bytes) -> None:
        self.data.append(data)

    def stalled(self) -> bool:
        return self.is_stalled


@dataclass
class Wire:
    """As much of an Exchange as is looked at from outside."""

    status: int = 0
    last_byte_at: float = 0.0
    headers: Headers = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    sent_all: bool = True
    awaits_head: bool | None = None

    def __post_init__(self) -> None:
        if self.awaits_head is None:
            self.awaits_head = not self.status

    def fail(self, fault: Fault) -> None:
        self.faults.append(fault)


def call_of(
    body: dict[str, object] | None = None,
    *,
    surface: str = "messages",
    headers: Headers | None = None,
    query: bytes = b"",
) -> Call:
    content = json.dumps({"model": "claude-haiku-5-5", **(body or {})}).encode()
    return open_call(
        SURFACES[surface], content, Caller(headers or []), id="call-1", query=query
    )


def tally_of(call: Call | None = None, sink: Stage | None = None) -> Tally:
    return Tally.of(call or call_of(), sink or Stage(), 100.0, 1_700_000_000_000_000)
