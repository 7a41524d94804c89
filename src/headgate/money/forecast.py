"""What a workload costs on a model, a month and a year, line by line.

Rule 1: a line is rounded once, to nano-dollars, and the total is the sum of the lines.
Rule 2: caching is counted as it is billed: every miss of a marked request pays for writing, a
prefix below the model's minimum is never cached, and a batch is marked only where it pays.
Rule 3: prices of long prompts hold per request, so each size of prompt is priced by itself.
Rule 4: whatever was assumed stands among the notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal, NamedTuple

from headgate.money.pattern import BATCH_HITS, LIVES_S, NONE, ONE, Caching, Pattern, Shares
from headgate.money.pricing import ATTO_PER_NANO, Rates, Table
from headgate.money.tokens import ratio
from headgate.wire.model import STANDARD, Terms

BATCH = Terms(tier="batch")
MONTHS = 12

Kind = Literal["input", "output", "discount", "search", "extra"]

FRESH, READ, OUTPUT = 0, 1, 6
_WRITES = {"5m": 2, "1h": 3, "30m": 4, "12h": 5}
"""places among a band's rates"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A model at its prices of one day."""

    model: str
    rates: Rates
    provider: str = ""
    minimum: int | None = None
    """the shortest prefix that is cached, where it is not to be the model's own"""

    @property
    def shortest(self) -> int | None:
        """The shortest prefix that is cached, in tokens; None: nobody knows."""
        return self.rates.cache_minimum if self.minimum is None else self.minimum


class Extra(NamedTuple):
    """What is paid beside the vendor's bill, or instead of effort: a fee, people, machines."""

    name: str
    nusd: int
    """a month"""
    grows: bool = False
    """with the traffic"""
    note: str = ""


class Line(NamedTuple):
    """One part of a month's cost."""

    name: str
    kind: Kind
    quantity: Fraction
    """tokens, searches or calls a month; of a discount or an extra: 0"""
    nusd: int
    """a month; of a discount: below zero"""
    grows: bool = True
    note: str = ""


class Counts(NamedTuple):
    """Tokens of one request, on average."""

    fresh: Fraction
    read: Fraction
    written: Fraction
    output: Fraction


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month on a model, and what follows from it."""

    offer: Offer
    pattern: Pattern
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    uncached_nusd: int
    """the vendor's bill for a month had nothing been marked for a cache"""
    online: Counts
    """a request that is not batched, as the model counts tokens"""
    shares: Shares | None = None
    """what becomes of marked requests outside of batches; None: nothing is cached"""
    ttl: str = ""
    hit_needed: Fraction | None = None
    """the share of reads from which on the cache saves money"""
    unfit: str = ""
    """why the longest request does not fit the model; empty: it fits, or nobody knows"""

    @property
    def monthly_nusd(self) -> int:
        return sum(line.nusd for line in self.lines)

    @property
    def vendor_nusd(self) -> int:
        """The vendor's bill alone: without extras."""
        return sum(line.nusd for line in self.lines if line.kind != "extra")

    @property
    def yearly_nusd(self) -> int:
        """Twelve months, of which the first is the pattern's; what grows, grows each month."""
        growth = 1 + self.pattern.growth
        months = sum((growth**month for month in range(MONTHS)), NONE)
        growing = sum(line.nusd for line in self.lines if line.grows)
        return round(growing * months) + MONTHS * (self.monthly_nusd - growing)

    @property
    def request_nusd(self) -> Fraction:
        """What one request costs at the vendor, on average."""
        requests = self.pattern.requests
        return Fraction(self.vendor_nusd) / requests if requests else NONE

    @property
    def saved_by_cache_nusd(self) -> int:
        """Below zero: writes cost more than reads save."""
        return self.uncached_nusd - self.vendor_nusd

    def of(self, kind: Kind) -> int:
        """All lines of a kind."""
        return sum(line.nusd for line in self.lines if line.kind == kind)

    @property
    def dominant(self) -> Literal["input", "output", "neither"]:
        """Which of the two makes up most of the bill."""
        taken, written = self.of("input"), self.of("output")
        if taken == written:
            return "neither"
        return "input" if taken > written else "output"


