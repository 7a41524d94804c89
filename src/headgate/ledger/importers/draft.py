"""What an importer says of one call, or of all calls of a span of time, before it is priced.

Rule 1: token classes are disjoint, as in the ledger: an importer converts at the border.
Rule 2: what a source does not say keeps its default; nothing is guessed.
"""

from __future__ import annotations

from typing import NamedTuple


class Draft(NamedTuple):
    """A row on its way into the book."""

    id: str
    """the provider's id of the answer, else the source's own of the call; never empty"""
    at_us: int
    model: str
    provider: str = ""
    """as prices know it, such as anthropic; empty: whoever makes the model"""
    input_fresh: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_write_30m: int = 0
    cache_write_12h: int = 0
    output: int = 0
    reasoning_of_output: int = 0
    web_searches: int = 0
    tier: str = ""
    speed: str = ""
    geo: str = ""
    stated_nusd: int | None = None
    """what the source says it cost; None: it does not say"""
    took_us: int = 0
    ttft_us: int = 0
    surface: str = ""
    session: str = ""
    agent: str = ""
    project: str = ""
    tags: str = ""
    client: str = ""
    key: str = ""
    """how the source names the key"""
    team: str = ""
    cost_centre: str = ""
    latency_class: str = ""
    credential: str = ""
    upstream_id: str = ""
    """the provider's id of the request"""
    status: int = 200
    fault: str = ""
    ending: str = "complete"
    stream: int = 0
    tries: int = 1
    max_output: int = 0
    request_bytes: int = 0
    reply_bytes: int = 0
    tools_offered: int = 0
    tools_called: int = 0
    tools_used: str = ""
    """names and counts, such as: Bash:2 Read:1"""
    tools_failed: int = 0
    batch_id: str = ""
    head: int = 0
    """a 64-bit fingerprint of tools and system prompt, where the source holds them"""
    head_bytes: int = 0
    calls: int = 1
    """how many calls the row stands for; 0: the source does not say"""
    span_us: int = 0
    """0: one call; else all calls of so long, from at_us on"""
    rank: tuple[int, int, int] = (0, 0, 0)
    """of several rows with one id the one with the highest is kept"""
