"""The ledger's row: one Entry per call, with its tries, and the intent that comes before it.

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
    """our request id, or the caller's valid X-Request-ID"""
    at_us: int
    """start of the call, microseconds since 1970 UTC"""
    key_id: str
    """who called: the id of a virtual key"""
    surface: str
    """messages, count_tokens, chat, responses, embeddings or execute"""
    model_asked: str
    """the name the caller sent"""
    provider: str
    """where the first try went"""
    model_sent: str
    """the name sent upstream"""
    input_estimate: int
    """tokens the request is likely to hold"""
    max_output: int
    """the caller's own bound on output tokens; 0: none given"""
    charged: str = ""
    """the accounts that pay for it, with spaces between"""
    probable_nusd: int = 0
    """what it will probably cost: charged to them if nobody ever learns what it did"""


class Entry(NamedTuple):
    """What one call was, cost and became."""

    id: str
    """our request id, or the caller's valid X-Request-ID"""
    at_us: int
    """start of the call, microseconds since 1970 UTC"""
    took_us: int
    """from the start to the last byte towards the client"""
    ttft_us: int
    """from the start of the call to the first content from upstream; 0: none came"""
    surface: str
    """messages, count_tokens, chat, responses, embeddings, execute"""
    key_id: str
    """who called: the id of a virtual key; empty: no key was asked for"""
    session: str
    """the conversation, as the client names it"""
    agent: str
    """the sub-agent that called, where the client names one"""
    tags: str
    """the key's own tags, then what the caller declared in x-headgate-tags"""
    client: str
    """the caller's user agent"""
    latency_class: str
    """what the caller declared in x-headgate-latency"""
    model_asked: str
    """the name the caller sent"""
    route: str
    """the [models] entry that matched"""
    provider: str
    """the target that answered, or was tried last"""
    credential: str
    """whose key was sent: house, client, or the variable of one of several accounts"""
    model_sent: str
    """the name sent upstream in the last try"""
    model_served: str
    """as the reply named it"""
    upstream_id: str
    """the provider's own request id"""
    status: int
    """the HTTP status the client saw; 0: it was gone before one was sent"""
    fault: str
    """kind of the final fault; empty: none"""
    ending: str
    """complete, error, idle, truncated or client_gone"""
    stream: int
    """1: the caller asked for a stream"""
    canned: int
    """1: answered with the canned text, because every rung failed"""
    tries: int
    """attempts upstream, at all targets together"""
    maybe_billed: int
    """tries that may have been billed although no answer arrived"""
    tries_json: str | None
    """every try in order, where there was more than one or one failed; of code that was run one
    entry, whose took_us is the time it ran"""
    input_fresh: int
    """input tokens read anew; the token classes are disjoint"""
    cache_read: int
    """input tokens found in a prompt cache"""
    cache_write_5m: int
    """input tokens written to a cache for five minutes"""
    cache_write_1h: int
    """the same for an hour"""
    cache_write_30m: int
    """the same for thirty minutes"""
    cache_write_12h: int
    """the same for twelve hours"""
    output: int
    """tokens written, reasoning included"""
    reasoning_of_output: int
    """the part of output that is reasoning; never added to it"""
    web_searches: int
    """searches the provider made and charges for"""
    usage_from: str
    """provider, estimate or none"""
    tier: str
    """batch, flex, priority, fast or scale, as the reply says; empty: standard"""
    speed: str
    """fast, as the reply says; empty: standard"""
    geo: str
    """the region the reply says it was served in, where that costs more"""
    input_nusd: int
    """cost of input_fresh, in nano-dollars"""
    cache_read_nusd: int
    """cost of cache_read"""
    cache_write_nusd: int
    """cost of all cache writes"""
    output_nusd: int
    """cost of output"""
    search_nusd: int
    """cost of web searches, of the call where a provider charges for it, and of running code"""
    cost_nusd: int
    """the sum of the five lines"""
    price_version: str
    """the price list and its version that cost was counted with"""
    priced_by: str
    """catalog, override, ceiling, free, or stated: an imported row that has no tokens or no
    listed price, and costs what its source says; empty: nothing was priced"""
    max_output: int
    """the caller's own bound on output tokens; 0: none given"""
    request_bytes: int
    """size of the request's body"""
    reply_bytes: int
    """size of the reply's body, as it came from upstream"""
    tools_offered: int
    """tools in the request"""
    tools_called: int
    """tool calls in the reply"""
    prefix: bytes | None
    """up to 8 pairs of (64-bit keyed hash, cumulative bytes) of the request's prefixes"""
    reply_hash: bytes | None
    """64-bit keyed hash of the reply's text"""
    batch_id: str
    """the batch the call belongs to; empty: none"""
    warnings: str
    """what was not done as asked, in words"""
    simulated: int
    """1: the reply came from the simulator"""
    organisation: str
    """the organisation of the key's team, as it is named; empty: no key was asked for"""
    team: str
    """the key's team"""
    cost_centre: str
    """who pays: the key's cost centre, else its team's, else its organisation's"""
    key_tags: str
    """those of the tags that are the key's, its team's or organisation's: no caller's word"""
    charged: str
    """the accounts that its cost counts against, with spaces between"""
    waited_us: int
    """how long it stood in line for a limit or a budget before it was sent"""
    chosen_by: str
    """why its target was chosen, where a route has a policy: its name and what decided"""
    uncached_nusd: int
    """what its input would have cost had nothing been read from a cache or written to one"""
    cache_plan: str
    """what was planned for the vendor's prompt cache, such as: on tools:1h turns:5m; advise …
    says what would have been done, own: the caller's marks were left alone"""
    opening: str
    """what the first pairs of prefix stand for, such as: tools,system; turns follow them"""
    miss: str
    """why the vendor's cache did not hold its prompt; empty: it did, or nobody expected it"""
    miss_at: str
    """the first part that differs from what was cached, such as: system[1] or messages[4]"""
    miss_nusd: int
    """what that cost"""
    answered_from: str
    """hit, near, join or replay, where no upstream was asked; empty: one was"""
    saved_nusd: int
    """what the call would have cost otherwise"""


COLUMNS = Entry._fields
