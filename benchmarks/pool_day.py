"""A simulated day of five accounts: Headgate's choice among them beside round-robin.

Rule 1: simulated throughout: time is virtual, vendors are the simulator's own token buckets,
        and calls are drawn by a seeded dice. What decides is the gateway's own policy code.
Rule 2: both choices have the same accounts, calls, patience and second tries.
Rule 3: full load is what a single account with five times the limits would count; in working
        hours calls come at 90 % of it, in bursts, and less at night.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Protocol

from headgate.policy.pool import Ask, Pool, Trip
from headgate.policy.warmth import Seen
from headgate.sim.limits import Limits, Meter
from headgate.wire import headroom
from headgate.wire.headroom import Told
from headgate.wire.model import Usage

ACCOUNTS = 5
LIMITS = Limits(250, 500_000, 100_000)
"""of each, a minute: a quarter of the vendor's first tier"""
LOAD = 0.9
MAX_WAIT_S = 10.0
CLIENT_TRIES = 6
FROM_HOUR = 9
"""when a shorter simulation begins"""
HOURS = (
    *(0.35, 0.3, 0.25, 0.25, 0.25, 0.3, 0.4, 0.6, 0.85, 1.0, 1.0, 1.0),
    *(0.95, 1.0, 1.0, 1.0, 1.0, 0.95, 0.8, 0.7, 0.6, 0.55, 0.45, 0.4),
)
"""of the load of working hours"""
BURST_S = 60.0
BURSTS = (0.5, 0.7, 0.85, 1.0, 1.1, 1.25, 1.6)
"""of an hour's load, drawn anew every minute; 1 on average"""
FEWER_429S = 0.95
CACHE_POINTS = 0.02
START = datetime(2026, 11, 20, tzinfo=UTC)
MODEL = "claude-opus-5-5"


@dataclass(slots=True)
class Turn:
    """One call of a conversation."""

    conversation: int
    prompt: int
    """tokens, all that was said before included"""
    output: int
    pause_s: float
    """after the answer, until the next one"""
    ttl_s: float
    asked: int = 0
    waited_s: float = 0.0
    refused: set[int] = field(default_factory=set)


def draw(dice: Random, number: int) -> list[Turn]:
    """A conversation of a coding agent: tool calls seconds apart, then people who think."""
    ttl_s = 3600.0 if dice.random() < 0.25 else 300.0
    prompt, turns = dice.randint(12_000, 22_000), []
    for _ in range(min(1 + int(dice.expovariate(1 / 20)), 80)):
        output = min(int(dice.lognormvariate(5.9, 1.0)), 8000) + 20
        person = dice.random() < 0.12
        pause_s = dice.lognormvariate(4.2, 1.2) if person else dice.uniform(1, 10)
        turns.append(Turn(number, prompt, output, pause_s, ttl_s))
        prompt += output + min(int(dice.lognormvariate(7.3, 1.1)), 30_000)
        if prompt > 180_000:
            break
    return turns


def clock(now: float) -> float:
    """The vendor's, in seconds since 1970."""
    return START.timestamp() + now


def took_s(turn: Turn) -> float:
    return 1.0 + turn.output / 80


@dataclass(slots=True)
class Vendor:
    """Accounts with token buckets and prompt caches, as the simulator has them."""

    meters: list[Meter]
    caches: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)
    """(account, conversation) -> tokens, and until when"""

    @classmethod
    def of(cls, count: int, limits: Limits) -> Vendor:
        return cls([Meter.full(limits, clock(0.0)) for _ in range(count)])

    def cached(self, at: int, turn: Turn, now: float) -> int:
        tokens, until = self.caches.get((at, turn.conversation), (0, 0.0))
        return min(tokens, turn.prompt) if now < until else 0

    def admit(self, at: int, turn: Turn, now: float) -> tuple[int, float]:
        """(tokens read from the cache, seconds to stay away; 0: it was admitted)."""
        read = self.cached(at, turn, now)
        _, wait_s = self.meters[at].admit(turn.prompt - read, clock(now))
        if wait_s > 0:
            return 0, max(1.0, math.ceil(wait_s))
        self.caches[at, turn.conversation] = (turn.prompt, now + turn.ttl_s)
        return read, 0.0

    def finish(self, at: int, turn: Turn, now: float) -> None:
        self.meters[at].output_tokens.take(turn.output, clock(now))

    def told(self, at: int, now: float) -> Told | None:
        """What its reply's header fields say, as the gateway reads them."""
        headers = self.meters[at].anthropic_headers(clock(now))
        return headroom.read(headers, START + timedelta(seconds=now))


