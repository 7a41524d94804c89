"""Whether a workload's peak fits what a vendor takes a minute, and what helps where not.

Rule 1: where nothing is known of a model's limits, nothing is claimed to fit.
Rule 2: what is read from a cache does not count towards input where the vendor says so.
Rule 3: limits refill continuously: a burst fits when a full bucket and what flows in meanwhile
hold it, and may still be refused where a vendor counts by the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from headgate.money.amounts import NANO
from headgate.money.forecast import Forecast
from headgate.money.tiers import Limit

What = Literal["requests", "input tokens", "output tokens", "tokens", "spend", "burst"]

MINUTE = 60


class Demand(NamedTuple):
    """What the busiest minute asks for, or a month spends, against what may be had."""

    what: What
    wanted: Fraction
    allowed: Fraction

    @property
    def used(self) -> Fraction:
        """1: exactly all of it."""
        return self.wanted / self.allowed


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is exceeded, on a tier, and what helps, the best first."""

    demand: Demand
    tier: str
    remedies: tuple[str, ...]
    certain: bool = True
    """False: only where the vendor counts by the second"""

    @property
    def text(self) -> str:
        what, wanted, allowed = self.demand
        if what == "spend":
            head = f"${_n(wanted)} a month are more than the ${_n(allowed)} of {self.tier}"
        elif what == "burst":
            word = "is more than" if self.certain else "may be refused: the steady pace is"
            head = f"a burst of {_n(wanted)} requests {word} {_n(allowed)} on {self.tier}"
        else:
            head = (
                f"{_n(wanted)} {what}/min at the peak exceed the {_n(allowed)} of {self.tier}"
            )
        return f"{head}: {'; or '.join(self.remedies)}"


@dataclass(frozen=True, slots=True)
class Fit:
    """A workload against the limits of a tier."""

    limit: Limit | None
    """None: nothing is known of this model's"""
    demands: tuple[Demand, ...]
    excesses: tuple[Excess, ...]
    enough: str
    """the lowest tier that takes all of it; empty: none does, or nobody knows"""

    @property
    def fits(self) -> bool | None:
        """None: nobody knows."""
        if any(excess.certain for excess in self.excesses):
            return False
        return True if any(demand.what != "spend" for demand in self.demands) else None

    @property
    def used(self) -> Fraction | None:
        """How much of the tightest limit is used; 1: exactly all of it."""
        return max((demand.used for demand in self.demands), default=None)


def fit(found: Forecast, tiers: tuple[Limit, ...], tier: str = "") -> Fit:
    """The peak against a tier, by its name; where none is named, against the lowest that takes
    all of it, else the highest."""
    if not tiers:
        return Fit(None, (), (), "")
    names = [it.tier.lower() for it in tiers]
    if tier and tier.lower() not in names:
        known = ", ".join(it.tier for it in tiers)
        raise ValueError(f"{found.offer.model} has no tier {tier!r}; there are {known}")
    able = (it.tier for it in tiers if it.is_known and _carries(found, it))
    enough = next(able, "")
    meant = tier or enough or names[-1]
    at = names.index(meant.lower())
    limit = tiers[at]
    demands = tuple(_demands(found, limit))
    higher = tiers[at + 1 :]
    excesses = [
        Excess(it, limit.tier, _remedies(it, found, limit, higher))
        for it in demands
        if it.used > 1
    ]
    excesses += _of_burst(found, limit)
    return Fit(limit, demands, tuple(excesses), enough)


def _carries(found: Forecast, limit: Limit) -> bool:
    burst = any(excess.certain for excess in _of_burst(found, limit))
    return not burst and all(it.used <= 1 for it in _demands(found, limit))


def _demands(found: Forecast, limit: Limit) -> list[Demand]:
    peak, one = found.pattern.peak.rpm, found.online
    taken = one.fresh + one.written + (one.read if limit.reads_count else 0)
    asked: list[tuple[What, Fraction, int | None]] = [
        ("requests", peak, limit.rpm),
        ("input tokens", peak * taken, limit.itpm),
        ("output tokens", peak * one.output, limit.otpm),
        ("tokens", peak * (taken + one.output), limit.tpm),
    ]
    demands = [
        Demand(what, wanted, Fraction(allowed))
        for what, wanted, allowed in asked
        if allowed and peak
    ]
    if limit.spend_nusd:
        spent = Fraction(found.vendor_nusd, NANO)
        demands.append(Demand("spend", spent, Fraction(limit.spend_nusd, NANO)))
    return demands


def _remedies(
    demand: Demand, found: Forecast, limit: Limit, higher: tuple[Limit, ...]
) -> tuple[str, ...]:
    remedies = []
    for raised in higher:
        room = next((it for it in _demands(found, raised) if it.what == demand.what), None)
        if room is None or room.used <= 1:
            remedies.append(f"raise the tier to {raised.tier}")
            break
    else:
        remedies.append("ask the vendor for more, or spread it over several vendors")
    if demand.what == "spend":
        return tuple(remedies)
    if demand.what == "input tokens" and not limit.reads_count:
        remedies.append(_by_cache(demand, found))
    over = 1 - 1 / demand.used
    remedies.append(f"move {_up(over * 100)} % of the peak to batch")
    remedies.append(f"spread the busiest minute over {_up(demand.used * MINUTE)} s")
    return tuple(remedies)


def _by_cache(demand: Demand, found: Forecast) -> str:
    """How much of the input would have to be read, which does not count."""
    one, caching = found.online, found.pattern.caching
    total = one.fresh + one.written + one.read
    needed = 1 - demand.allowed / (found.pattern.peak.rpm * total)
    remedy = f"cache: read {_up(needed * 100)} % of the input, which does not count"
    if caching is None or not found.pattern.input:
        return remedy
    return f"{remedy} (the prefix is {_up(caching.prefix / found.pattern.input * 100)} % of it)"


def _of_burst(found: Forecast, limit: Limit) -> list[Excess]:
    peak = found.pattern.peak
    if not (peak.burst and limit.rpm):
        return []
    pace = Fraction(limit.rpm, MINUTE) * peak.burst_s
    held = limit.rpm + pace
    if peak.burst <= pace:
        return []
    within = f"within {_n(peak.burst_s)} s"
    certain = peak.burst > held
    allowed = held if certain else pace
    wait = (peak.burst - allowed) * MINUTE / limit.rpm
    slow = f"let {_n(peak.burst - allowed)} of them wait up to {_n(wait)} s ({within})"
    return [Excess(Demand("burst", peak.burst, allowed), limit.tier, (slow,), certain)]


def _up(amount: Fraction) -> int:
    return -int(-amount // 1)


def _n(amount: Fraction) -> str:
    return (
        f"{float(amount):,.0f}" if amount >= 10 or amount % 1 == 0 else f"{float(amount):.1f}"
    )
