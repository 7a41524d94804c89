"""How a reply goes out on the wire: its pace, and the faults its script asks for.

Rule 1: `direct` is pure: frames and a Script in, acts out; only `perform` waits and writes.
Rule 2: places count content events: `cut=3` ends after the third; a place beyond the last
content comes just before the last event.
Rule 3: nothing is written after a reset, and a silence ends only when its time is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from headgate.sim.answer import Frame
from headgate.sim.faults import HEAD, ORDINARY, UNSET, Script
from headgate.wire.model import Headers

SIMULATED = (b"x-headgate-simulated", b"true")
GARBAGE = Frame(
    b'data: {"type":"content_block_delta","delta":{"te\n\n\xff\xfe no field\r\r\n\n'
)
WRITE_BYTES = 16_384
DRAIN_STEP_S = 0.002
EDGE = "headgate.edge"

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Edge(Protocol):
    """The connection a reply goes out on, as the server hands it over."""

    transport: asyncio.Transport

    def abort(self) -> None: ...


class Silence:
    """An act: write nothing for a while."""


SILENCE = Silence()
Act: TypeAlias = Frame | Silence


@dataclass(slots=True)
class Play:
    """A reply ready to go out."""

    status: int = 200
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    frames: Iterator[Frame] | None = None
    failure: Frame | None = None
    """what an error event in mid-stream looks like"""
    begun: Callable[[], None] | None = None
    """called when the head goes out"""
    script: Script = ORDINARY


@dataclass(slots=True)
class Line:
    """The way out: what is written, counted, delayed and cut."""

    send: Send
    sleep: Callable[[float], Awaitable[None]]
    now: Callable[[], float]
    dice: Callable[[str], float]
    edge: Edge | None = None
    sent_bytes: int = 0
    pauses: int = 0
    dropped: bool = False
    """the connection ended because the script said so"""

    async def pause(self, seconds: float, jitter: float = 0.0) -> None:
        if jitter:
            self.pauses += 1
            seconds *= 1 + jitter * (2 * self.dice(f"pause {self.pauses}") - 1)
        if seconds > 0:
            await self.sleep(seconds)

    async def head(self, status: int, headers: Headers) -> None:
        await self.send(
            {"type": "http.response.start", "status": status, "headers": [SIMULATED, *headers]}
        )

    async def write(self, data: bytes, script: Script, *, last: bool = False) -> None:
        room = script.reset - self.sent_bytes if script.reset >= 0 else len(data)
        if room < len(data):
            await self._body(data[:room], last=False)
            await self.reset()
        await self._body(data, last=last)

    async def _body(self, data: bytes, *, last: bool) -> None:
        self.sent_bytes += len(data)
        if data or last:
            more = not last
            await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def drained(self) -> None:
        """Until what was written has left this process."""
        edge = self.edge
        while edge is not None and not edge.transport.is_closing():
            await asyncio.sleep(DRAIN_STEP_S)
            if not edge.transport.get_write_buffer_size():
                return

    async def reset(self) -> None:
        """Reset the connection; never returns: whoever watches it cancels the reply."""
        await self.drained()
        if self.edge is None:
            raise ConnectionAbortedError("a reset needs the server's own connection")
        self.dropped = True
        self.edge.abort()
        await asyncio.Event().wait()

    async def hang_up(self) -> None:
        """Close the connection in the middle of the body; never returns."""
        await self.drained()
        if self.edge is None:
            raise ConnectionAbortedError("hanging up needs the server's own connection")
        self.dropped = True
        self.edge.transport.close()
        await asyncio.Event().wait()

    async def silence(self, script: Script) -> None:
        if script.silence_for is None:
            await asyncio.Event().wait()
        else:
            await self.sleep(script.silence_for)


def direct(frames: Iterator[Frame], script: Script, failure: Frame) -> Iterator[Act]:
    """The frames as the script has them: cut, broken, followed by an error, or silent."""
    acts: dict[str, Act] = {"silence": SILENCE, "malformed": GARBAGE, "error": failure}
    content, frame = 0, next(frames, None)
    opening = True
    pending = {
        "silence": script.silence,
        "malformed": script.malformed,
        "error": script.error_after,
        "cut": script.cut,
    }
    pending = {what: place for what, place in pending.items() if place >= 0}
    while frame is not None:
        after = next(frames, None)
        if frame.content or content or after is None:
            for what in [w for w, at in pending.items() if at <= content or after is None]:
                del pending[what]
                if what == "cut":
                    return
                yield acts[what]
                if what == "error":
                    return
        yield frame
        if opening and script.overload:
            yield failure
            return
        opening = False
        content += frame.content
        frame = after


def shorten(body: bytes, script: Script) -> bytes:
    """A JSON body as the script has it: whole, or cut short under a matching length."""
    if script.truncated != UNSET:
        return body[: script.truncated]
    if script.cut != UNSET or script.malformed != UNSET:
        return body[: len(body) // 2]
    return body


async def perform(play: Play, line: Line) -> None:
    """Send a reply as its script says."""
    script = play.script
    await line.pause(script.head_delay, script.jitter)
    if script.silence == HEAD:
        await line.silence(script)
    if script.reset == HEAD:
        await line.reset()
    if play.begun is not None:
        play.begun()
    if play.frames is None:
        await _perform_body(play, line)
    else:
        await _perform_stream(play, line)


async def _perform_body(play: Play, line: Line) -> None:
    script = play.script
    body = shorten(play.body, script)
    length = max(0, len(body) + script.wrong_length)
    await line.head(play.status, [*play.headers, (b"content-length", b"%d" % length)])
    await line.pause(script.first_delay, script.jitter)
    if script.silence >= 0:
        half = len(body) // 2
        await line.write(body[:half], script)
        await line.silence(script)
        body = body[half:]
    if script.wrong_length > 0:
        await line.write(body, script)
        await line.hang_up()
    if script.wrong_length < 0:
        await line.write(body[:length], script, last=True)
        if line.edge is not None:
            line.edge.transport.write(body[length:])
        return
    await line.write(body, script, last=True)


async def _perform_stream(play: Play, line: Line) -> None:
    script = play.script
    assert play.frames is not None
    assert play.failure is not None
    await line.head(play.status, play.headers)
    waiting: list[bytes] = []
    due = 0.0

    async def flush() -> None:
        data = b"".join(waiting)
        waiting.clear()
        await line.write(data, script)

    first = True
    for act in direct(play.frames, script, play.failure):
        if isinstance(act, Silence):
            await flush()
            await line.silence(script)
            continue
        delay = script.first_delay if first else script.pace
        if act.content:
            due = (line.now() if first else due) + delay
        if act.content and delay:
            await flush()
            await line.pause(due - line.now(), script.jitter)
        first = first and not act.content
        waiting.append(act.data)
        if (script.pace and act.content) or sum(map(len, waiting)) >= WRITE_BYTES:
            await flush()
    await flush()
    await line.write(b"", script, last=True)
