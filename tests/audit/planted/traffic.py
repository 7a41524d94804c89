"""Traffic that never was, and what it would have cost: calls against the simulator's own model
of Anthropic's prompt cache, at the catalogue's prices. All of it is simulated.

Rule 1: the same calls cost the same: there is no chance in here, and no clock.
Rule 2: what was sent and what a changed caller would send go through the same cache, so that
what a change saves is the difference of two bills.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from headgate.money.pricing import Rates
from headgate.sim.cache import Block, Lookup, PromptCache
from headgate.wire.model import Terms, Usage
from tests.audit.ledgers import MONDAY_US, catalog

BYTES = 4
"""of a token"""
SHORT = 1_500
PAIRS = 4
"""turns whose ends a fingerprint knows"""
MASK = 2**64 - 1
WORDS_S = 80.0
"""tokens written in a second"""

Kind = Literal["tools", "system", "turn"]


class Piece(NamedTuple):
    """A part of a prompt."""

    name: int
    """equal for equal text"""
    tokens: int
    kind: Kind = "turn"
    mark: str = ""
    """5m, 1h or none"""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call."""

    at: float
    """seconds since the ledger began"""
    key: str
    model: str
    pieces: tuple[Piece, ...]
    output: int
    more: dict[str, Any] = field(default_factory=dict)
    """columns of its row that are not as usual"""
    ttft: float = 0.9


@lru_cache(maxsize=64)
def rates(model: str) -> Rates:
    at = datetime.fromtimestamp(MONDAY_US / 1e6, UTC)
    return catalog().rates("anthropic", model, at)


def bill(asks: Iterable[Ask]) -> int:
    """What they cost together, in nano-dollars."""
    return sum(row["cost_nusd"] for row in rows(asks))


def rows(asks: Iterable[Ask]) -> list[dict[str, Any]]:
    """The rows that a gateway would have written, in the order of time."""
    cache = PromptCache()
    begun: list[tuple[float, int, Lookup]] = []
    found = []
    for number, ask in enumerate(sorted(asks, key=lambda it: it.at)):
        while begun and begun[0][0] <= ask.at:
            ready, _, lookup = heapq.heappop(begun)
            cache.commit(lookup, ready)
        price = rates(ask.model)
        blocks = [Block(it.name.to_bytes(8), it.tokens, it.mark) for it in ask.pieces]
        scope = f"{ask.key}/{ask.model}".encode()
        minimum = price.cache_minimum or 1_024
        seen = cache.look_anthropic(scope, blocks, minimum, ask.at)
        heapq.heappush(begun, (ask.at + ask.ttft, number, seen))
        found.append(_row(ask, seen.usage, price))
    return found


def _row(ask: Ask, read: Usage, price: Rates) -> dict[str, Any]:
    usage = read._replace(output=ask.output)
    terms = Terms(str(ask.more.get("tier", "")))
    cost = price.cost(usage, terms)
    return {
        "at_us": MONDAY_US + round(ask.at * 1e6),
        "ttft_us": round(ask.ttft * 1e6),
        "took_us": round((ask.ttft + ask.output / WORDS_S) * 1e6),
        "key_id": ask.key,
        "model_sent": ask.model,
        "stream": 1,
        "simulated": 1,
        "input_fresh": usage.input_fresh,
        "cache_read": usage.cache_read,
        "cache_write_5m": usage.cache_write_5m,
        "cache_write_1h": usage.cache_write_1h,
        "output": usage.output,
        **cost._asdict(),
        "cost_nusd": cost.total_nusd,
        "uncached_nusd": price.uncached_nusd(usage.input_total, terms),
        "price_version": price.version,
        "priced_by": price.priced_by,
        **printed(ask.pieces),
        **ask.more,
    }


def printed(pieces: Sequence[Piece]) -> dict[str, Any]:
    """The fingerprints that a gateway would have taken of a prompt."""
    chain, cover, names = [], [], []
    hashed = size = 0
    turns = [n for n, it in enumerate(pieces) if it.kind == "turn"][-PAIRS:]
    for number, piece in enumerate(pieces):
        hashed = hash((hashed, piece.name)) & MASK
        size += piece.tokens * BYTES
        following = pieces[number + 1].kind if number + 1 < len(pieces) else ""
        opens = piece.kind != "turn" and following != piece.kind
        if opens:
            names.append(piece.kind)
        if opens or number in turns:
            chain.append(hashed)
            cover.append(size)
    if size < SHORT:
        return {"chain": chain[-1:], "cover": cover[-1:], "opening": "", "request_bytes": size}
    last = len(names) - 1
    return {
        "chain": chain,
        "cover": cover,
        "opening": ",".join(names),
        "head": chain[last] if names else 0,
        "head_bytes": cover[last] if names else 0,
        "request_bytes": size,
    }
