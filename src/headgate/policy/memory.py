"""What was learned for ordering: targets' times and answers, and where conversations are warm.

Rule 1: a time is the median of a target's last calls of the last quarter of an hour; fewer than
three of them are no measurement.
Rule 2: a conversation is warm as long as its provider keeps the cache that was seen; a provider
that was expected to cache by itself and did not is not believed again for that conversation.
Rule 3: everything is bounded, and nothing is written down: a new process learns anew.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

from headgate.wire.model import Usage

Name = tuple[str, str]
"""provider and model"""

SAMPLES = 16
ENOUGH = 3
FRESH_S = 900.0
MEMORY = 0.1
"""how much one answer's length counts against those before it"""
TARGETS = 4_000
CONVERSATIONS = 20_000
KEPT_S = 3_600.0
"""for how long it is known where a conversation was, warm or not"""
SHORT_S = 300.0
"""how long a cache is kept that says nothing of it"""
KEEPS_S = (
    ("cache_write_12h", 43_200.0),
    ("cache_write_1h", 3_600.0),
    ("cache_write_30m", 1_800.0),
    ("cache_write_5m", SHORT_S),
)


class Seen(NamedTuple):
    """The last call of a conversation."""

    at: float
    target: Name
    cached: int
    """tokens of it that its provider has in a cache"""
    keeps_s: float
    """for how long, from `at` on"""
    writes: str
    """the class its cache is written by; empty: none was told"""
    input_tokens: int
    body_bytes: int

    def warm(self, now: float) -> int:
        """Tokens that are still in the cache."""
        return self.cached if now < self.at + self.keeps_s else 0


class Reply(NamedTuple):
    """What a whole answer tells about its conversation."""

    target: Name
    usage: Usage
    body_bytes: int
    caches_from: int = 0
    """prompts of so many tokens are cached unasked; 0: none are"""


class Memory:
    """Of one process; it outlives a reload."""

    __slots__ = ("_output", "_seen", "_times", "scores", "wanted")

    def __init__(self) -> None:
        self.wanted = False
        """has any call asked for another order than the written one"""
        self.scores: Mapping[str, float] = {}
        """model -> its stored benchmark result; none is stored today"""
        self._times: dict[tuple[Name, bool], deque[tuple[float, float]]] = {}
        self._output: dict[Name, float] = {}
        self._seen: OrderedDict[bytes, Seen] = OrderedDict()

    def took(self, target: Name, seconds: float, now: float, *, stream: bool) -> None:
        """A call's first content, or the whole reply of one that does not stream."""
        times = self._times.get((target, stream))
        if times is None:
            if len(self._times) >= TARGETS:
                return
            times = self._times[target, stream] = deque(maxlen=SAMPLES)
        times.append((now, seconds))

    def pace(self, target: Name, now: float, *, stream: bool) -> tuple[float | None, int]:
        """(the median of fresh times, None: too few, how many there are)."""
        times = self._times.get((target, stream), ())
        fresh = [seconds for at, seconds in times if now - at < FRESH_S]
        return (median(fresh) if len(fresh) >= ENOUGH else None), len(fresh)

    def answered(self, target: Name, tokens: int) -> None:
        """An answer had so many tokens."""
        before = self._output.get(target)
        if before is not None:
            self._output[target] = before + MEMORY * (tokens - before)
        elif len(self._output) < TARGETS:
            self._output[target] = float(tokens)

    def output(self, target: Name) -> float | None:
        """Tokens that its answers have; None: none was seen."""
        return self._output.get(target)

    def seen(self, conversation: bytes, now: float) -> Seen | None:
        """Where the conversation was last; None: it is not known any more."""
        seen = self._seen.get(conversation)
        return None if seen is None or _is_over(seen, now) else seen

    def remember(self, conversation: bytes, reply: Reply, now: float) -> None:
        """A conversation went on."""
        table = self._seen
        table[conversation] = after(self.seen(conversation, now), reply, now)
        table.move_to_end(conversation)
        while len(table) > CONVERSATIONS or _is_over(next(iter(table.values())), now):
            table.popitem(last=False)


def _is_over(seen: Seen, now: float) -> bool:
    return now - seen.at >= max(KEPT_S, seen.keeps_s)


def after(before: Seen | None, reply: Reply, now: float) -> Seen:
    """What is known of a conversation after one more reply."""
    usage, target = reply.usage, reply.target
    stayed = before is not None and before.target == target
    writes, keeps_s = "", SHORT_S
    for name, seconds in KEEPS_S:
        if getattr(usage, name):
            writes, keeps_s = name, seconds
            break
    else:
        if before is not None and stayed and usage.cache_read:
            writes, keeps_s = before.writes, before.keeps_s
    total = usage.input_total
    cached = total - usage.input_fresh
    if not writes and 0 < reply.caches_from <= total:
        was_warm = before.warm(now) if before is not None and stayed else 0
        if usage.cache_read or not was_warm:
            cached = total
    return Seen(now, target, cached, keeps_s, writes, total, reply.body_bytes)
