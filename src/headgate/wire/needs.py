"""What a request needs of a model, by the names of its abilities, and where it stands.

Rule 1: a body is read to its end only where a word in it says that it may hold a picture or a
document; for everything else the few members that can ask for it are enough.
Rule 2: nothing is refused here: what cannot be read needs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from headgate.wire import Surface
from headgate.wire.ability import Abilities
from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope
from headgate.wire.loss import Losses
from headgate.wire.meaning import Ask, Document, Image, Part, Tool, ToolResult
from headgate.wire.model import Fault

THINKING = "thinking"
_WORDS: dict[str, tuple[bytes, ...]] = {
    "images": (b"image",),
    "documents": (b'document"', b'file"'),
    "json_schema": (b"schema",),
    "json_object": (b"json_object",),
    "custom_tools": (b'"custom"',),
    "forced_tools": (b"",),
    THINKING: (b"",),
}
"""an ability -> words one of which stands in every request that needs it"""
_MEMBERS: dict[str, tuple[str, ...]] = {
    "json_schema": ("response_format", "text", "output_config", "output_format"),
    "json_object": ("response_format", "text"),
    "custom_tools": ("tools",),
    "forced_tools": ("tool_choice",),
    THINKING: ("thinking", "reasoning", "reasoning_effort", "output_config"),
}
"""where in a request they stand; an ability that is not named here: where anything is said"""
NEEDS = tuple(_WORDS)

_ON = ("on", "between_tools")
"""`adaptive` leaves it to the model, which may as well answer at once"""
_HARD = ("high", "xhigh", "max")
"""a model that does not think can make a small effort, but not a great one"""

_TURNS = ("messages", "input")
_SOMETHING = [{"role": "user", "content": "-"}]
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


class _Turn(msgspec.Struct):
    role: str | None = None
    type: str | None = None
    content: msgspec.Raw = msgspec.Raw(b"")


_TURN = msgspec.json.Decoder(_Turn)


def lacking(abilities: Abilities, *, known: bool) -> frozenset[str]:
    """What a model does not have of what a request can need.

    `known`: has anybody said something of the model; else it may well be able to think.
    """
    lacks = {name for name in NEEDS if name != THINKING and not getattr(abilities, name)}
    if known and not (abilities.efforts or abilities.thinking):
        lacks.add(THINKING)
    return frozenset(lacks)


def needed(surface: Surface, envelope: Envelope, asked: Collection[str]) -> frozenset[str]:
    """Which of the abilities that are asked about this request needs."""
    if not surface.converses:
        return frozenset()
    hinted = [name for name in asked if _may_need(name, envelope)]
    if not hinted:
        return frozenset()
    body = envelope.body
    if all(name in _MEMBERS for name in hinted):  # what was said need not be read
        body = _without_turns(envelope, hinted)
    try:
        ask = surface.dialect.decode_ask(body, Losses())
    except Fault:
        return frozenset()
    return frozenset(_needs(ask)).intersection(hinted)


def _may_need(name: str, envelope: Envelope) -> bool:
    if name not in _MEMBERS:
        return any(word in envelope.body for word in _WORDS[name])
    found = [envelope.members[each] for each in _MEMBERS[name] if each in envelope.members]
    return any(word in bytes(raw) for raw in found for word in _WORDS[name])


def _without_turns(envelope: Envelope, hinted: Collection[str]) -> bytes:
    members = envelope.members
    kept: dict[str, object] = {
        each: members[each] for name in hinted for each in _MEMBERS[name] if each in members
    }
    turns = {name: _SOMETHING for name in _TURNS if name in members}
    return msgspec.json.encode({"model": "m", "max_tokens": 1, **kept, **turns})


def brings_results(envelope: Envelope) -> bool:
    """Does the request go on in a tool loop: is the last that was said a tool's result."""
    raw = next((envelope.members[name] for name in _TURNS if name in envelope.members), None)
    if raw is None:
        return False
    try:
        turns = _LIST.decode(raw)
        last = _TURN.decode(turns[-1]) if turns else _Turn()
        if last.role == "tool" or (last.type or "").endswith("_output"):
            return True
        content = bytes(last.content)
        if last.role != "user" or b'tool_result"' not in content:
            return False
        return any(_TURN.decode(part).type == "tool_result" for part in _LIST.decode(content))
    except BROKEN:
        return False


def _needs(ask: Ask) -> Iterator[str]:
    for part in _parts(part for turn in ask.turns for part in turn.parts):
        if isinstance(part, Image):
            yield "images"
        elif isinstance(part, Document):
            yield "documents"
    if ask.format is not None:
        yield "json_object" if ask.format.schema is None else "json_schema"
    if any(isinstance(tool, Tool) and tool.custom for tool in ask.tools):
        yield "custom_tools"
    if ask.choice is not None and ask.choice.mode in ("any", "named"):
        yield "forced_tools"
    if ask.effort in _HARD or (ask.thinking is not None and ask.thinking.mode in _ON):
        yield THINKING


def _parts(parts: Iterable[Part]) -> Iterator[Part]:
    """All of them, those inside of tools' results too."""
    for part in parts:
        yield part
        if isinstance(part, ToolResult):
            yield from part.parts
