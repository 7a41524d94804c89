"""What was said in a call, in plain text: for people, and for whoever makes tasks of it.

Rule 1: it is made of a call's own bytes once the call is over; nothing waits for it.
Rule 2: text stays as it was said. What is no text is named and left out: pictures, documents,
reasoning, and what went into and came out of tools.
Rule 3: what cannot be read has no transcript; it is not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from headgate.wire import Surface
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Ask,
    Begun,
    Delta,
    Document,
    Foreign,
    Image,
    More,
    Part,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from headgate.wire.model import Fault
from headgate.wire.sse import events

PICTURE, DOCUMENT, CALL, RESULT, OTHER = (
    "picture",
    "document",
    "tool call",
    "tool result",
    "vendor block",
)
"""what a turn may hold beside text"""


class Said(msgspec.Struct, frozen=True):
    """One turn."""

    role: str
    """user, assistant or system"""
    text: str
    beside: tuple[str, ...] = ()
    """what it held that is no text, by kind"""


class Asked(msgspec.Struct, frozen=True):
    """A request."""

    system: str
    turns: tuple[Said, ...]
    tools: tuple[str, ...] = ()
    """what the model might have called, by name"""


class Answered(msgspec.Struct, frozen=True):
    """The answer to it."""

    text: str
    called: tuple[str, ...] = ()
    """the tools that it calls, by name"""


def asked(surface: Surface, body: bytes) -> Asked | None:
    """What a request says; None: it cannot be read."""
    try:
        ask: Ask = surface.dialect.decode_ask(body, Losses())
    except (Fault, RecursionError, msgspec.MsgspecError, ValueError):
        return None
    opening = [it for it in ask.turns[:1] if it.role is Role.SYSTEM and not ask.system]
    turns = ask.turns[len(opening) :]
    first = [*ask.system, *(part for turn in opening for part in turn.parts)]
    return Asked(
        "\n\n".join(part.text for part in first if isinstance(part, Text)),
        tuple(_said(turn.role, turn.parts) for turn in turns),
        tuple(getattr(tool, "name", "") or getattr(tool, "kind", "") for tool in ask.tools),
    )


def answered(surface: Surface, body: bytes, *, streamed: bool) -> Answered | None:
    """What a whole reply, or a stream that came to its end, says; None: it cannot be read."""
    try:
        if streamed:
            return _heard(surface, body)
        answer = surface.dialect.decode_answer(body)
    except (Fault, RecursionError, msgspec.MsgspecError, ValueError):
        return None
    return _gathered((_text_of(part), _called(part)) for part in answer.parts)


def _heard(surface: Surface, body: bytes) -> Answered:
    listener = surface.dialect.Listener()
    deltas: list[Delta] = []
    for event in events(body):
        deltas += listener.hear(event)
    deltas += listener.finish()
    pieces: list[tuple[str | None, str]] = []
    for delta in deltas:
        if isinstance(delta, Begun):
            pieces.append((_text_of(delta.part), _called(delta.part)))
        elif isinstance(delta, More) and pieces and pieces[-1][0] is not None:
            pieces[-1] = (f"{pieces[-1][0]}{delta.text}", "")
    return _gathered(pieces)


def _gathered(pieces: Iterable[tuple[str | None, str]]) -> Answered:
    """Texts that follow each other are one; what stands between them parts them."""
    texts, called, is_open = [""], [], False
    for text, name in pieces:
        if text is None:
            is_open = False
        elif is_open or not texts[-1]:
            texts[-1] += text
            is_open = True
        else:
            texts.append(text)
            is_open = True
        if name:
            called.append(name)
    return Answered("\n\n".join(texts), tuple(called))


def _said(role: Role, parts: Iterable[Part]) -> Said:
    texts, beside = [], []
    for part in parts:
        text = _text_of(part)
        if text is not None:
            texts.append(text)
        elif kind := _KINDS.get(type(part)):
            beside.append(kind)
    return Said(role.value, "\n".join(texts), tuple(beside))


def _text_of(part: Part) -> str | None:
    return part.text if isinstance(part, Text | Refusal) else None


def _called(part: Part) -> str:
    return part.name if isinstance(part, ToolCall) else ""


_KINDS: dict[type, str] = {
    Image: PICTURE,
    Document: DOCUMENT,
    ToolCall: CALL,
    ToolResult: RESULT,
    Foreign: OTHER,
}
