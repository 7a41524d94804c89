"""What is left of one account's limits: what its vendor last told, less what was sent since.

Rule 1: what was told is never trusted beyond the calls it can have known: whatever was sent and
is not answered counts against it, at its estimate.
Rule 2: a limit fills evenly and is full at the moment the vendor names; where it names none, in
a minute. It never holds more than the limit.
Rule 3: a limit nobody told of limits nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from headgate.wire.headroom import GAUGES, INPUT, OUTPUT, REQUESTS, TOKENS, Told

MINUTE_S = 60.0
COARSE_S = 2.0
"""a nearer moment of being full is mostly rounding: then a minute's worth fills in a minute"""
LEARNING = 0.1
FIRST_OUTPUT = 500.0
"""tokens a reply is taken to have before any was seen"""
FIRST_PER_BYTE = 0.25
"""tokens of a prompt for each byte of its request, likewise"""
NEVER = float("inf")
FAMILIES = 2000
"""names of models whose family is remembered"""

_DATED = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest|\d{4})$")


@lru_cache(FAMILIES)
def family(model: str) -> str:
    """The name limits are kept under: dated editions of a model share theirs."""
    return _DATED.sub("", model)


class Draw(NamedTuple):
    """What one call is likely to use of an account."""

    tokens: int
    """its whole prompt"""
    cached: int = 0
    """what of it the account's cache likely holds"""
    output: int = 0
    """the most it may answer; 0: it sets no bound"""


class Bucket:
    """One limit."""

    __slots__ = ("at", "held", "level", "limit", "rate")

    def __init__(self) -> None:
        self.limit = 0
        """0: nobody told of one"""
        self.level = 0.0
        self.at = 0.0
        self.rate = 0.0
        """what it gains in a second"""
        self.held = 0
        """set aside for calls the vendor has not told of yet"""

    def left(self, now: float) -> float:
        """What may be sent now."""
        grown = self.level + self.rate * max(0.0, now - self.at)
        return min(grown, float(self.limit)) - self.held

    def wait_s(self, amount: float, now: float) -> float:
        """Until so much is left. More than the limit waits for all of it."""
        lacking = min(amount, self.limit) - self.left(now)
        if not self.limit or lacking <= 0:
            return 0.0
        return lacking / self.rate if self.rate > 0 else NEVER

    def learn(self, limit: int, left: int, full_in_s: float, now: float) -> None:
        self.limit, self.level, self.at = limit, float(left), now
        fine = full_in_s > COARSE_S and left < limit
        self.rate = (limit - left) / full_in_s if fine else limit / MINUTE_S

    def use(self, amount: float, now: float) -> None:
        """So much was used, and the vendor has not told of it."""
        if self.limit:
            self.level = self.left(now) + self.held - amount
            self.at = now


