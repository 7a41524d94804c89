"""Rate limits as vendors keep them: token buckets per key that refill continuously.

Rule 1: buckets are pure: time comes in as seconds, and a clock that goes backwards grants
nothing. Rule 2: output is charged when it is known, and may leave a bucket in debt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from headgate.wire.model import Headers


@dataclass(frozen=True, slots=True)
class Limits:
    """Per minute and key; also what may be taken at once."""

    requests_per_minute: int = 1_000_000
    input_tokens_per_minute: int = 1_000_000_000
    output_tokens_per_minute: int = 1_000_000_000


UNLIMITED = Limits()


@dataclass(slots=True)
class Bucket:
    """Holds at most `per_minute`, refills at `per_minute` a minute."""

    per_minute: int
    level: float
    at: float

    def look(self, now: float) -> float:
        if now > self.at:
            self.level += (now - self.at) * self.per_minute / 60
            self.level = min(self.level, float(self.per_minute))
            self.at = now
        return self.level

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until so much could be taken; 0: now. More than fits waits for a full one."""
        missing = min(amount, self.per_minute) - self.look(now)
        return max(0.0, missing * 60 / self.per_minute)

    def take(self, amount: float, now: float) -> None:
        self.look(now)
        self.level -= amount

    @property
    def full_in_s(self) -> float:
        return max(0.0, (self.per_minute - self.level) * 60 / self.per_minute)


@dataclass(slots=True)
class Meter:
    """The three buckets of one key."""

    requests: Bucket
    input_tokens: Bucket
    output_tokens: Bucket

    @classmethod
    def full(cls, limits: Limits, now: float) -> Meter:
        rates = (
            limits.requests_per_minute,
            limits.input_tokens_per_minute,
            limits.output_tokens_per_minute,
        )
        return cls(*(Bucket(rate, float(rate), now) for rate in rates))

    def admit(self, input_tokens: int, now: float) -> tuple[str, float]:
        """Take one request and its input, or say what is exhausted and for how long."""
        waits = {
            "requests": self.requests.wait_s(1, now),
            "input tokens": self.input_tokens.wait_s(input_tokens, now),
            "output tokens": self.output_tokens.wait_s(1, now),
        }
        short = max(waits, key=lambda name: waits[name])
        if waits[short] > 0:
            return short, waits[short]
        self.requests.take(1, now)
        self.input_tokens.take(input_tokens, now)
        return "", 0.0

    def anthropic_headers(self, now: float) -> Headers:
        headers: Headers = []
        both = Bucket(
            self.input_tokens.per_minute + self.output_tokens.per_minute,
            self.input_tokens.look(now) + self.output_tokens.look(now),
            now,
        )
        for name, bucket in (
            (b"requests", self.requests),
            (b"input-tokens", self.input_tokens),
            (b"output-tokens", self.output_tokens),
            (b"tokens", both),
        ):
            left = max(0, int(bucket.look(now)))
            if name != b"requests" and left < bucket.per_minute:
                left = left // 1000 * 1000 if left >= 1000 else left
            start = b"anthropic-ratelimit-" + name
            headers += [
                (start + b"-limit", b"%d" % bucket.per_minute),
                (start + b"-remaining", b"%d" % left),
                (start + b"-reset", rfc3339(now + bucket.full_in_s).encode()),
            ]
        return headers

    def openai_headers(self, now: float) -> Headers:
        headers: Headers = []
        for name, bucket in ((b"requests", self.requests), (b"tokens", self.input_tokens)):
            left = max(0, int(bucket.look(now)))
            headers += [
                (b"x-ratelimit-limit-" + name, b"%d" % bucket.per_minute),
                (b"x-ratelimit-remaining-" + name, b"%d" % left),
                (b"x-ratelimit-reset-" + name, span(bucket.full_in_s).encode()),
            ]
        return headers


@dataclass(slots=True)
class Meters:
    """A Meter per vendor and key; the oldest are forgotten beyond `most`."""

    limits: Limits
    most: int = 10_000
    meters: dict[str, Meter] = field(default_factory=dict)

    def of(self, key: str, now: float) -> Meter:
        meter = self.meters.get(key)
        if meter is None:
            if len(self.meters) >= self.most:
                del self.meters[next(iter(self.meters))]
            meter = self.meters[key] = Meter.full(self.limits, now)
        return meter


def rfc3339(at: float) -> str:
    """Unix seconds as Anthropic writes them, rounded up to the second."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=math.ceil(at))).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def span(seconds: float) -> str:
    """Seconds as OpenAI writes them: 12ms, 1s, 6m0s."""
    ms = math.ceil(seconds * 1000)
    if ms < 1000:
        return f"{ms}ms"
    whole = math.ceil(seconds)
    return f"{whole // 60}m{whole % 60}s" if whole >= 60 else f"{whole}s"