def forecast(pattern: Pattern, offer: Offer, extras: tuple[Extra, ...] = ()) -> Forecast:
    """A month of the pattern on this model, with what else is paid."""
    scale = ratio(offer.model, pattern.counted_with)
    plan = _plan(pattern, offer, scale)
    lines = _lines(pattern, offer, plan, scale)
    bare = _Plan(None, ONE, "", None, None, None)
    uncached = _lines(pattern, offer, bare, scale)
    added = [Line(it.name, "extra", NONE, it.nusd, it.grows, it.note) for it in extras]
    return Forecast(
        offer,
        pattern,
        (*lines, *added),
        tuple(_notes(pattern, offer, plan, scale)),
        uncached_nusd=sum(line.nusd for line in uncached),
        online=_online(pattern, offer, plan, scale),
        shares=plan.shares,
        ttl=plan.ttl,
        hit_needed=plan.needed,
        unfit=_unfit(pattern, offer, scale),
    )


def break_even(found: Forecast, fixed_nusd: int, each_nusd: Fraction = NONE) -> Fraction | None:
    """From how many requests a month on a fixed cost is cheaper than the vendor.

    `each_nusd`: what a request still costs beside the fixed cost. None: it never is.
    """
    saved = found.request_nusd - each_nusd
    return fixed_nusd / saved if saved > 0 else None


def review_labour(changes: Fraction, minutes: Fraction, hourly_nusd: int) -> Extra:
    """People who read what was generated: so many changes a month, so long each."""
    cost = round(changes * minutes / 60 * hourly_nusd)
    note = f"{float(changes):,.0f} changes, {float(minutes):g} minutes each"
    return Extra("review labour", cost, True, note)


class _Plan(NamedTuple):
    """What is marked for a cache."""

    prefix: Fraction | None
    """tokens, as the model counts them; None: nothing is cached"""
    wanted: Fraction
    ttl: str
    shares: Shares | None
    batched: Shares | None
    """of batched requests; None: they carry no mark"""
    needed: Fraction | None
    shortest: int = 0
    """what is shorter is not cached"""


def lifetime(offer: Offer, asked: str) -> str:
    """The lifetime of the model's cache entries that comes closest to the one asked for."""
    offered = ("5m", "1h") if "claude" in offer.model.lower() else ("30m", "12h")
    if asked in offered or not asked:
        return asked or offered[0]
    return offered[0] if LIVES_S[asked] <= LIVES_S["30m"] else offered[1]


def _plan(pattern: Pattern, offer: Offer, scale: Fraction) -> _Plan:
    caching = pattern.caching
    if caching is None or not caching.prefix:
        return _Plan(None, NONE, "", None, None, None)
    prefix = caching.prefix * scale
    ttl = lifetime(offer, caching.ttl)
    needed = share_needed(offer.rates, ttl, ceil(pattern.input * scale))
    shortest = offer.shortest or 0
    most = prefix
    if caching.scales and pattern.input:
        most = prefix * max(part.value for part in pattern.parts) / pattern.input
    if most < shortest:
        return _Plan(None, prefix, ttl, None, None, needed)
    shares = caching.shares(ttl, pattern.per_hour)
    reads = _batch_reads(pattern, shares)
    batched = Shares(reads, 1 - reads) if needed is not None and reads >= needed else None
    return _Plan(prefix, prefix, ttl, shares, batched, needed, shortest)


def _batch_reads(pattern: Pattern, shares: Shares) -> Fraction:
    if pattern.batch_hit is not None:
        return pattern.batch_hit
    return min(shares.reads, BATCH_HITS)


def share_needed(rates: Rates, ttl: str, total_input: int) -> Fraction | None:
    """The share of reads from which on marking a prefix saves money; None: it never does."""
    prices = rates.table(STANDARD).rates(total_input)
    fresh, read, write = prices[FRESH], prices[READ], prices[_WRITES[ttl]]
    if read >= fresh:
        return None
    return max(NONE, Fraction(write - fresh, write - read))


