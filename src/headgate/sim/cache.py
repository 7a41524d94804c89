"""Prompt caches as the two vendors keep them: what a prompt reads, writes and pays fresh.

Rule 1: a prefix is known by a chained hash; nothing of the text is kept.
Rule 2: an entry exists once the first reply that wrote it has begun (`commit`), lives for its
TTL from that request's start, and lives on for as long again with every read.
Rule 3: time comes in as seconds; nothing here reads a clock.
(prompt-caching pages of both vendors, read 2026-11-20)
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from headgate.wire.model import Usage

TTL_S = {"5m": 300.0, "1h": 3600.0, "30m": 1800.0, "12h": 43_200.0, "free": 600.0}
LOOKBACK = 20
OPENAI_LEAST = 1024
OPENAI_STEP = 128
OPENAI_TOKEN_BYTES = 4
MOST_READ, MOST_WRITTEN = 80, 4
"""breakpoints of one request"""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of prompt in prefix order: its bytes without marks, its tokens, its mark."""

    data: bytes
    tokens: int
    mark: str = ""
    """empty, or how long it lives: 5m or 1h; at OpenAI 30m or 12h"""


@dataclass(slots=True)
class Entry:
    ttl_s: float
    expires: float


@dataclass(frozen=True, slots=True)
class Lookup:
    """What one prompt found, and what its reply will leave behind."""

    usage: Usage
    """the input side only"""
    started: float
    hits: tuple[bytes, ...] = ()
    writes: tuple[tuple[bytes, float], ...] = ()
    points: Points | None = None
    """how it was cut, where breakpoints count"""


