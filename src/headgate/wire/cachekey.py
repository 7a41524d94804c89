"""What OpenAI's prompt cache can be told: a key that steers it, breakpoints where it writes.

Rule 1: what the caller says of its cache stands: no key is replaced, no breakpoint is added to
its own, and nothing to a conversation that the vendor keeps.
Rule 2: everything is spliced in; every other byte stays as it came.
Rule 3: models that charge for writes read a prefix only where a breakpoint ends it, so what was
written at the end of the turn before is pointed at again.
(prompt-caching guide, read 2026-11-21)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b

import msgspec
from msgspec import Raw, Struct

from headgate.wire.anthropic.marks import MOST_MARKS, Spot, Survey
from headgate.wire.broken import BROKEN
from headgate.wire.model import Fault
from headgate.wire.splice import backwards, is_blank, within

PREFIX = ("tools", "instructions", "messages", "input")
"""the order in which a prompt is cached"""

_BREAKPOINT = b',"prompt_cache_breakpoint":{"mode":"explicit"}'
_TOKEN = b'"prompt_cache_breakpoint"'
_TEXT = {"messages": b'[{"type":"text","text":', "input": b'[{"type":"input_text","text":'}
_SAID = b'[{"role":"user","content":'
_OPTIONS = {
    "": b'{"mode":"explicit"}',
    "30m": b'{"mode":"explicit","ttl":"30m"}',
    "12h": b'{"mode":"explicit","ttl":"12h"}',
}
_OPERATOR = ("system", "developer")
_ASKING = ("user", "tool", "function")
_RESULTS = ("function_call_output", "custom_tool_call_output")
_MARKABLE = frozenset(
    {"text", "image_url", "input_audio", "file", "input_text", "input_image", "input_file"}
)
_ABSENT = (b"", b"null")


class _Item(Struct):
    """A message of Chat Completions, or an item of Responses."""

    type: str | None = None
    role: str = ""
    content: Raw = Raw(b"")
    output: Raw = Raw(b"")


class _Part(Struct):
    type: str | None = None
    text: Raw = Raw(b"")


_LIST = msgspec.json.Decoder(list[Raw])
_ITEM = msgspec.json.Decoder(_Item)
_PART = msgspec.json.Decoder(_Part)


def name_for(key_id: str, conversation: bytes) -> str:
    """What a conversation is called towards its vendor: a name that tells nothing of it."""
    told = f"{key_id}\0".encode() + conversation
    return "hg-" + blake2b(told, digest_size=16, person=b"cachekey").hexdigest()


def with_key(members: Mapping[str, Raw | bytes], name: str) -> dict[str, bytes]:
    """The members that change so that calls of one name meet the same cache."""
    if _is_there(members, "prompt_cache_key"):
        return {}
    return {"prompt_cache_key": msgspec.json.encode(name)}


def survey(members: Mapping[str, Raw | bytes]) -> Survey:
    """Where breakpoints may stand in a Chat Completions or a Responses request."""
    member = "messages" if "messages" in members else "input"
    value = bytes(members.get(member, b""))
    kept = any(
        _is_there(members, it)
        for it in ("prompt_cache_options", "previous_response_id", "conversation")
    )
    try:
        found = _survey(member, value, own=kept or _TOKEN in value)
    except (*BROKEN, Fault):
        return Survey()
    before = sum(len(bytes(members[it])) for it in PREFIX[:2] if it in members)
    spots = tuple(spot._replace(upto=before + spot.end) for spot in found.spots)
    return found._replace(spots=spots)


def explicit(
    members: Mapping[str, Raw | bytes], spots: Collection[Spot], ttl: str = ""
) -> dict[str, bytes]:
    """The members that change so that the vendor writes at these spots and nowhere else.

    Without any spot nothing is written, and nothing read.
    """
    return {"prompt_cache_options": _OPTIONS[ttl], **pointed(members, spots)}


def pointed(members: Mapping[str, Raw | bytes], spots: Collection[Spot]) -> dict[str, bytes]:
    """The members that change so that the vendor writes at these spots too."""
    assert len(spots) <= MOST_MARKS, "more breakpoints than the vendor writes"
    changed: dict[str, bytes] = {}
    for name in {spot.member for spot in spots}:
        value, at, out = bytes(members[name]), 0, []
        for spot in sorted(spots, key=lambda it: it.at):
            if spot.kind == "block":
                out += [value[at : spot.at], _BREAKPOINT]
            else:
                lead, trail = (
                    (_SAID, b"}]") if name == "input" and not spot.start else (b"", b"")
                )
                out += [value[at : spot.start], lead, _TEXT[name], value[spot.start : spot.at]]
                out += [_BREAKPOINT, b"}]", trail]
            at = spot.at
        changed[name] = b"".join([*out, value[at:]])
    return changed


def pieces(members: Mapping[str, Raw | bytes], spot: Spot) -> list[memoryview]:
    """The bytes that are cached by a breakpoint there: what a hash of the prefix takes in."""
    whole = [memoryview(members[name]) for name in PREFIX[:2] if name in members]
    return [*whole, memoryview(members[spot.member])[: spot.end]]


def _is_there(members: Mapping[str, Raw | bytes], name: str) -> bool:
    return bytes(members.get(name, b"")) not in _ABSENT


def _survey(member: str, value: bytes, *, own: bool) -> Survey:
    if value[:1] == b'"' and member == "input":
        spot = Spot("turns", member, 0, len(value), "string", 0)
        return Survey(own, spots=() if own or is_blank(value) else (spot,), turns=1)
    entries = _LIST.decode(value)
    items = [_ITEM.decode(entry) for entry in entries]
    begun = any(not _is_told(item) for item in items)
    if own:
        return Survey(own=True, begun=begun, turns=len(items))
    spots: list[Spot] = []
    answered = True
    opening = next((n for n, it in enumerate(items) if not _is_opening(it)), len(items))
    for number, (entry, start) in enumerate(backwards(value, entries)):
        at = len(items) - 1 - number
        item = items[at]
        if at == opening - 1:
            spots[:0] = _end_of(bytes(entry), item, start, ("system", member))
            break
        if not _is_told(item):
            answered = True
        elif answered and (item.role in _ASKING or item.type in _RESULTS) and len(spots) < 2:
            answered = False
            spots[:0] = _end_of(bytes(entry), item, start, ("turns", member))
    return Survey(begun=begun, turns=len(items), spots=tuple(spots))


def _is_told(item: _Item) -> bool:
    """Whether the caller said it, not the model."""
    said = item.role in (*_OPERATOR, *_ASKING)
    return said or item.type in _RESULTS or item.type == "additional_tools"


def _is_opening(item: _Item) -> bool:
    return item.role in _OPERATOR or item.type == "additional_tools"


def _end_of(entry: bytes, item: _Item, offset: int, place: tuple[str, str]) -> list[Spot]:
    """The last part of a message or result that takes a breakpoint, or its text."""
    slot, member = place
    span = within(entry, "output" if item.type in _RESULTS else "content")
    if span is None:
        return []
    value = entry[slice(*span)]
    start = offset + span[0]
    if value[:1] == b'"' and not is_blank(value):
        return [Spot(slot, member, start, start + len(value), "string", 0)]
    if value[:1] != b"[":
        return []
    for raw, at in backwards(value, _LIST.decode(value)):
        part = _PART.decode(raw)
        text = bytes(part.text)
        if part.type in _MARKABLE and not (text and is_blank(text)):
            end = start + at + len(memoryview(raw))
            return [Spot(slot, member, start + at, end - 1, "block", 0)]
    return []