class _Bill(NamedTuple):
    """Tokens a month and atto-dollars for them, by place among a band's rates."""

    tokens: list[Fraction]
    atto: list[Fraction]


def _lines(pattern: Pattern, offer: Offer, plan: _Plan, scale: Fraction) -> tuple[Line, ...]:
    table, cheaper = offer.rates.table(STANDARD), offer.rates.table(BATCH)
    waiting = pattern.requests * pattern.batch
    online = _bill(pattern, table, plan, plan.shares, scale)
    full = _bill(pattern, table, plan, plan.batched, scale)
    half = _bill(pattern, cheaper, plan, plan.batched, scale)
    now = pattern.requests - waiting
    tokens = [a * now + b * waiting for a, b in zip(online.tokens, full.tokens, strict=True)]
    atto = [a * now + b * waiting for a, b in zip(online.atto, full.atto, strict=True)]
    lines = [Line("fresh input", "input", tokens[FRESH], _nano(atto[FRESH]))]
    if plan.prefix is not None:
        lines.append(Line("cache reads", "input", tokens[READ], _nano(atto[READ])))
        place = _WRITES[plan.ttl]
        name = f"cache writes, {plan.ttl}"
        lines.append(Line(name, "input", tokens[place], _nano(atto[place])))
    lines += _written(pattern, tokens[OUTPUT], atto[OUTPUT])
    if waiting:
        less = waiting * (sum(half.atto) - sum(full.atto))
        note = f"{float(pattern.batch):.0%} of requests"
        lines.append(Line("batch discount", "discount", NONE, _nano(less), note=note))
    lines += _used(pattern, table)
    return tuple(lines)


def _written(pattern: Pattern, tokens: Fraction, atto: Fraction) -> Iterator[Line]:
    if not pattern.reasoning:
        yield Line("output", "output", tokens, _nano(atto))
        return
    for name, part in (("answers", 1 - pattern.reasoning), ("reasoning", pattern.reasoning)):
        yield Line(f"output, {name}", "output", tokens * part, _nano(atto * part))


def _used(pattern: Pattern, table: Table) -> Iterator[Line]:
    searches = pattern.requests * pattern.searches
    if searches:
        yield Line("web searches", "search", searches, _nano(searches * table.search))
    if table.call:
        calls = pattern.requests
        yield Line("calls", "search", calls, _nano(calls * table.call))


def _bill(
    pattern: Pattern, table: Table, plan: _Plan, shares: Shares | None, scale: Fraction
) -> _Bill:
    """One request, on average."""
    tokens, atto = [NONE] * 7, [NONE] * 7
    for part in pattern.parts:
        size = part.value * scale
        rates = table.rates(ceil(size))
        counts = [NONE] * 7
        counts[FRESH], counts[OUTPUT] = size, pattern.output * scale
        prefix = _prefix(pattern, plan, part.value)
        if shares is not None and size >= prefix >= max(plan.shortest, 1):
            counts[FRESH] -= prefix
            counts[READ] = prefix * shares.reads
            counts[_WRITES[plan.ttl]] = prefix * shares.paid_writes
        for place, count in enumerate(counts):
            tokens[place] += part.share * count
            atto[place] += part.share * count * rates[place]
    return _Bill(tokens, atto)


def _prefix(pattern: Pattern, plan: _Plan, input: Fraction) -> Fraction:
    """The tokens that repeat in a request of this size, as the model counts them."""
    if plan.prefix is None or pattern.caching is None:
        return NONE
    if pattern.caching.scales and pattern.input:
        return plan.prefix * input / pattern.input
    return plan.prefix


def _online(pattern: Pattern, offer: Offer, plan: _Plan, scale: Fraction) -> Counts:
    tokens = _bill(pattern, offer.rates.table(STANDARD), plan, plan.shares, scale).tokens
    return Counts(tokens[FRESH], tokens[READ], sum(tokens[2:OUTPUT], NONE), tokens[OUTPUT])


def _nano(atto: Fraction) -> int:
    return round(atto / ATTO_PER_NANO)


