"""The ledger's row: one Entry per call, with its tries, and the intent written before the first.

Rule 1: no message text, ever: sizes, counts, hashes and identifiers only.
Rule 2: money is integer nano-dollars, time is integer microseconds; sums are exact.
Rule 3: a column is added at the end, with a migration in store/schema.py.
"""

from __future__ import annotations

from typing import NamedTuple


class Intent(NamedTuple):
    """A call admitted and about to be sent upstream; closed by the Entry of the same id.

    Open intents after a crash were perhaps billed, and nobody saw the answer.
    """

    id: str
    at_us: int
    """start of the call, microseconds since 1970 UTC"""
    key_id: str
    surface: str
    model_asked: str
    provider: str
    model_sent: str
    input_estimate: int
    """tokens the request is likely to hold"""
    max_output: int
    """the caller's own bound on output tokens; 0: none given"""


class Entry(NamedTuple):
    """What one call was, cost and became."""

    id: str
    """our request id, or the caller's valid X-Request-ID"""
    at_us: int
    took_us: int
    ttft_us: int
    """from the start of the call to the first content from upstream; 0: none came"""
    surface: str
    """messages, count_tokens, chat, responses, embeddings"""
    key_id: str
    session: str
    agent: str
    tags: str
    client: str
    """the caller's user agent"""
    latency_class: str
    """what the caller declared in x-headgate-latency"""
    model_asked: str
    route: str
    """the [models] entry that matched"""
    provider: str
    """the target that answered, or was tried last"""
    credential: str
    """which credential of the provider: house, client or its name"""
    model_sent: str
    model_served: str
    """as the reply named it"""
    upstream_id: str
    status: int
    """the HTTP status the client saw; 0: it was gone before one was sent"""
    fault: str
    """kind of the final fault; empty: none"""
    ending: str
    stream: int
    canned: int
    tries: int
    maybe_billed: int
    """tries that may have been billed although no answer arrived"""
    tries_json: str | None
    """every try in order, where there was more than one or one failed"""
    input_fresh: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    cache_write_30m: int
    cache_write_12h: int
    output: int
    reasoning_of_output: int
    web_searches: int
    usage_from: str
    """provider, estimate or none"""
    tier: str
    speed: str
    geo: str
    input_nusd: int
    cache_read_nusd: int
    cache_write_nusd: int
    output_nusd: int
    search_nusd: int
    cost_nusd: int
    """the sum of the five lines"""
    price_version: str
    priced_by: str
    """catalog, override, ceiling or free"""
    max_output: int
    request_bytes: int
    reply_bytes: int
    tools_offered: int
    tools_called: int
    prefix: bytes | None
    """up to 8 pairs of (64-bit keyed hash, cumulative bytes) of the request's prefixes"""
    reply_hash: bytes | None
    """64-bit keyed hash of the reply's text"""
    batch_id: str
    warnings: str
    simulated: int


COLUMNS = Entry._fields
