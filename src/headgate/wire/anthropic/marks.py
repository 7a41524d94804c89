"""Where a Messages request may carry cache marks, and how they are put there.

Rule 1: a mark is spliced in; every other byte stays as it came.
Rule 2: a caller that marks anything itself has said how it caches: no place is offered then.
Rule 3: what cannot be read holds no place, and raises nothing: the vendor refuses it better.
(prompt-caching page, read 2026-11-20)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import msgspec
from msgspec import Raw, Struct

from headgate.wire.broken import BROKEN
from headgate.wire.model import Fault
from headgate.wire.splice import backwards, is_blank, within

PREFIX = ("tools", "system", "messages")
"""the order in which a prompt is cached"""
MOST_MARKS = 4
Ttl = Literal["5m", "1h"]

_MARKS: dict[str, bytes] = {
    "5m": b',"cache_control":{"type":"ephemeral"}',
    "1h": b',"cache_control":{"type":"ephemeral","ttl":"1h"}',
}
_AS_BLOCK = b'[{"type":"text","text":'
_BILLING = b'"x-anthropic-billing-header'
"""begins the block in which Claude Code says whom it is; it is no instruction"""
_ESCAPED = re.compile(rb"\\u00(?:[67]|5[fF])")
"""a letter or a low line that is written as an escape: no encoder does so unasked"""
_DEEPEST = 9
"""messages, a message, its blocks, a tool's result, its blocks, a document, and its own"""
_OWN_TOOLS = ("", "custom")
_VENDOR_TOOLS = (
    "web_search_",
    "web_fetch_",
    "code_execution_",
    "bash_",
    "text_editor_",
    "memory_",
    "tool_search_tool_",
    "computer_",
    "browser_toolset_",
    "advisor_",
)
"""all that their vendor's client knows, but for sets of tools that may all be deferred"""
_MARKABLE = frozenset({"text", "image", "document", "search_result", "tool_result"})
"""blocks of a user's turn that take a mark; a text must not be empty"""


class Spot(NamedTuple):
    """A place for a mark: the end of a block, or of a text that becomes one."""

    slot: str
    """tools, system or turns"""
    member: str
    """whose value holds it: tools, system or messages"""
    start: int
    """where in the value the block or text begins"""
    at: int
    """where in the value the mark goes: before a block's brace, behind a text's quote"""
    kind: str
    """block or string"""
    upto: int
    """the bytes of tools, system and messages up to its end"""

    @property
    def end(self) -> int:
        """Behind which byte of its member the cached prefix ends."""
        return self.at + 1 if self.kind == "block" else self.at


class Survey(NamedTuple):
    """What a planner has to know of a request before it marks anything."""

    own: bool = False
    """a mark of the caller's own stands somewhere"""
    bound: bool = False
    """the history holds thinking that is signed, and so bound to what stands before it"""
    begun: bool = False
    """an answer has been given already"""
    turns: int = 0
    """how many messages"""
    spots: tuple[Spot, ...] = ()
    """in prefix order; of turns: the user's before the last answer, and the user's last"""


class _Turn(Struct):
    role: str = ""
    content: Raw = Raw(b"")


class _Block(Struct):
    """What decides whether a block or a tool may be marked, or holds marks or seals."""

    type: str | None = None
    text: Raw = Raw(b"")
    content: Raw = Raw(b"")
    source: Raw = Raw(b"")
    signature: Raw = Raw(b"")
    data: Raw = Raw(b"")
    cache_control: Raw = Raw(b"")
    defer_loading: bool | None = None


_Judge = Callable[[_Block], bool]

_LIST = msgspec.json.Decoder(list[Raw])
_TURN = msgspec.json.Decoder(_Turn)
_BLOCK = msgspec.json.Decoder(_Block)
_BLOCKS = msgspec.json.Decoder(list[_Block])
_NOTHING = (b"", b"null", b'""')


def survey(members: Mapping[str, Raw | bytes]) -> Survey:
    """Where marks may stand in a request of these members, and what speaks against them."""
    values = {name: bytes(members[name]) for name in PREFIX if name in members}
    try:
        return _survey(values, bytes(members.get("cache_control", b"")))
    except (*BROKEN, Fault):
        return Survey()


def mark(members: Mapping[str, Raw | bytes], chosen: Mapping[Spot, Ttl]) -> dict[str, bytes]:
    """The members that change, with the chosen marks in them."""
    order = sorted(chosen, key=lambda spot: (PREFIX.index(spot.member), spot.at))
    lives = [chosen[spot] for spot in order]
    assert len(order) <= MOST_MARKS, "more marks than the vendor takes"
    assert "1h" not in lives[lives.count("1h") :], "a mark of an hour stands behind a short one"
    changed: dict[str, bytes] = {}
    for name in {spot.member for spot in order}:
        value, at, out = bytes(members[name]), 0, []
        for spot in (it for it in order if it.member == name):
            if spot.kind == "block":
                out += [value[at : spot.at], _MARKS[chosen[spot]]]
            else:
                out += [value[at : spot.start], _AS_BLOCK, value[spot.start : spot.at]]
                out += [_MARKS[chosen[spot]], b"}]"]
            at = spot.at
        changed[name] = b"".join([*out, value[at:]])
    return changed


