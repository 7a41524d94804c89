"""What a workload looks like: how much is asked, how long, how bursty, and what of it repeats.

Rule 1: shares and token counts are exact fractions; a pattern that cannot be is a ValueError
that names every mistake in it.
Rule 2: a repeated prefix is read from a cache when the one before it came within the entry's
lifetime; every other request that carries a mark writes it, and pays for writing.
Rule 3: a request that comes before the first answer has begun finds no entry, and writes too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import exp
from typing import NamedTuple

LIVES_S = {"5m": 300, "30m": 1_800, "1h": 3_600, "12h": 43_200}
"""how long entries of each lifetime live after the last read"""

FINE = 10**12
"""shares that come from an exponential are rounded to so many parts"""

BATCH_HITS = Fraction(3, 10)
"""the least share of hits that Anthropic states for batches: 30 to 98 % (docs, Batch
processing, checked 2026-11-20)"""

ONE, NONE = Fraction(1), Fraction(0)


class Part(NamedTuple):
    """Some of the requests, and a figure that holds for them."""

    share: Fraction
    value: Fraction


class Shares(NamedTuple):
    """Of the requests that carry a cache mark: what becomes of them; they add up to one."""

    reads: Fraction
    writes: Fraction
    in_flight: Fraction = NONE
    """came before an entry could be read, and wrote it once more"""

    @property
    def paid_writes(self) -> Fraction:
        return self.writes + self.in_flight


@dataclass(frozen=True, slots=True)
class Caching:
    """A prefix that requests share, and how often it comes again.

    The first of these that is given counts: `hit`, `measured`, `arrivals`; else the month's
    requests come at random times and at one rate, spread over `heads` prefixes.
    """

    prefix: Fraction
    """tokens at the start of every request"""
    hit: Fraction | None = None
    """the share of requests that read it"""
    measured: tuple[tuple[str, Fraction], ...] = ()
    """the share that would read it for each lifetime, as seen in real pauses"""
    arrivals: tuple[Part, ...] = ()
    """requests an hour that carry one and the same prefix, at random times"""
    heads: int = 1
    """how many different prefixes there are"""
    ttl: str = ""
    """5m, 30m, 1h or 12h; empty: the vendor's default"""
    readable_s: Fraction = NONE
    """seconds until a written entry can be read: the time to the first token"""
    scales: bool = False
    """longer requests repeat more, in proportion: `prefix` is that of the mean request"""

    def shares(self, ttl: str, per_hour: Fraction) -> Shares:
        """What becomes of marked requests, when `per_hour` of them arrive altogether."""
        if self.hit is not None:
            return Shares(self.hit, 1 - self.hit)
        for life, reads in self.measured:
            if life == ttl:
                return Shares(reads, 1 - reads)
        arrivals = self.arrivals or (Part(ONE, per_hour / self.heads),)
        writes = in_flight = NONE
        for part in arrivals:
            one = poisson(part.value, LIVES_S[ttl], self.readable_s)
            writes += part.share * one.writes
            in_flight += part.share * one.in_flight
        return Shares(1 - writes - in_flight, writes, in_flight)

    def mistakes(self, input: Fraction) -> Iterator[str]:
        """Everything about it that cannot be."""
        if self.prefix < 0:
            yield "prefix: cannot be below 0 tokens"
        if self.prefix > input:
            yield (
                f"prefix: {float(self.prefix):,.0f} tokens are more than the "
                f"{float(input):,.0f} of the whole input; input counts the prefix too"
            )
        if self.hit is not None and (self.arrivals or self.measured):
            yield "hit and arrivals: arrivals decide how often a prefix is read; give one"
        if self.hit is not None and not 0 <= self.hit <= 1:
            yield "hit: is a share from 0 to 1 (0% to 100%)"
        if any(part.value < 0 for part in self.arrivals):
            yield "arrivals: cannot be below 0"
        if self.arrivals and sum(part.share for part in self.arrivals) != 1:
            yield "arrivals: their shares do not add up to 1"
        if self.heads < 1:
            yield "heads: there is at least 1 prefix"
        if self.ttl and self.ttl not in LIVES_S:
            yield f"ttl: {self.ttl!r} is none; write {', '.join(LIVES_S)}"
        if self.readable_s < 0:
            yield "readable: cannot be below 0 seconds"


