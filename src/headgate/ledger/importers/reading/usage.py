"""Decides what the tokens of a call are, from whatever a vendor or a recorder calls them.

Rule 1: token classes come out disjoint. Whether the input that is told holds the cached part is
read from the sum that is told beside it, where there is one; else it is the format's rule.
Rule 2: reasoning is part of the output, and a cache write is of five minutes where nothing
tells its time; that of OpenAI is of thirty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headgate.ledger.importers.reading.values import whole

HOLDS = "its input was taken as holding the cached tokens"
WITHOUT = "its input was taken as without the cached tokens"
UNPRICED = "it holds tokens of sound or images, which are priced as text here"


class Tokens(NamedTuple):
    """Those of a call, in classes that do not overlap; the fields of a Draft."""

    input_fresh: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_write_30m: int = 0
    cache_write_12h: int = 0
    output: int = 0
    reasoning_of_output: int = 0
    web_searches: int = 0

    @property
    def cached(self) -> int:
        return sum(self[1:6])

    @property
    def all_input(self) -> int:
        return sum(self[:6])


class Told(NamedTuple):
    """How much input is told, and what it may be compared with."""

    input: int
    total: int = 0
    """of input and output together; 0: it is not told"""


def disjoint(told: Told, tokens: Tokens, *, holds: bool) -> tuple[Tokens, bool]:
    """The tokens with their fresh input, and whether the told input held the cached part.

    `holds`: what the format usually means, where neither sum tells.
    """
    fresh, held = fresh_of(told, tokens.cached, tokens.output, holds)
    return tokens._replace(input_fresh=fresh), held


def fresh_of(told: Told, cached: int, output: int, holds: bool) -> tuple[int, bool]:
    """The same, of numbers."""
    if not cached:
        return told.input, holds
    if told.total == told.input + output:
        holds = True
    elif told.total == told.input + cached + output:
        holds = False
    if told.input < cached:
        holds = False
    return told.input - cached if holds else told.input, holds


def written(total: int, hour: int, five: int, *, openai: bool) -> Tokens:
    """Cache writes by how long they hold; what nothing tells of lies in `total` alone."""
    rest = max(0, total - hour - five)
    if openai:
        return Tokens(cache_write_5m=five, cache_write_1h=hour, cache_write_30m=rest)
    return Tokens(cache_write_5m=five + rest, cache_write_1h=hour)


def part(found: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A member that is an object; none where it is not."""
    member = found.get(name)
    return member if isinstance(member, dict) else {}


def first(found: Mapping[str, object], *names: str) -> int:
    """The first of these that is told and not nothing."""
    for name in names:
        value = found.get(name)
        if not value:
            continue
        if type(value) is int and value > 0:
            return value
        if number := whole(value, name):
            return number
    return 0


def of_vendor(usage: Mapping[str, object], *, openai: bool = False) -> tuple[Tokens, Told]:
    """From a usage object as Anthropic, OpenAI or LiteLLM writes it; input is not yet split."""
    put_in = part(usage, "prompt_tokens_details") or part(usage, "input_tokens_details")
    put_out = part(usage, "completion_tokens_details") or part(usage, "output_tokens_details")
    by_time = part(usage, "cache_creation") or part(put_in, "cache_creation_token_details")
    writes = written(
        first(usage, "cache_creation_input_tokens")
        or first(put_in, "cache_creation_tokens", "cache_write_tokens"),
        first(by_time, "ephemeral_1h_input_tokens"),
        first(by_time, "ephemeral_5m_input_tokens"),
        openai=openai,
    )
    server = part(usage, "server_tool_use")
    tokens = writes._replace(
        cache_read=first(usage, "cache_read_input_tokens") or first(put_in, "cached_tokens"),
        output=first(usage, "completion_tokens", "output_tokens"),
        reasoning_of_output=first(put_out, "reasoning_tokens", "thinking_tokens"),
        web_searches=first(server, "web_search_requests")
        or first(put_in, "web_search_requests"),
    )
    told = Told(first(usage, "prompt_tokens", "input_tokens"), first(usage, "total_tokens"))
    return tokens, told


def excludes_cache(usage: Mapping[str, object]) -> bool:
    """Is it an object as Anthropic writes it, whose input is the fresh part alone?"""
    return "input_tokens" in usage and (
        "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage
    )


def sounds(usage: Mapping[str, object]) -> bool:
    """Does it hold tokens that are not text?"""
    put_in = part(usage, "prompt_tokens_details") or part(usage, "input_tokens_details")
    put_out = part(usage, "completion_tokens_details") or part(usage, "output_tokens_details")
    return bool(first(put_in, "audio_tokens", "image_tokens") or first(put_out, "audio_tokens"))