class Room:
    """What is known of one account's limits for one family of models."""

    __slots__ = (
        "_input", "_output", "_requests", "_tokens", "buckets", "known", "open_at", "output",
        "per_byte", "spares_cached", "told_at", "used", "why",
    )  # fmt: skip

    def __init__(self) -> None:
        self.buckets = {kind: Bucket() for kind in GAUGES}
        self._requests, self._input = self.buckets[REQUESTS], self.buckets[INPUT]
        self._output, self._tokens = self.buckets[OUTPUT], self.buckets[TOKENS]
        self.known = False
        """has the vendor told of any limit"""
        self.spares_cached = False
        self.used = 0.0
        """the share of a subscription's window that is used, as it was last told"""
        self.open_at = 0.0
        """until then the vendor wants no more calls"""
        self.why = ""
        self.told_at = -NEVER
        self.output = FIRST_OUTPUT
        """tokens that replies have, learned from those that were seen"""
        self.per_byte = FIRST_PER_BYTE
        """tokens of a request for each of its bytes, likewise"""

    def wait_s(self, draw: Draw, now: float) -> float:
        """Until the account can take the call without being told to wait; 0: it can now."""
        wait = self.open_at - now if self.open_at > now else 0.0
        if not self.known:
            return wait
        for bucket, amount in self._amounts(draw):
            if bucket.limit:
                wait = max(wait, bucket.wait_s(amount, now))
        return wait

    def share(self, draw: Draw, now: float) -> float:
        """Of its tightest limit, the share that would be left after the call: 1 to below 0."""
        share = 1.0 - self.used
        if not self.known:
            return share
        for bucket, amount in self._amounts(draw):
            if bucket.limit:
                share = min(share, (bucket.left(now) - amount) / bucket.limit)
        return share

    def _amounts(self, draw: Draw) -> tuple[tuple[Bucket, int], ...]:
        counted = self.counted(draw)
        output = self.expected(draw)
        return (
            (self._requests, 1),
            (self._input, counted),
            (self._output, output),
            (self._tokens, counted + output),
        )

    def counted(self, draw: Draw) -> int:
        """The input that counts against the limits."""
        return draw.tokens - draw.cached if self.spares_cached else draw.tokens

    def expected(self, draw: Draw) -> int:
        """The output it is likely to have."""
        output = round(self.output)
        return min(output, draw.output) if draw.output else output

    def send(self, draw: Draw) -> Stake:
        """Set aside what the call is likely to use."""
        stake = Stake(self, self.counted(draw), self.expected(draw))
        self._requests.held += 1
        self._input.held += stake.input
        self._output.held += stake.output
        self._tokens.held += stake.input + stake.output
        return stake

    def hear(self, counted: int, now: float, *, uses: bool) -> None:
        """One call's input is set aside no more. `uses`: it is used, and nobody told of it."""
        self._requests.held -= 1
        self._input.held -= counted
        self._tokens.held -= counted
        if uses and self.known:
            self._requests.use(1, now)
            self._input.use(counted, now)
            self._tokens.use(counted, now)

    def settle(self, expected: int, output: int, now: float) -> None:
        """One call's output is set aside no more: so much of it there was."""
        self._output.held -= expected
        self._tokens.held -= expected
        if output:
            self.output += LEARNING * (output - self.output)
            if self.known:
                self._output.use(output, now)
                self._tokens.use(output, now)

    def learn(self, told: Told, now: float) -> None:
        """Take a vendor's word for what is left."""
        self.told_at = now
        self.spares_cached = told.spares_cached
        if told.used >= 0:
            self.used = told.used
        if told.shut_s > 0:
            self.close(now + told.shut_s, "its subscription's window is used up")
        for gauge in told.gauges:
            self.known = True
            bucket = self.buckets[gauge.kind]
            bucket.learn(gauge.limit, gauge.left, gauge.full_in_s, now)

    def learn_size(self, tokens: int, size: int) -> None:
        """So many tokens were counted in a request of so many bytes."""
        if tokens and size:
            self.per_byte += LEARNING * (tokens / size - self.per_byte)

    def close(self, until: float, why: str) -> None:
        """The vendor wants no more calls until then; what it asked for before stands."""
        if until >= self.open_at:
            self.open_at, self.why = until, why


class Stake:
    """What is set aside for one call until its vendor has told, and until it is over."""

    __slots__ = ("_heard", "_over", "_room", "input", "output")

    def __init__(self, room: Room, counted: int, expected: int) -> None:
        self._room = room
        self.input = counted
        self.output = expected
        self._heard = False
        self._over = False

    def hear(self, told: Told | None, now: float, *, counted: bool) -> None:
        """The reply has begun. `counted`: the vendor took the call."""
        if not self._heard:
            self._heard = True
            self._room.hear(self.input, now, uses=counted and told is None)
        if told is not None:
            self._room.learn(told, now)

    def settle(self, output: int, now: float) -> None:
        """The call is over, with so many tokens of output."""
        if not self._over:
            self.hear(None, now, counted=output > 0)
            self._over = True
            self._room.settle(self.output, output, now)