class Chooser(Protocol):
    """How an account is chosen."""

    def choose(self, turn: Turn, now: float) -> tuple[int, float]: ...
    def send(self, turn: Turn, at: int, now: float) -> None: ...
    def refuse(self, turn: Turn, at: int, retry_after: float, now: float) -> None: ...
    def finish(self, turn: Turn, at: int, read: int, now: float) -> None: ...


class Ours:
    """The gateway's own."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._pool = Pool()
        self._names = tuple(f"KEY_{at}" for at in range(len(vendor.meters)))
        self._trips: dict[int, Trip] = {}

    def _ask(self, turn: Turn) -> Ask:
        name, size = b"%d" % turn.conversation, int(turn.prompt * 3.7)
        return Ask("anthropic", MODEL, self._names, name, size)

    def choose(self, turn: Turn, now: float) -> tuple[int, float]:
        pick = self._pool.choose(
            self._ask(turn), now, refused=turn.refused, waited_s=turn.waited_s
        )
        return pick.at, pick.wait_s

    def send(self, turn: Turn, at: int, now: float) -> None:
        self._trips[id(turn)] = self._pool.send(self._ask(turn), at, now)

    def hear(self, turn: Turn, at: int, now: float) -> None:
        trip = self._trips[id(turn)]
        told = self._vendor.told(at, now) if self._pool.wants_told(trip, now) else None
        self._pool.hear(trip, told, now, counted=True)

    def refuse(self, turn: Turn, at: int, retry_after: float, now: float) -> None:
        trip = self._trips.pop(id(turn))
        self._pool.hear(trip, self._vendor.told(at, now), now, counted=False)
        self._pool.limit(trip, retry_after, now)

    def finish(self, turn: Turn, at: int, read: int, now: float) -> None:
        trip, size = self._trips.pop(id(turn)), int(turn.prompt * 3.7)
        written = turn.prompt - read
        usage = Usage(0, read, output=turn.output)
        kind = "cache_write_1h" if turn.ttl_s > 300 else "cache_write_5m"
        seen = Seen(usage._replace(**{kind: written}), size, automatic=False)
        self._pool.finish(trip, seen, turn.output, now)


class RoundRobin:
    """Each call goes to the next account; one that was limited is passed over while it asks."""

    def __init__(self, vendor: Vendor) -> None:
        self._count = len(vendor.meters)
        self._next = 0
        self._open_at = [0.0] * self._count

    def choose(self, turn: Turn, now: float) -> tuple[int, float]:
        order = [(self._next + step) % self._count for step in range(self._count)]
        left = [at for at in order if at not in turn.refused] or order
        at = next((at for at in left if self._open_at[at] <= now), -1)
        if at < 0:
            at = min(left, key=self._open_at.__getitem__)
            return at, self._open_at[at] - now
        self._next = (at + 1) % self._count
        return at, 0.0

    def send(self, turn: Turn, at: int, now: float) -> None:
        """Nothing is noted of it."""

    def refuse(self, turn: Turn, at: int, retry_after: float, now: float) -> None:
        self._open_at[at] = max(self._open_at[at], now + retry_after)

    def finish(self, turn: Turn, at: int, read: int, now: float) -> None:
        """Nothing is learned from it."""


@dataclass(slots=True)
class Found:
    """What a day came to."""

    calls: int = 0
    limited: int = 0
    """429s that reached a client"""
    upstream: int = 0
    """429s that reached the gateway"""
    given_up: int = 0
    waited_s: float = 0.0
    prompt: int = 0
    read: int = 0
    counted: dict[int, int] = field(default_factory=dict)
    """tokens against the limits, by the hour"""

    @property
    def busiest(self) -> float:
        """What the busiest hour used of all accounts' input limits."""
        limit = ACCOUNTS * LIMITS.input_tokens_per_minute * 60
        return max(self.counted.values(), default=0) / limit

    @property
    def cache_share(self) -> float:
        return self.read / self.prompt if self.prompt else 0.0