def _unfit(pattern: Pattern, offer: Offer, scale: Fraction) -> str:
    longest, window = pattern.longest * scale, offer.rates.context_window
    if window is not None and longest + pattern.output * scale > window:
        both = float(longest + pattern.output * scale)
        return f"{both:,.0f} tokens of input and output are more than its window of {window:,}"
    most = offer.rates.max_output
    if most is not None and pattern.output * scale > most:
        return f"{float(pattern.output * scale):,.0f} tokens of output are more than {most:,}"
    return ""


def _notes(pattern: Pattern, offer: Offer, plan: _Plan, scale: Fraction) -> Iterator[str]:
    if scale != 1:
        yield (
            f"tokens x {float(scale):.2f}: {offer.model} counts otherwise than "
            f"{pattern.counted_with}, which counted them"
        )
    if offer.rates.priced_by not in ("catalog", "override"):
        yield f"nobody lists a price for {offer.model}: priced by {offer.rates.priced_by}"
    if pattern.caching is not None and plan.wanted:
        yield from _of_cache(pattern, pattern.caching, offer, plan)
    if pattern.batch:
        yield from _of_batch(pattern, offer, plan)
    yield from _of_bands(pattern, offer, scale)


def _of_bands(pattern: Pattern, offer: Offer, scale: Fraction) -> Iterator[str]:
    """What is assumed of prompts long enough for another price."""
    if pattern.sizes:
        return
    bands = [band.above for band in offer.rates.table(STANDARD).bands]
    beyond = [start for start in bands if start > pattern.input * scale]
    if not beyond:
        return
    start = min(beyond)
    if pattern.longest * scale <= start:
        yield f"no request has more than {start:,} input tokens, where its price rises"
    else:
        yield (
            f"above {start:,} input tokens its price rises, and the longest request has"
            f" {float(pattern.longest * scale):,.0f}: all were priced at the mean; --sizes"
            " tells how many are long"
        )


def _of_cache(pattern: Pattern, caching: Caching, offer: Offer, plan: _Plan) -> Iterator[str]:
    minimum = offer.shortest
    if plan.prefix is None or plan.shares is None:
        yield (
            f"nothing is cached: {float(plan.wanted):,.0f} tokens are below the minimum of "
            f"{minimum:,}; a mark is silently ignored"
        )
        return
    if minimum is None:
        yield f"the shortest prefix that {offer.model} caches is not known; taken to be shorter"
    if not caching.scales and any(part.value < caching.prefix for part in pattern.parts):
        yield "requests shorter than the prefix carry no mark"
    repeated = (_prefix(pattern, plan, part.value) for part in pattern.parts)
    if any(prefix < plan.shortest for prefix in repeated):
        yield f"what repeats of short requests is below the minimum of {plan.shortest:,}"
    reads = float(plan.shares.reads)
    if caching.hit is None and not caching.measured:
        rate = f"{float(pattern.per_hour / caching.heads):,.1f} an hour"
        said = (
            "at the arrivals given"
            if caching.arrivals
            else f"coming at random, {rate} all month"
        )
        yield f"{reads:.1%} of requests read a prefix kept for {plan.ttl}, {said}"
    if plan.needed is None:
        yield f"reading its cache costs {offer.model} as much as plain input"
    elif plan.shares.reads < plan.needed:
        yield (
            f"caching loses money: {reads:.1%} of requests read it, and it takes "
            f"{float(plan.needed):.1%} for {plan.ttl} to pay"
        )
    elif plan.needed < 1:
        each = float(plan.needed / (1 - plan.needed))
        yield (
            f"keeping a prefix for {plan.ttl} pays from {float(plan.needed):.1%} of requests "
            f"reading it on, {each:.2f} reads for each write"
        )


def _of_batch(pattern: Pattern, offer: Offer, plan: _Plan) -> Iterator[str]:
    if offer.rates.unpriced(BATCH):
        yield f"nobody lists a batch price for {offer.model}: charged as standard"
    if plan.shares is None:
        return
    if plan.batched is None:
        yield "batched requests carry no cache mark: too few of them would read it to pay"
        return
    said = "as given" if pattern.batch_hit is not None else "the least that Anthropic states"
    yield f"{float(plan.batched.reads):.0%} of batched requests read the prefix ({said})"
