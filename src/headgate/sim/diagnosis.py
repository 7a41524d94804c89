"""What the two vendors say of why a prompt missed its cache: where it left an earlier one.

Rule 1: hashes and counts are kept of a request, never its text, and only of the latest ones.
Rule 2: the first level that differs is named: model, system, tools, then messages at Anthropic;
at OpenAI its settings first, then its input.
Rule 3: an earlier request is known by the id of its reply, to the key that made it.
(cache-diagnostics pages of both vendors, read 2026-11-21)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from headgate.sim.cache import Block, Points
from headgate.sim.text import encode

LEVELS = ("system", "tools", "messages")
_GROWING = ("messages", "input")
_KEPT = 10_000


class Print(NamedTuple):
    """A request, as far as it is compared."""

    settings: dict[str, bytes]
    """what must be equal as a whole, in the order in which it is compared"""
    parts: dict[str, list[tuple[bytes, int]]]
    """of each level, in that order: a hash and the tokens of every block"""

    @property
    def tokens(self) -> int:
        return sum(count for blocks in self.parts.values() for _, count in blocks)


class Parting(NamedTuple):
    """Where two requests part, and how many tokens of the earlier one are lost by it."""

    where: str
    lost: int


@dataclass(slots=True)
class Diary:
    """The latest requests of all keys, by the ids of their replies."""

    kept: dict[tuple[str, str], Print] = field(default_factory=dict)

    def note(self, key: str, reply_id: str, seen: Print) -> None:
        self.kept[key, reply_id] = seen
        while len(self.kept) > _KEPT:
            del self.kept[next(iter(self.kept))]

    def of(self, key: str, reply_id: object) -> Print | None:
        return self.kept.get((key, str(reply_id)))


def of_messages(body: dict[str, Any], levels: Sequence[str], blocks: Sequence[Block]) -> Print:
    """The print of a Messages request."""
    parts: dict[str, list[tuple[bytes, int]]] = {level: [] for level in LEVELS}
    for level, block in zip(levels, blocks, strict=True):
        parts[level].append((_hash(block.data), block.tokens))
    return Print({"model": encode([body["model"], body.get("speed")])}, parts)


def of_responses(body: dict[str, Any], points: Points) -> Print:
    """The print of a Responses request."""
    text, reasoning = body.get("text") or {}, body.get("reasoning") or {}
    settings = {
        "model": body["model"],
        "prompt_cache_key": body.get("prompt_cache_key"),
        "tools": body.get("tools"),
        "text_format": text.get("format"),
        "reasoning_effort": reasoning.get("effort"),
        "verbosity": text.get("verbosity"),
        "service_tier": body.get("service_tier"),
    }
    blocks = [(_hash(block.data), block.tokens) for block in points.blocks]
    return Print({name: encode(it) for name, it in settings.items()}, {"input": blocks})


def parting(before: Print, now: Print) -> Parting | None:
    """Where a request parts from the one before; None: it only goes on."""
    for name, value in before.settings.items():
        if now.settings.get(name) != value:
            return Parting(name, before.tokens)
    lost = before.tokens
    for level, earlier in before.parts.items():
        kept = _alike(earlier, now.parts[level])
        lost -= sum(count for _, count in earlier[:kept])
        grew = len(now.parts[level]) > kept and level not in _GROWING
        if kept < len(earlier) or grew:
            return Parting(level, lost)
    return None


def _alike(earlier: list[tuple[bytes, int]], later: list[tuple[bytes, int]]) -> int:
    """How many blocks both begin with."""
    pairs = zip(earlier, later, strict=False)
    return next(
        (n for n, (one, other) in enumerate(pairs) if one != other),
        min(len(earlier), len(later)),
    )


def for_messages(diary: Diary, key: str, body: dict[str, Any], now: Print) -> Any:
    """What stands as `diagnostics` in the reply; None: the prompt only went on."""
    asked = body["diagnostics"].get("previous_message_id")
    if asked is None:
        return None
    before = diary.of(key, asked)
    if before is None:
        return {"cache_miss_reason": {"type": "previous_message_not_found"}}
    found = parting(before, now)
    if found is None:
        return None
    reason = {"type": f"{found.where}_changed", "cache_missed_input_tokens": found.lost}
    return {"cache_miss_reason": reason}


def for_responses(diary: Diary, key: str, asked: str, now: Print) -> dict[str, Any]:
    """What stands as `prompt_cache_diagnostics` in the reply."""
    before = diary.of(key, asked)
    if before is None:
        return {"type": "comparison_response_not_found"}
    found = parting(before, now)
    if found is None:
        return {"type": "cache_hit"}
    return {
        "type": "cache_miss",
        "reason": f"{found.where}_changed",
        "cache_missed_tokens": found.lost,
        "comparison_reusable_tokens": before.tokens - found.lost,
    }


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
