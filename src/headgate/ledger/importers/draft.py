"""What an importer says of one call, or of all calls of a span of time, before it is priced.

Rule 1: token classes are disjoint, as in the ledger: an importer converts at the border.
Rule 2: what a source does not say keeps its default; nothing is guessed.
Rule 3: drafts with one id are one call: the best of them is kept, and the tools of all.
"""

from __future__ import annotations

from typing import NamedTuple


class Draft(NamedTuple):
    """A row on its way into the book."""

    id: str
    """the provider's id of the answer, else the source's own of the call; never empty"""
    at_us: int
    """start of the call, microseconds since 1970 UTC"""
    model: str
    model_asked: str = ""
    """where the source tells it apart from the one that answered"""
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
    """the id of the request, as the caller saw it: the provider's, or that of a gateway"""
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
    tools: str = ""
    """instead of the three before, where a call is told in parts: pairs of a tool call's id and
    a tool's name with a space between, one to a line; each id counts once"""
    batch_id: str = ""
    answered_from: str = ""
    """hit, where a cache of replies answered and no provider was asked"""
    head: int = 0
    """a 64-bit fingerprint of tools and system prompt, where the source holds them"""
    head_bytes: int = 0
    calls: int = 1
    """how many calls the row stands for; 0: the source does not say"""
    span_us: int = 0
    """0: one call; else all calls of so long, from at_us on"""
    each_input: int = 0
    """of such a span: the input that each of its calls has at least, for prices that rise with
    it; the sum of a span says nothing of that"""
    rank: tuple[int, int, int] = (0, 0, 0)
    """of several rows with one id the one with the highest is kept; then the dearest"""


class Failed(NamedTuple):
    """The result of a tool call was an error."""

    tool_call: str
    """its id, as `tools` of a draft names it"""