def poisson(per_hour: Fraction, life_s: int, readable_s: Fraction = NONE) -> Shares:
    """What becomes of requests that come at random times, so many an hour.

    A request reads when the one before came within the lifetime: 1 - exp(-rate x lifetime).
    After each write, those that come before the entry can be read write it again.
    """
    rate = float(per_hour) / 3_600
    gone = exp(-rate * life_s)
    late = gone * rate * min(float(readable_s), float(life_s))
    writes, in_flight = (Fraction(round(part * FINE), FINE) for part in (gone, late))
    return Shares(1 - writes - in_flight, writes, in_flight)


@dataclass(frozen=True, slots=True)
class Peak:
    """The busiest minute, and the sharpest burst."""

    rpm: Fraction = NONE
    """requests in the busiest minute; 0: not said"""
    burst: Fraction = NONE
    """requests that come together"""
    burst_s: Fraction = ONE
    """within so many seconds"""

    def mistakes(self) -> Iterator[str]:
        if self.rpm < 0 or self.burst < 0:
            yield "peak: cannot be below 0"
        if self.burst_s <= 0:
            yield "burst: lasts longer than 0 seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A workload, month by month."""

    requests: Fraction
    """a month"""
    input: Fraction
    """tokens of one request, prefix and all: the mean"""
    output: Fraction
    """tokens of one reply, reasoning included: the mean"""
    sizes: tuple[Part, ...] = ()
    """which share of requests has how much input, where prices depend on it; empty: all have
    the mean"""
    at_most: Fraction = NONE
    """input of the longest request there is, where sizes do not tell; 0: nobody said"""
    days: int = 30
    peak: Peak = Peak()
    caching: Caching | None = None
    batch: Fraction = NONE
    """the share of requests that can wait for a batch"""
    batch_hit: Fraction | None = None
    """the share of batched requests that read the prefix; None: no more than a vendor states"""
    growth: Fraction = NONE
    """from one month to the next"""
    reasoning: Fraction = NONE
    """the share of output that is reasoning"""
    searches: Fraction = NONE
    """web searches per request"""
    counted_with: str = ""
    """the model whose tokenizer counted the tokens; empty: each model's own"""

    def __post_init__(self) -> None:
        wrong = list(self._mistakes())
        if wrong:
            raise ValueError("\n".join(wrong))

    @property
    def per_hour(self) -> Fraction:
        return self.requests / (self.days * 24)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The sizes of requests."""
        return self.sizes or (Part(ONE, self.input),)

    @property
    def longest(self) -> Fraction:
        """The most input that is known of any request."""
        return max(self.at_most, *(part.value for part in self.parts))

    def _mistakes(self) -> Iterator[str]:
        if not 1 <= self.days <= 31:
            yield f"days: a month has 1 to 31 days, not {self.days}"
        for name in ("requests", "input", "output", "searches"):
            if getattr(self, name) < 0:
                yield f"{name}: cannot be below 0"
        for name in ("batch", "batch_hit", "reasoning"):
            found = getattr(self, name)
            if found is not None and not 0 <= found <= 1:
                yield f"{name}: is a share from 0 to 1 (0% to 100%)"
        if self.growth <= -1:
            yield "growth: -100% a month would leave nothing; write 5% or -5%"
        yield from self.peak.mistakes()
        if self.sizes:
            yield from self._of_sizes()
        if self.caching is not None:
            yield from self.caching.mistakes(self.input)

    def _of_sizes(self) -> Iterator[str]:
        if any(part.share < 0 or part.value < 0 for part in self.sizes):
            yield "sizes: cannot be below 0"
        if sum(part.share for part in self.sizes) != 1:
            yield "sizes: their shares do not add up to 1"
        elif sum(part.share * part.value for part in self.sizes) != self.input:
            yield "sizes: their mean is not the input"
