"""Reckons whether reading a prompt again and again, only to keep it cached, would have paid.

Rule 1: a pause longer than the lifetime costs a new write; a ping before its end costs a read.
Rule 2: nobody knows beforehand whether a conversation goes on: pings after its last call, and
in pauses that are too long, are counted against it.
"""

from __future__ import annotations

from typing import NamedTuple


class Terms(NamedTuple):
    """What keeping a model's prompts alive costs."""

    ttl_s: float
    write: float
    """as a multiple of the input's price, as is the next"""
    read: float
    longest_s: float
    """the longest pause that pings outlive cheaper than a new write"""
    plain_nusd: float
    """nano-dollars per token of plain input"""

    def pings(self, pause_s: float) -> int:
        """How many it takes to bridge a pause."""
        return int(min(pause_s, self.longest_s) // self.ttl_s)


class Reckoning(NamedTuple):
    """What the rule would have done."""

    pauses: int = 0
    """that it would have bridged"""
    pings: int = 0
    saved_nusd: float = 0.0
    """by not writing again, less the pings that made it so"""
    wasted_nusd: float = 0.0
    """by pings after which nothing came"""

    @property
    def net_nusd(self) -> float:
        return self.saved_nusd - self.wasted_nusd


def pause(so_far: Reckoning, terms: Terms, tokens: int, pause_s: float) -> Reckoning:
    """A prompt of so many cached tokens came again after a pause."""
    if pause_s < terms.ttl_s:
        return so_far
    if pause_s >= terms.longest_s:
        return end(so_far, terms, tokens)
    pings, price = terms.pings(pause_s), terms.plain_nusd * tokens
    saved = (terms.write - terms.read) * price - pings * terms.read * price
    return so_far._replace(
        pauses=so_far.pauses + 1,
        pings=so_far.pings + pings,
        saved_nusd=so_far.saved_nusd + saved,
    )


def end(so_far: Reckoning, terms: Terms, tokens: int) -> Reckoning:
    """It did not come again, or too late."""
    pings = terms.pings(terms.longest_s)
    cost = pings * terms.read * terms.plain_nusd * tokens
    return so_far._replace(pings=so_far.pings + pings, wasted_nusd=so_far.wasted_nusd + cost)
