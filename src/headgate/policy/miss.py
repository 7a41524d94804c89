"""Decides whether a vendor's prompt cache held less of a prompt than it should, and why.

Rule 1: what nobody could expect is no miss: a first call, or an answer that ran all the while.
Rule 2: an entry lives from the start of the request that wrote or last read it, and can be read
once that one's answer has begun.
Rule 3: the provider's own word stands above ours.
Rule 4: the first hindrance is the cause: without a mark nothing is looked up, what has expired
would not have been found unchanged either, and only what is left unexplained was evicted.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.money.pricing import Cost, Rates
from headgate.policy.trail import TURNS, Change
from headgate.wire.model import STANDARD, Terms, Usage
from headgate.wire.reading import CacheMiss

LEAST_TOKENS = 256
"""half of the shortest prefix that any vendor caches: fewer lost ones are not worth a word"""
SLACK, ROUGH_SLACK = 0.05, 0.25
"""which share may be missing unseen: of counted tokens, and of those guessed from bytes"""
SHORT_S = 300.0
"""how long the shortest mark lives"""
LOOKBACK = 20
"""blocks, from a mark back, among which an earlier entry is found (Anthropic's page on prompt
caching, read 2026-11-20)"""
AUTOMATIC_LEAST, AUTOMATIC_STEP = 1_024, 128
"""vendors that cache unasked do so from here on, in such steps (OpenAI, read 2026-11-20)"""

REMEDIES = {
    "expired": 'mark it for an hour, or let `[cache] prompt = "on"` choose; where pauses are'
    " only a little longer, keep it alive",
    "model_changed": "a cache belongs to one model: change models between conversations, not"
    " within them",
    "account_changed": "a cache belongs to one account: let conversations keep theirs",
    "tools_changed": "send the same tools in the same order in every call; what must vary goes"
    " to their end, or into a message",
    "system_changed": "keep what varies, such as the time, out of the system prompt: put it"
    " into the last message",
    "messages_changed": "only append to a conversation: what was sent before must stay as it"
    " was",
    "settings_changed": "keep tool_choice, thinking and effort the same in a conversation",
    "unmarked": '[cache] prompt = "on" marks it, or mark it with cache_control',
    "not_ready": "send the first call of a burst alone: the others can read what it wrote once"
    " its answer has begun",
    "too_short": "nothing is cached below the model's minimum: leave the mark out, or put more"
    " of what stays the same before it",
    "too_far": "a mark finds what was cached up to 20 blocks before it: set another one among"
    " the blocks that a turn adds",
    "evicted": "the vendor did not keep it, or counts as changed what is not seen here",
}
"""every cause, and what to do about it"""
_VENDORS_WORDS = frozenset(
    ("model_changed", "system_changed", "tools_changed", "messages_changed")
)
_VENDORS_SETTINGS = frozenset(
    (
        "prompt_cache_key_changed",
        "text_format_changed",
        "reasoning_effort_changed",
        "verbosity_changed",
        "service_tier_changed",
    )
)
_OPENINGS = {"tools": "tools_changed"}


class Past(NamedTuple):
    """An earlier call, as far as it decides what the next one should have read."""

    at: float
    """when it was sent, in seconds"""
    readable: float
    """when its answer began"""
    model: str
    account: str
    prompt: int
    """its tokens"""
    cached: int
    """those that it left in the cache"""
    ttl_s: float = SHORT_S
    keeps_opening: bool = True
    """can others that only open alike read what it left"""


class Now(NamedTuple):
    """The call in question."""

    at: float
    readable: float
    model: str
    account: str
    usage: Usage
    marked: bool = True
    automatic: bool = False
    """does its vendor cache unasked"""
    minimum: int = 0
    """the shortest prefix that is cached; 0: nobody knows"""


class Link(NamedTuple):
    """How the two requests hang together."""

    goes_on: bool
    """is it the same conversation, not only the same opening"""
    share: float = 1.0
    """of the earlier prompt, before the first difference"""
    opening: float = 1.0
    """which share of the earlier prompt is its opening"""
    change: Change | None = None
    setting: str = ""
    """what else about it changed"""


class Verdict(NamedTuple):
    why: str
    tokens: int
    """that could have been read and were not"""
    note: str = ""
    """what has to be known beside it, such as how long the pause was"""


def judge(past: Past, now: Now, link: Link, told: CacheMiss | None = None) -> Verdict | None:
    """Why the call read less than the earlier one left for it; None: it did not."""
    if now.at < past.at and past.at >= now.readable:
        return None  # it ran when the other came: that one is measured by this
    if not past.cached:
        return _never(past, now, link)
    expected = past.cached
    if not link.goes_on:
        expected = min(expected, int(past.prompt * link.opening)) if past.keeps_opening else 0
    lost = expected - now.usage.cache_read
    slack = SLACK if link.goes_on else ROUGH_SLACK
    if lost < max(LEAST_TOKENS, slack * expected):
        return None
    why, note = _cause(past, now, link)
    if told is not None and (said := _said(told.why, why)):
        setting = told.why.removesuffix("_changed") if said == "settings_changed" else ""
        return Verdict(said, told.tokens or lost, setting)
    if why == "unmarked":
        lost = min(lost, int(past.prompt * link.share))
    return Verdict(why, lost, note)


def overlooked(verdict: Verdict, blocks: int) -> Verdict:
    """What seemed to be evicted, where the call added so many blocks to a conversation."""
    if verdict.why != "evicted" or blocks < LOOKBACK:
        return verdict
    return Verdict("too_far", verdict.tokens, f"{blocks} blocks added")


def _said(words: str, ours: str) -> str:
    """The cause that a vendor names; empty: none that is one of ours.

    What OpenAI calls the input holds the instructions as well: there we may know more.
    """
    if words in _VENDORS_WORDS:
        return words
    if words == "input_changed":
        return ours if ours == "system_changed" else "messages_changed"
    return "settings_changed" if words in _VENDORS_SETTINGS else ""


def _cause(past: Past, now: Now, link: Link) -> tuple[str, str]:
    gap_s = now.at - past.at
    if not (now.automatic or now.marked or is_cached(now.usage)):
        return "unmarked", ""
    if now.at < past.readable:
        return "not_ready", ""
    if gap_s >= past.ttl_s:
        return "expired", f"pause {span(gap_s)}, kept {span(past.ttl_s)}"
    return _changed(past, now, link) or ("evicted", "")


def _changed(past: Past, now: Now, link: Link) -> tuple[str, str] | None:
    change = link.change
    if now.model != past.model:
        return "model_changed", f"{past.model} -> {now.model}"
    if now.account != past.account:
        return "account_changed", f"{past.account} -> {now.account}"
    if change is not None and change.member not in TURNS:
        return _OPENINGS.get(change.member, "system_changed"), ""
    if change is not None and link.goes_on:
        return "messages_changed", ""
    return ("settings_changed", link.setting) if link.setting else None


def _never(past: Past, now: Now, link: Link) -> Verdict | None:
    """The earlier call left nothing: what a mark would have done."""
    if now.automatic or is_cached(now.usage) or now.model != past.model:
        return None
    if now.marked:
        prompt = now.usage.input_total
        if prompt < now.minimum:
            return Verdict("too_short", 0, f"{prompt:,} of {now.minimum:,} tokens")
        return None
    alike = int(past.prompt * link.share)
    in_time = past.readable <= now.at < past.at + SHORT_S
    if not in_time or now.account != past.account or alike < max(now.minimum, LEAST_TOKENS):
        return None
    return Verdict("unmarked", min(alike, now.usage.input_total))


def is_cached(usage: Usage) -> bool:
    return usage.input_total > usage.input_fresh


def left_behind(usage: Usage, *, automatic: bool) -> int:
    """The tokens of a prompt that the next call can read."""
    if not automatic:
        return usage.input_total - usage.input_fresh
    whole = usage.input_total // AUTOMATIC_STEP * AUTOMATIC_STEP
    return whole if whole >= AUTOMATIC_LEAST else 0


def lives_s(usage: Usage, before_s: float = SHORT_S) -> float:
    """How long what was written lives; of what was only read, as long as before."""
    if usage.cache_write_5m:
        return SHORT_S
    if usage.cache_write_30m:
        return 1_800.0
    if usage.cache_write_1h:
        return 3_600.0
    return 43_200.0 if usage.cache_write_12h else before_s


def cost_nusd(
    tokens: int, usage: Usage, cost: Cost, rates: Rates, terms: Terms = STANDARD
) -> int:
    """What these tokens cost beyond being read: they were written anew, or read uncached."""
    written = usage.input_total - usage.input_fresh - usage.cache_read
    anew = min(tokens, written)
    fresh = min(tokens - anew, usage.input_fresh)
    paid = cost.cache_write_nusd * anew // written if written else 0
    paid += cost.input_nusd * fresh // usage.input_fresh if usage.input_fresh else 0
    as_read = Usage(input_fresh=usage.input_total - anew - fresh, cache_read=anew + fresh)
    return max(0, paid - rates.cost(as_read, terms).cache_read_nusd)


def span(seconds: float) -> str:
    """A time as people say it: 42 s, 7 min, 1.5 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.3g} h"
