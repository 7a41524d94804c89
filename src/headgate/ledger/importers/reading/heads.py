"""Makes of a stored request what may be kept of it: a fingerprint of its head, and counts.

Rule 1: no text leaves this module: a keyed hash, sizes and numbers do.
Rule 2: without the key of this installation there is no fingerprint: a hash that anybody can
make confirms a guess.
Rule 3: the head is what repeats: tools and system prompt, which stand ahead of all turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from headgate.ledger.importers.reading.values import Bad, whole
from headgate.policy.prefix import hasher, seal

_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_SYSTEM = ("system", "developer")
KEPT = 4_096
"""heads whose hash is remembered: they repeat"""


class Head(NamedTuple):
    """The fields of a Draft that a request's body tells."""

    head: int = 0
    head_bytes: int = 0
    tools_offered: int = 0
    max_output: int = 0
    stream: int = 0


NONE = Head()


class Heads:
    """Reads the bodies of one file."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: dict[bytes, int] = {}

    def of(self, body: Mapping[str, Any], messages: object = None) -> Head:
        """What a request's body says; `messages`: where they are kept apart from it."""
        turns = body.get("messages") or body.get("input") or messages
        tools = body.get("tools")
        system = [body[name] for name in ("system", "instructions") if body.get(name)]
        if isinstance(turns, list):
            system += _leading(turns)
        offered = tools if isinstance(tools, list) else []
        hashed, size = self._hash(offered, system)
        return Head(hashed, size, len(offered), _bound(body), int(body.get("stream") is True))

    def _hash(self, tools: list[Any], system: list[Any]) -> tuple[int, int]:
        if not self._secret or not (tools or system):
            return 0, 0
        text = _ENCODE((tools, system))
        known = self._known.get(text)
        if known is None:
            fast = hasher(self._secret)
            fast.update(text)
            known = int.from_bytes(seal(fast, self._secret), "little")
            if len(self._known) < KEPT:
                self._known[text] = known
        return known, len(text)


def _leading(turns: list[Any]) -> list[Any]:
    """The system prompts ahead of the first turn."""
    found = []
    for turn in turns:
        if not isinstance(turn, dict) or turn.get("role") not in _SYSTEM:
            break
        found.append(turn.get("content"))
    return found


def _bound(body: Mapping[str, Any]) -> int:
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        try:
            if found := whole(body.get(name), name):
                return found
        except Bad:
            continue
    return 0