Step = Callable[[float], None]


class Day:
    """One simulation: events in the order of their times."""

    def __init__(self, chooser: Chooser, vendor: Vendor) -> None:
        self.found = Found()
        self._chooser = chooser
        self._vendor = vendor
        self._events: list[tuple[float, int, Step]] = []
        self._number = 0

    def at(self, when: float, step: Step) -> None:
        self._number += 1
        heappush(self._events, (when, self._number, step))

    def run(self, until: float) -> Found:
        while self._events and self._events[0][0] < until:
            when, _, step = heappop(self._events)
            step(when)
        return self.found

    def begin(self, turns: list[Turn]) -> Step:
        """A client asks for the first of these; the others follow it."""
        return lambda now: self._ask(turns[0], iter(turns[1:]), now)

    def _ask(self, turn: Turn, rest: Iterator[Turn], now: float) -> None:
        turn.asked += 1
        turn.waited_s = 0.0
        turn.refused.clear()
        self._go(turn, rest, now)

    def _go(self, turn: Turn, rest: Iterator[Turn], now: float) -> None:
        """What the gateway does with a call, from here on until it is answered."""
        while True:
            at, wait_s = self._chooser.choose(turn, now)
            if wait_s > 0:
                self._wait(turn, rest, wait_s, now)
                return
            self._chooser.send(turn, at, now)
            read, retry_after = self._vendor.admit(at, turn, now)
            if not retry_after:
                break
            self.found.upstream += 1
            self._chooser.refuse(turn, at, retry_after, now)
            turn.refused.add(at)
            if len(turn.refused) == len(self._vendor.meters):
                self._wait(turn, rest, retry_after, now)
                return
        if isinstance(self._chooser, Ours):
            self._chooser.hear(turn, at, now)
        self.at(now + took_s(turn), lambda end: self._answer(turn, rest, (at, read), end))

    def _wait(self, turn: Turn, rest: Iterator[Turn], wait_s: float, now: float) -> None:
        """In the gateway, if that is soon enough; else the client hears of it."""
        if turn.waited_s + wait_s <= MAX_WAIT_S:
            nap_s = max(0.05, min(wait_s, 1.0))
            turn.waited_s += nap_s
            turn.refused.clear()
            self.found.waited_s += nap_s
            self.at(now + nap_s, lambda then: self._go(turn, rest, then))
            return
        self.found.limited += 1
        if turn.asked >= CLIENT_TRIES:
            self.found.given_up += 1
            return
        pause_s = max(1.0, wait_s)
        self.at(now + pause_s, lambda then: self._ask(turn, rest, then))

    def _answer(
        self, turn: Turn, rest: Iterator[Turn], where: tuple[int, int], now: float
    ) -> None:
        at, read = where
        self._vendor.finish(at, turn, now)
        self._chooser.finish(turn, at, read, now)
        found = self.found
        found.calls += 1
        found.prompt += turn.prompt
        found.read += read
        hour = int(now / 3600)
        found.counted[hour] = found.counted.get(hour, 0) + turn.prompt - read
        following = next(rest, None)
        if following is not None:
            self.at(now + turn.pause_s, lambda then: self._ask(following, rest, then))


