"""Takes a request apart into the question asked last and all the rest, which must be equal.

Rule 1: only a conversation without tools that ends in one text of its user's is looked at.
Rule 2: the rest is compared by the name that replycache gives it: system, earlier turns,
sampling, whatever else it holds, and among whom answers are shared.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from headgate.policy.replycache import asked
from headgate.wire import Surface
from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope
from headgate.wire.meaning import Begun, More, Over, Text, Thought
from headgate.wire.model import Fault
from headgate.wire.sse import events

SHORTEST, LONGEST = 8, 4_000
"""characters of a question that is looked at"""
LONGEST_ANSWER = 16_000
_TURNS = {"messages": "messages", "chat": "messages", "responses": "input"}
_TEXTS = ("text", "input_text")
_PLACE = "\0"
"""stands where the question stood; no question is so short"""
_NOTHING = (b"null", b"[]")


class Question(NamedTuple):
    """What was asked last, and a name for everything before and around it."""

    text: str
    context: bytes


def question_of(
    surface: Surface, envelope: Envelope, scope: str, secret: bytes
) -> Question | None:
    """None: it is no such conversation."""
    name = _TURNS.get(surface.name, "")
    raw = envelope.members.get(name)
    if raw is None or _offers_tools(envelope):
        return None
    try:
        turns: Any = msgspec.json.decode(raw)
    except BROKEN:
        return None
    if isinstance(turns, str):
        text, turns = turns, _PLACE
    else:
        text = _take(turns)
    if not SHORTEST <= len(text) <= LONGEST:
        return None
    try:
        edited = envelope.edit({name: msgspec.json.encode(turns)})
        rest = asked(surface.name, Envelope(b"".join(edited)), f"near\0{scope}", secret)
    except (*BROKEN, Fault):
        return None
    return Question(text, rest.name) if rest is not None else None


def _offers_tools(envelope: Envelope) -> bool:
    return any(
        bytes(envelope.members.get(name, b"null")) not in _NOTHING
        for name in ("tools", "functions")
    )


def _take(turns: Any) -> str:
    """The text of the last turn, which is left with a gap; empty: there is not just one."""
    last = turns[-1] if isinstance(turns, list) and turns else None
    if not isinstance(last, dict) or last.get("role") != "user":
        return ""
    content = last.get("content")
    if isinstance(content, str):
        last["content"] = _PLACE
        return content
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        return ""
    part = content[0]
    text = part.get("text")
    if part.get("type") not in _TEXTS or not isinstance(text, str):
        return ""
    last["content"] = _PLACE if part.keys() <= {"type", "text"} else [{**part, "text": _PLACE}]
    return text


def answer_of(surface: Surface, body: bytes, *, streamed: bool) -> str | None:
    """The words of a reply; None: it holds something else besides, or is very long."""
    try:
        words = _heard(surface, body) if streamed else _read(surface, body)
    except (*BROKEN, Fault):
        return None
    return words if words and len(words) <= LONGEST_ANSWER else None


def _read(surface: Surface, body: bytes) -> str | None:
    said = [
        part
        for part in surface.dialect.decode_answer(body).parts
        if not isinstance(part, Thought)
    ]
    texts = [part.text for part in said if isinstance(part, Text)]
    return "\n".join(texts) if len(texts) == len(said) else None


def _heard(surface: Surface, stream: bytes) -> str | None:
    listener = surface.dialect.Listener()
    deltas = [delta for event in events(stream) for delta in listener.hear(event)]
    texts: list[str] = []
    is_said = False
    for delta in [*deltas, *listener.finish()]:
        if isinstance(delta, Begun):
            is_said = isinstance(delta.part, Text)
            if not isinstance(delta.part, Text | Thought):
                return None
            if is_said:
                texts.append("")
        elif isinstance(delta, More) and is_said:
            texts[-1] += delta.text
        elif isinstance(delta, Over):
            return "\n".join(texts)
    return None
