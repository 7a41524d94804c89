"""What a conversation is called, and which of a provider's accounts it prefers to which.

Rule 1: nothing has to be remembered of a conversation: every process gives it the same order,
and an account that comes or goes moves no conversation but its own.
Rule 2: an account is known by its public label; its secret decides nothing.
Rule 3: appended turns, and cache marks that move on with them, change no conversation's name.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import xxhash

from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Kind

_SAID_BEFORE = ("system", "instructions")
_TURNS = ("messages", "input")
_MARKS = ("cache_control", "prompt_cache_breakpoint")


class _Turn(msgspec.Struct):
    role: str | None = None
    content: msgspec.Raw = msgspec.Raw(b"")


_TURN_LIST = msgspec.json.Decoder(list[_Turn])
_PARTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def order(conversation: bytes, accounts: Sequence[str]) -> list[int]:
    """Every account's place in the list, the conversation's own account first."""
    drawn = [xxhash.xxh3_64_intdigest(f"{it}\0".encode() + conversation) for it in accounts]
    return sorted(range(len(drawn)), key=drawn.__getitem__, reverse=True)


def mildest(refusals: Sequence[Fault]) -> Fault:
    """Of what several accounts said, that which lets the call go on the soonest."""
    return min(refusals, key=_gravity)


def _gravity(refusal: Fault) -> tuple[bool, float]:
    return refusal.kind is Kind.UPSTREAM_AUTH, refusal.retry_after or 0.0


def name_of(session: str, envelope: Envelope) -> bytes:
    """A conversation's name: the one its client gives it, else how it begins, hashed."""
    if session:
        return session.encode("utf-8", "replace")
    stored = bytes(envelope.members.get("conversation", b"null"))
    return stored if stored != b"null" else _beginning(envelope)


def _beginning(envelope: Envelope) -> bytes:
    """What is said before the first question, and the question."""
    fast, members = xxhash.xxh3_128(), envelope.members
    for name in _SAID_BEFORE:
        if name in members:
            fast.update(_said(bytes(members[name])))
    turns = next((members[name] for name in _TURNS if name in members), msgspec.Raw(b""))
    try:
        for turn in _TURN_LIST.decode(turns):
            fast.update(_said(bytes(turn.content)))
            if turn.role == "user":
                break
    except BROKEN:  # a text alone, or what is no conversation
        fast.update(_said(bytes(turns)))
    return fast.digest()


def _said(content: bytes) -> bytes:
    """A turn's content without its marks; a text is the same alone and as a part."""
    if not content.startswith(b"["):
        return content + b"\0"
    try:
        parts = _PARTS.decode(content)
    except BROKEN:
        return content + b"\0"
    return b"".join(bytes(it["text"]) + b"\0" if "text" in it else _other(it) for it in parts)


def _other(part: dict[str, msgspec.Raw]) -> bytes:
    return b"".join(bytes(part[name]) + b"\0" for name in sorted(part) if name not in _MARKS)