def pieces(members: Mapping[str, Raw | bytes], spot: Spot) -> list[memoryview]:
    """The bytes that are cached by a mark there: what a hash of the prefix has to take in."""
    before = PREFIX[: PREFIX.index(spot.member)]
    whole = [memoryview(members[name]) for name in before if name in members]
    return [*whole, memoryview(members[spot.member])[: spot.end]]


def _survey(values: dict[str, bytes], automatic: bytes) -> Survey:
    given = values.get("messages", b"null")
    turns = _LIST.decode(given)
    begun = any(_TURN.decode(turn).role == "assistant" for turn in turns)
    odd = any(_has_escapes(value) for value in values.values())
    bound = begun and _is_bound(given, turns, odd=odd)
    own = automatic not in _NOTHING
    if own or any(_holds_mark(value, odd=odd) for value in values.values()):
        return Survey(True, bound, begun, len(turns))
    spots: list[Spot] = []
    before = 0
    for name in PREFIX:
        value = values.get(name, b"")
        found = _turn_spots(value, turns) if name == "messages" else _opening(name, value)
        spots += [spot._replace(upto=before + spot.end) for spot in found]
        before += len(value)
    return Survey(False, bound, begun, len(turns), tuple(spots))


def _holds_mark(value: bytes, *, odd: bool, deep: int = _DEEPEST) -> bool:
    """Whether a mark stands on this or in it; the end of a list is looked at first."""
    if deep == 0 or not (odd or b'"cache_control"' in value):
        return False
    if value[:1] == b"[":
        entries = reversed(_LIST.decode(value))
        return any(_holds_mark(bytes(it), odd=odd, deep=deep - 1) for it in entries)
    if value[:1] != b"{":
        return False
    block = _BLOCK.decode(value)
    if bytes(block.cache_control) not in _NOTHING:
        return True
    inner = (bytes(block.content), bytes(block.source))
    return any(_holds_mark(it, odd=odd, deep=deep - 1) for it in inner)


def _has_escapes(value: bytes) -> bool:
    return b"\\u00" in value and _ESCAPED.search(value) is not None


def _is_bound(given: bytes, turns: list[Raw], *, odd: bool) -> bool:
    if not (odd or b'thinking"' in given):
        return False
    for turn in turns:
        if odd or b'thinking"' in bytes(turn):
            it = _TURN.decode(turn)
            if it.role == "assistant" and any(_is_signed(block) for block in _blocks(it)):
                return True
    return False


def _blocks(turn: _Turn) -> list[_Block]:
    return _BLOCKS.decode(turn.content) if bytes(turn.content)[:1] == b"[" else []


def _is_signed(block: _Block) -> bool:
    if block.type == "thinking":
        return bytes(block.signature) not in _NOTHING
    return block.type == "redacted_thinking" and bytes(block.data) not in _NOTHING


def _opening(name: str, value: bytes) -> list[Spot]:
    """The last tool, or the last text of the system prompt, that may be marked."""
    if name == "system" and value[:1] == b'"':
        ours = not is_blank(value) and not value.startswith(_BILLING)
        return [Spot(name, name, 0, len(value), "string", 0)] if ours else []
    if value[:1] != b"[":
        return []
    may = _is_markable_tool if name == "tools" else _is_instruction
    return _last(name, name, value, may)


def _turn_spots(value: bytes, turns: list[Raw]) -> list[Spot]:
    """The end of the user's last turn, and of the one that the last answer replied to."""
    found: list[Spot] = []
    answered = True
    for entry, start in backwards(value, turns):
        turn = _TURN.decode(entry)
        if turn.role == "assistant":
            answered = True
        if turn.role == "user" and answered:
            answered = False
            found[:0] = _at_the_end_of(bytes(entry), start)
            if len(found) == 2:
                break
    return found


def _at_the_end_of(turn: bytes, offset: int) -> list[Spot]:
    """Where a turn may be marked: its text, or its last block that takes a mark."""
    span = within(turn, "content")
    if span is None:
        return []
    start, end = span
    content = turn[start:end]
    start += offset
    if content[:1] == b'"' and not is_blank(content):
        return [Spot("turns", "messages", start, start + len(content), "string", 0)]
    if content[:1] != b"[":
        return []
    found = _last("turns", "messages", content, _is_markable)
    return [it._replace(start=it.start + start, at=it.at + start) for it in found]


def _last(slot: str, member: str, value: bytes, may: _Judge) -> list[Spot]:
    for entry, start in backwards(value, _LIST.decode(value)):
        if may(_BLOCK.decode(entry)):
            end = start + len(memoryview(entry))
            return [Spot(slot, member, start, end - 1, "block", 0)]
    return []


def _is_markable_tool(tool: _Block) -> bool:
    kind = tool.type or ""
    known = kind in _OWN_TOOLS or kind.startswith(_VENDOR_TOOLS)
    return known and not tool.defer_loading and not bytes(tool.cache_control)


def _is_instruction(block: _Block) -> bool:
    text = bytes(block.text)
    return block.type == "text" and _is_markable(block) and not text.startswith(_BILLING)


def _is_markable(block: _Block) -> bool:
    """A mark that is null takes the name that ours would need."""
    if block.type not in _MARKABLE or bytes(block.cache_control):
        return False
    text = bytes(block.text)
    return block.type != "text" or (text[:1] == b'"' and not is_blank(text))