@dataclass(slots=True)
class PromptCache:
    """Entries of all keys and models; the oldest are forgotten beyond `most`."""

    most: int = 100_000
    entries: dict[bytes, Entry] = field(default_factory=dict)

    def alive(self, name: bytes, now: float) -> bool:
        entry = self.entries.get(name)
        return entry is not None and now < entry.expires

    def commit(self, found: Lookup, now: float) -> None:
        """The reply has begun: what it read lives longer, what it wrote now exists."""
        for name in found.hits:
            entry = self.entries.pop(name, None)
            if entry is not None:
                entry.expires = max(entry.expires, found.started + entry.ttl_s)
                self.entries[name] = entry
        for name, ttl_s in found.writes:
            old = self.entries.pop(name, None)
            if old is not None and old.expires > found.started + ttl_s:
                self.entries[name] = old
            else:
                self.entries[name] = Entry(ttl_s, found.started + ttl_s)
        while len(self.entries) > self.most:
            del self.entries[next(iter(self.entries))]

    def look_anthropic(
        self, scope: bytes, blocks: Sequence[Block], minimum: int, now: float
    ) -> Lookup:
        """Explicit breakpoints: the longest live prefix at or ≤ 20 blocks before a mark."""
        names = chain(scope, blocks)
        total = _sums(blocks)
        marks = [i for i, block in enumerate(blocks) if block.mark]
        hit = self._longest_hit(names, marks, now)
        read = total[hit] if hit >= 0 else 0
        written = {"5m": 0, "1h": 0}
        writes: list[tuple[bytes, float]] = []
        done = read
        for i in marks:
            if i > hit and total[i] >= minimum:
                ttl = blocks[i].mark
                written[ttl] += total[i] - done
                done = total[i]
                writes.append((names[i], TTL_S[ttl]))
        usage = Usage(
            input_fresh=(total[-1] if total else 0) - done,
            cache_read=read,
            cache_write_5m=written["5m"],
            cache_write_1h=written["1h"],
        )
        hits = tuple(n for n in names[: hit + 1] if self.alive(n, now))
        return Lookup(usage, now, hits, tuple(writes))

    def _longest_hit(self, names: list[bytes], marks: list[int], now: float) -> int:
        for mark in reversed(marks):
            for i in range(mark, max(-1, mark - LOOKBACK), -1):
                if self.alive(names[i], now):
                    return i
        return -1

    def look_openai(self, scope: bytes, prompt: bytes, now: float) -> Lookup:
        """Before gpt-5.6, for nothing: prefixes of at least 1,024 tokens, in steps of 128."""
        tokens = math.ceil(len(prompt) / OPENAI_TOKEN_BYTES)
        if tokens < OPENAI_LEAST:
            return Lookup(Usage(input_fresh=tokens), now)
        steps = len(prompt) // (OPENAI_STEP * OPENAI_TOKEN_BYTES)
        names: list[bytes] = []
        state = hashlib.blake2b(scope, digest_size=16)
        for k in range(steps):
            width = OPENAI_STEP * OPENAI_TOKEN_BYTES
            state.update(prompt[k * width : (k + 1) * width])
            names.append(state.digest())
        least = OPENAI_LEAST // OPENAI_STEP - 1
        read = 0
        for k in range(steps - 1, least - 1, -1):
            if self.alive(names[k], now):
                read = (k + 1) * OPENAI_STEP
                break
        known = [n for n in names[least:] if self.alive(n, now)]
        fresh = [(n, TTL_S["free"]) for n in names[least:] if not self.alive(n, now)]
        return Lookup(Usage(tokens - read, read), now, tuple(known), tuple(fresh))

    def look_points(self, scope: bytes, prompt: Points, now: float) -> Lookup:
        """From gpt-5.6 on: read at the last breakpoint that is alive, written at new ones.

        A prefix that ends anywhere else is not found, however much of it is alike.
        """
        names, total = chain(scope, prompt.blocks), _sums(prompt.blocks)
        readable, writable = prompt.breakpoints()
        hit = next((i for i in reversed(readable) if self.alive(names[i], now)), -1)
        done = read = total[hit] if hit >= 0 else 0
        written = {"30m": 0, "12h": 0}
        writes: list[tuple[bytes, float]] = []
        for i in writable:
            if i > hit and total[i] >= OPENAI_LEAST:
                ttl = prompt.blocks[i].mark or prompt.ttl
                written[ttl] += total[i] - done
                done = total[i]
                writes.append((names[i], TTL_S[ttl]))
        usage = Usage(
            input_fresh=(total[-1] if total else 0) - done,
            cache_read=read,
            cache_write_30m=written["30m"],
            cache_write_12h=written["12h"],
        )
        hits = tuple(names[i] for i in readable if i <= hit and self.alive(names[i], now))
        return Lookup(usage, now, hits, tuple(writes), prompt)


@dataclass(frozen=True, slots=True)
class Points:
    """A prompt of OpenAI's, cut where breakpoints may stand."""

    blocks: Sequence[Block]
    """each with the lifetime of the breakpoint that ends it"""
    ends: Sequence[int] = ()
    """the last blocks of messages that the vendor may break at by itself"""
    explicit: bool = False
    """only the caller's own breakpoints count"""
    ttl: str = "30m"

    def breakpoints(self) -> tuple[list[int], list[int]]:
        """At which blocks is read, and at which is written."""
        marks = [i for i, block in enumerate(self.blocks) if block.mark]
        if self.explicit:
            return marks[-MOST_READ:], marks[-MOST_WRITTEN:]
        writable = {*marks[1 - MOST_WRITTEN :], *self.ends[-1:]}
        return sorted({*marks, *self.ends})[-MOST_READ:], sorted(writable)


def chain(scope: bytes, blocks: Sequence[Block]) -> list[bytes]:
    """A name for the prefix that ends with each block: equal only for equal prefixes."""
    names: list[bytes] = []
    before = hashlib.blake2b(scope, digest_size=16).digest()
    for block in blocks:
        before = hashlib.blake2b(before + block.data, digest_size=16).digest()
        names.append(before)
    return names


def _sums(blocks: Sequence[Block]) -> list[int]:
    total, sums = 0, []
    for block in blocks:
        total += block.tokens
        sums.append(total)
    return sums
