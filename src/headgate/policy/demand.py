"""What of a request its price depends on, read from the body without taking it apart.

Rule 1: where the body does not tell, the dearer possibility is assumed.
Rule 2: a long body is searched for a few words at most, and nothing of it is decoded that is
not asked for, but where escapes could hide a word.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec
from msgspec import Struct

from headgate.wire import Surface
from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope
from headgate.wire.model import STANDARD, Fault, Terms

NOT_SAID = -1
OLDER = "max_tokens"
MOST_SEARCHES = 20
"""web searches of one call that bounds them nowhere"""
MORE_TOKENS = 256
"""what a vendor may put around any conversation"""
TOOL_TOKENS = 4096
"""what it may put around tools: Anthropic's preface to them has up to 804 tokens, and one of
its own tools that is named in 40 bytes up to 735 (pages on tool use, as of 2026-11-20)"""
IMAGE_TOKENS = {"messages": 5_000, "chat": 50_000, "responses": 50_000}
"""the most that one image is counted as: 4,784 on Claude, 48,169 on gpt-4o-mini (the vendors'
pages on vision, as of 2026-11-20)"""

_KNOWN_TIERS = frozenset(("batch", "flex", "priority", "fast", "scale"))
_AT_CALLER = (
    "custom", "function", "namespace", "bash", "text_editor", "memory", "computer", "browser",
    "local_shell", "shell", "apply_patch",
)  # fmt: skip
"""how types of tools begin that the caller runs: anything else is run by the vendor"""
_STATE = ("previous_response_id", "conversation", "prompt", "web_search_options")
"""members that stand for input which is not in the body"""
_STATE_OF_MESSAGES = ("mcp_servers",)
_WORDS = {
    "messages": (b'"source"',),
    "chat": (b'"image_url"', b'"file"'),
    "responses": (b'"input_image"', b'"input_file"', b'"item_reference"'),
}
"""without any of these there is neither an image nor a file, and no more is searched for"""
_IMAGES = re.compile(rb'"type"\s*:\s*"(?:image|image_url|input_image)"')
_FILES = re.compile(
    rb'"type"\s*:\s*"(?:url|file|input_file|item_reference)"|"application\\?/pdf"|"file_id"'
)
_MARK = b'"cache_control"'
_HOUR = b'"1h"'
_BREAKPOINT = b'"prompt_cache_breakpoint"'
_ESCAPE = b"\\u00"
_HIDDEN = re.compile(rb"\\u00(?:2[fF]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])")
"""a character of the words above, written as nobody does who hides nothing"""
_DEAREST = b"".join((
    b'"source","image_url","file","input_file","application/pdf","cache_control","1h",',
    _BREAKPOINT,
))  # fmt: skip


class _Tool(Struct):
    type: str | None = None
    max_uses: int | None = None


_TOOLS = msgspec.json.Decoder(list[_Tool] | None)
_NUMBER = msgspec.json.Decoder(int | None, strict=False)
_NOTHING = (b"null", b"[]")


class Demand(NamedTuple):
    """The facts of one request that decide what it may cost."""

    surface: str
    bytes: int
    """of the whole body"""
    extra: int
    """tokens that may come on top of them: images, and what vendors put around a call"""
    output: int
    """the caller's own bound for one answer; NOT_SAID: there is none"""
    choices: int = 1
    elsewhere: bool = False
    """does it refer to input that is not in the body: files, a stored conversation, what a
    tool of the vendor's brings"""
    marked: bool = False
    """may there be breakpoints of a prompt cache"""
    for_hour: bool = False
    """may they ask for an hour"""
    searches: int = 0
    """web searches at the most"""
    predicted: int = 0
    """tokens of output it proposes itself: rejected ones are paid for"""
    terms: Terms = STANDARD
    older: int = NOT_SAID
    """its bound by the older name, which is all that many servers of Chat Completions read"""