def counted(turns: list[Turn]) -> int:
    """Input that one account counts for a conversation when nothing delays it."""
    cached, until, now, total = 0, 0.0, 0.0, 0
    for turn in turns:
        total += turn.prompt - (cached if now < until else 0)
        cached, until = turn.prompt, now + turn.ttl_s
        now += took_s(turn) + turn.pause_s
    return total


def arrivals(dice: Random, from_s: float, until_s: float) -> Iterator[float]:
    """When conversations begin."""
    sample = [counted(draw(dice, 0)) for _ in range(2000)]
    pool = ACCOUNTS * LIMITS.input_tokens_per_minute / 60
    per_s = LOAD * pool / (sum(sample) / len(sample))
    now = from_s
    while now < until_s:
        rate = per_s * HOURS[int(now / 3600) % 24] * dice.choice(BURSTS)
        end = min(now + BURST_S, until_s)
        while (now := now + dice.expovariate(rate)) < end:
            yield now
        now = end


def simulate(seed: int, hours: int, choice: str) -> Found:
    """`choice`: ours, round-robin, or single: one account with five times the limits."""
    dice = Random(seed)  # noqa: S311 - a simulation that can be repeated
    from_s = 0.0 if hours >= 24 else FROM_HOUR * 3600.0
    until = from_s + hours * 3600.0
    single = Limits(
        LIMITS.requests_per_minute * ACCOUNTS,
        LIMITS.input_tokens_per_minute * ACCOUNTS,
        LIMITS.output_tokens_per_minute * ACCOUNTS,
    )
    vendor = Vendor.of(1, single) if choice == "single" else Vendor.of(ACCOUNTS, LIMITS)
    chooser: Chooser = RoundRobin(vendor) if choice == "round-robin" else Ours(vendor)
    day = Day(chooser, vendor)
    for number, when in enumerate(arrivals(dice, from_s, until)):
        day.at(when, day.begin(draw(dice, number)))
    return day.run(until)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One seed's day under each choice."""

    seed: int
    ours: Found
    robin: Found
    single: Found

    @property
    def fewer(self) -> float:
        """The share of 429s that clients were spared."""
        return 1 - self.ours.limited / self.robin.limited if self.robin.limited else 0.0

    @property
    def cache_gap(self) -> float:
        return self.single.cache_share - self.ours.cache_share

    @property
    def kept(self) -> bool:
        return self.fewer >= FEWER_429S and self.cache_gap <= CACHE_POINTS


def judge(seed: int, hours: int) -> Verdict:
    return Verdict(
        seed, *(simulate(seed, hours, it) for it in ("ours", "round-robin", "single"))
    )


def line(name: str, found: Found) -> str:
    return (
        f"  {name:<12}{found.calls:>9,} calls {found.limited:>8,} 429s to clients"
        f" {found.upstream:>8,} to the gateway {found.given_up:>6,} given up"
        f" {found.waited_s / max(found.calls, 1):>7.3f} s waited per call"
        f"  cache {found.cache_share:.1%}  busiest hour {found.busiest:.0%}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--hours", type=int, default=24, help="24: a day; else from 9:00 on")
    given = parser.parse_args()
    print(f"simulated: {ACCOUNTS} accounts, {given.hours} hours, load {LOAD:.0%} at work")
    verdicts = []
    for seed in range(1, given.seeds + 1):
        verdict = judge(seed, given.hours)
        verdicts.append(verdict)
        print(f"seed {seed}: {verdict.fewer:.2%} fewer 429s reach clients; cache share"
              f" {verdict.cache_gap * 100:+.2f} points below a single account's")  # fmt: skip
        for name, found in (
            ("headgate", verdict.ours),
            ("round-robin", verdict.robin),
            ("single x5", verdict.single),
        ):
            print(line(name, found))
    kept = all(verdict.kept for verdict in verdicts)
    print("kept" if kept else f"MISSED: {FEWER_429S:.0%} fewer, {CACHE_POINTS:.0%} of cache")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
