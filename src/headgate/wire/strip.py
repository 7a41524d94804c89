"""Takes seals that we wrapped out of a call that goes natively to the vendor it speaks.

A conversation may have been elsewhere before: what its answers carried for us to unwrap means
nothing to this vendor, who refuses a signature that is not its own.

Rule 1: only what holds such a seal is taken out; every other byte stays the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope
from headgate.wire.seal import START, may_hold

_START = START.encode()
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Sealed(Struct):
    """What of a block or an item may hold a seal."""

    type: str = ""
    signature: str | None = None
    data: str | None = None
    encrypted_content: str | None = None
    encrypted_index: str | None = None


_SEALED = msgspec.json.Decoder(_Sealed)


def without_our_seals(envelope: Envelope) -> dict[str, bytes]:
    """The members to change, with their new value; none where nothing was sealed by us."""
    if not may_hold(envelope.body):
        return {}
    changes: dict[str, bytes] = {}
    for name in ("messages", "input"):
        raw = envelope.members.get(name)
        if raw is not None and _START in bytes(raw):
            kept = _kept(raw)
            if kept is not None:
                changes[name] = kept
    return changes


def _kept(entries: msgspec.Raw) -> bytes | None:
    """The list without what we sealed; None when it is no list of the kind."""
    try:
        whole = _LIST.decode(entries)
        out = [kept for entry in whole for kept in _entry(bytes(entry))]
    except BROKEN:
        return None
    return b"[" + b",".join(out) + b"]"


def _entry(entry: bytes) -> Iterator[bytes]:
    """A message or an item, as much of it as stays."""
    if _START not in entry:
        yield entry
        return
    if _is_sealed(entry):
        return
    members = _MEMBERS.decode(entry)
    content = bytes(members.get("content", b""))
    if not content.lstrip().startswith(b"["):
        yield entry
        return
    blocks = [bytes(block) for block in _LIST.decode(content)]
    kept = [_without_citations(block) for block in blocks if not _is_sealed(block)]
    if kept == blocks:
        yield entry
    elif kept:
        yield entry.replace(content, b"[" + b",".join(kept) + b"]", 1)


def _without_citations(block: bytes) -> bytes:
    """The block without those of another vendor: Anthropic has proven none of them."""
    if _START not in block or b"encrypted_index" not in block:
        return block
    try:
        given = bytes(_MEMBERS.decode(block).get("citations", b""))
        citations = _LIST.decode(given)
        kept = [bytes(one) for one in citations if not _is_ours(one)]
    except BROKEN:
        return block
    if len(kept) == len(citations):
        return block
    return block.replace(given, b"[" + b",".join(kept) + b"]", 1)


def _is_ours(citation: msgspec.Raw) -> bool:
    index = _SEALED.decode(citation).encrypted_index
    return index is not None and index.startswith(START)


def _is_sealed(block: bytes) -> bool:
    if _START not in block:
        return False
    try:
        it = _SEALED.decode(block)
    except BROKEN:
        return False
    seals = (it.signature, it.data, it.encrypted_content)
    kinds = ("thinking", "redacted_thinking", "reasoning")
    return it.type in kinds and any(seal and seal.startswith(START) for seal in seals)