def read(surface: Surface, envelope: Envelope, bound: int = 0) -> Demand:
    """What the request demands. `bound`: its own on output, where that was read already."""
    members, name, size = envelope.members, surface.name, len(envelope.body)
    if not surface.converses:
        return Demand(name, size, MORE_TOKENS, 0)
    extra, searches, elsewhere = MORE_TOKENS, 0, False
    if "tools" in members:
        extra += TOOL_TOKENS
        elsewhere, searches = _tools(members["tools"])
    for member in _STATE_OF_MESSAGES if name == "messages" else _STATE:
        if member in members and bytes(members[member]) not in _NOTHING:
            elsewhere = True
            searches = searches or MOST_SEARCHES * (member == "web_search_options")
    if searches and name != "messages" and "max_tool_calls" in members:
        searches = min(searches, _count(envelope, "max_tool_calls", searches))
    body = _plain(envelope.body)
    images, files = _parts(name, body)
    marked, for_hour = _marks(name, envelope, body)
    return Demand(
        name,
        size,
        extra + images * IMAGE_TOKENS[name],
        bound or _bound(surface, envelope),
        _choices(name, envelope) if "n" in members else 1,
        elsewhere or files,
        marked,
        for_hour,
        searches,
        len(memoryview(members["prediction"])) if "prediction" in members else 0,
        _terms(envelope),
        _count(envelope, OLDER, NOT_SAID) if name == "chat" else NOT_SAID,
    )


def _plain(body: bytes) -> bytes:
    """The body with no letter of its words in an escape; all that may be dear if it is odd."""
    if body.rfind(_ESCAPE) < 0 or _HIDDEN.search(body) is None:
        return body
    try:
        return msgspec.json.encode(msgspec.json.decode(body))
    except BROKEN:
        return _DEAREST


def _marks(name: str, envelope: Envelope, body: bytes) -> tuple[bool, bool]:
    """(may a cache be written to on request, may it be for an hour)."""
    if name == "messages":
        marked = body.rfind(_MARK) >= 0
        return marked, marked and body.rfind(_HOUR) >= 0
    # Elsewhere caches write by themselves; lifetimes decide only where a call is translated.
    return True, "prompt_cache_options" in envelope.members or body.rfind(_BREAKPOINT) >= 0


def _parts(name: str, body: bytes) -> tuple[int, bool]:
    """(how many images, is there a file or a reference) among what is said."""
    for word in _WORDS[name]:
        if body.rfind(word) >= 0:  # searched from behind, which takes half the time
            return len(_IMAGES.findall(body)), _FILES.search(body) is not None
    return 0, False


def _tools(raw: msgspec.Raw) -> tuple[bool, int]:
    """(does the vendor run any of the tools, web searches at the most)."""
    try:
        tools = _TOOLS.decode(raw) or ()
    except BROKEN:
        return True, MOST_SEARCHES
    elsewhere, searches = False, 0
    for tool in tools:
        kind = tool.type
        if kind is None or kind.startswith(_AT_CALLER):
            continue
        elsewhere = True
        if kind.startswith("web_search"):
            uses = tool.max_uses
            searches += MOST_SEARCHES if uses is None else max(uses, 0)
    return elsewhere, searches


def _bound(surface: Surface, envelope: Envelope) -> int:
    for name in surface.dialect.MAX_OUTPUT_FIELDS:
        if name in envelope.members:
            said = _count(envelope, name, NOT_SAID)
            if said != NOT_SAID:
                return said
    return NOT_SAID


def _choices(name: str, envelope: Envelope) -> int:
    """As the most lenient server reads it: some take 4.0 and "4" for a number."""
    if name != "chat":
        return 1
    try:
        return max(_NUMBER.decode(envelope.members["n"]) or 1, 1)
    except BROKEN:
        return 1


def _count(envelope: Envelope, name: str, otherwise: int) -> int:
    """A whole number; what is none is refused by the provider better than we could."""
    raw = envelope.members.get(name)
    if raw is None or bytes(raw) in _NOTHING:
        return otherwise
    try:
        return envelope.count(name)
    except Fault:
        return otherwise


def _terms(envelope: Envelope) -> Terms:
    members = envelope.members
    if not ("service_tier" in members or "speed" in members or "inference_geo" in members):
        return STANDARD
    try:
        tier, speed = envelope.text("service_tier"), envelope.text("speed")
        geo = envelope.text("inference_geo")
    except Fault:
        return STANDARD
    return Terms(
        tier if tier in _KNOWN_TIERS else "",
        "fast" if speed == "fast" else "",
        "us" if geo == "us" else "",
    )
