"""Decides what each ask of an exchange is granted, from what the store says of everybody.

Rule 1: of a pot a process counts with what it was granted or what it has spent, whichever is
more; so rows that are committed meanwhile, or not yet, change nothing.
Rule 2: nobody's share is made smaller by another, and nobody's grows beyond what is left.
Rule 3: a share of a span that is over is given back when the next span is asked for, LATE_US
after its end: calls that began in it may still be paid from it until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headgate.policy.bucket import Bucket, Size, Want, draw, full
from headgate.store.bank import ALWAYS, Answer, Flow, Stock

LATE_US = 3_600_000_000
DAY_US = 86_400_000_000

Lease = tuple[str, int]
"""a pot and the first day of its span"""
Spend = tuple[str, int, int]
"""an account and the first and last day of a span"""


class Books(NamedTuple):
    """What the store says at one moment of all that is asked for."""

    now_us: int
    leases: dict[Lease, dict[int, int]]
    """who was granted how much, of the living"""
    spends: dict[Spend, dict[int, int]]
    """who spent how much, of everybody"""
    flows: dict[str, Bucket]


class Decision(NamedTuple):
    """The answers, and what has changed by them."""

    answers: list[Answer]
    leases: dict[Lease, int]
    flows: dict[str, Bucket]


def decide(asks: Sequence[Stock | Flow], owner: int, books: Books) -> Decision:
    """Answer the asks in their order."""
    made = Decision([], {}, {})
    for ask in asks:
        if isinstance(ask, Flow):
            made.answers.append(_draw(ask, books, made))
        else:
            made.answers.append(_share(ask, owner, books, made))
    return made


def _draw(ask: Flow, books: Books, made: Decision) -> Answer:
    size = Size(ask.per_minute, ask.burst)
    before = books.flows.get(ask.account) or full(size, books.now_us)
    drawn = draw(before, size, Want(ask.take, ask.least), books.now_us)
    books.flows[ask.account] = drawn.bucket
    if drawn.granted or drawn.bucket.at_us < before.at_us:  # a clock set back is remembered
        made.flows[ask.account] = drawn.bucket
    return Answer(drawn.granted, drawn.bucket.level // 1000, wait_s=drawn.wait_s)


def _share(ask: Stock, owner: int, books: Books, made: Decision) -> Answer:
    key = lease_of(ask)
    leases = books.leases.setdefault(key, {})
    spends = books.spends.get(spend_of(ask), {}) if ask.account else {}
    others = sum(
        max(leases.get(n, 0), spends.get(n, 0))
        for n in leases.keys() | spends.keys()
        if n != owner
    )
    before = leases.get(owner, 0)
    granted = share(ask, before, ask.cap - others)
    leases[owner] = granted
    if granted != before:
        made.leases[key] = granted
    mine = max(granted, spends.get(owner, 0))
    return Answer(granted, ask.cap - others - mine, sum(spends.values()))


def share(ask: Stock, before: int, room: int) -> int:
    """What is held from now on of a pot in which so much is not the others'."""
    if ask.hold <= max(before, room):
        return max(ask.hold, 0)
    if room > before and room >= ask.least:
        return room
    return before


def lease_of(ask: Stock) -> Lease:
    return ask.pot, ask.span.first


def spend_of(ask: Stock) -> Spend:
    return ask.account, ask.span.first, ask.span.last


def leases_of(asks: Sequence[Stock | Flow]) -> list[Lease]:
    """Each pot once, in an order that is the same for everybody."""
    return sorted({lease_of(ask) for ask in asks if isinstance(ask, Stock)})


def spends_of(asks: Sequence[Stock | Flow]) -> list[Spend]:
    """Each account and span once whose spend counts."""
    found = {spend_of(ask) for ask in asks if isinstance(ask, Stock) and ask.account}
    return sorted(found)


def flows_of(asks: Sequence[Stock | Flow]) -> list[str]:
    return sorted({ask.account for ask in asks if isinstance(ask, Flow)})


class Held:
    """What this process was granted, as far as it knows."""

    def __init__(self) -> None:
        self.granted: dict[Lease, int] = {}

    def note(self, asks: Sequence[Stock | Flow], answers: Sequence[Answer]) -> None:
        for ask, answer in zip(asks, answers, strict=True):
            if isinstance(ask, Stock):
                self._set(lease_of(ask), answer.granted)

    def doubt(self, asks: Sequence[Stock | Flow]) -> None:
        """It is not known whether they were granted: of each the smaller counts."""
        for ask in asks:
            if isinstance(ask, Stock):
                key = lease_of(ask)
                self._set(key, min(self.granted.get(key, 0), max(ask.hold, 0)))

    def over(self, asks: Sequence[Stock | Flow], now_us: int) -> list[Lease]:
        """Shares of spans that are over, as the spans asked for tell."""
        asked = {lease_of(ask): ask for ask in asks if isinstance(ask, Stock)}
        newest: dict[str, int] = {}
        for (pot, first), ask in asked.items():
            if ask.span != ALWAYS and first * DAY_US + LATE_US < now_us:
                newest[pot] = max(first, newest.get(pot, first))
        return [
            (pot, first)
            for pot, first in self.granted
            if first < newest.get(pot, first) and (pot, first) not in asked
        ]

    def drop(self, leases: Sequence[Lease]) -> None:
        for key in leases:
            self.granted.pop(key, None)

    def _set(self, key: Lease, granted: int) -> None:
        if granted:
            self.granted[key] = granted
        else:
            self.granted.pop(key, None)
