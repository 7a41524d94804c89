"""What writing a prefix into a vendor's prompt cache and reading it again cost, in proportion.

Rule 1: everything is in units of what the prefix would cost uncached, so that one number
serves prefixes of every length.
Rule 2: a model whose input costs nothing has nothing to save, and no proportions.
"""

from __future__ import annotations

from math import inf
from typing import Literal, NamedTuple

from headgate.money.pricing import Rates
from headgate.wire.model import STANDARD, Terms

Ttl = Literal["5m", "1h"]
TTL_S: dict[Ttl, float] = {"5m": 300.0, "1h": 3600.0}


class Worth(NamedTuple):
    """A model's cache prices as multiples of its input price, such as 1.25, 2 and 0.1."""

    write_5m: float
    write_1h: float
    read: float

    def write(self, ttl: Ttl) -> float:
        return self.write_5m if ttl == "5m" else self.write_1h

    def premium(self, ttl: Ttl) -> float:
        """What a write costs beyond the plain price."""
        return self.write(ttl) - 1

    @property
    def saved(self) -> float:
        """What a read saves of the plain price."""
        return 1 - self.read

    def reads_needed(self, ttl: Ttl) -> float:
        """How many reads repay one write."""
        return reads_needed(self.write(ttl), self.read)

    def share_needed(self, ttl: Ttl) -> float:
        """Which share of the calls that carry a mark has to read for it to pay."""
        return share_needed(self.write(ttl), self.read)

    def expected(self, ttl: Ttl, share: float) -> float:
        """What a call costs on average where that share of them reads."""
        return share * self.read + (1 - share) * self.write(ttl)


def reads_needed(write: float, read: float) -> float:
    """Reads that repay a write, by the prices of both as multiples of the input's."""
    if write <= 1:
        return 0.0
    return (write - 1) / (1 - read) if read < 1 else inf


def share_needed(write: float, read: float) -> float:
    """The share of reads among reads and writes from which on a cache saves money."""
    if write <= 1:
        return 0.0
    return (write - 1) / (write - read) if read < 1 else inf


def longest_pause_s(write: float, read: float, ttl_s: float) -> float:
    """The longest pause that reading ever again, to keep a prefix alive, outlives cheaper."""
    return ttl_s * write / read if read > 0 else inf


def worth(rates: Rates, input_tokens: int, terms: Terms = STANDARD) -> Worth | None:
    """The proportions for a request of so many tokens; None: its input costs nothing."""
    bands = rates.table(terms).bands
    band = next((it for it in bands if input_tokens > it.above), bands[-1])
    plain, read, write_5m, write_1h = band.rates[:4]
    if plain <= 0:
        return None
    return Worth(write_5m / plain, write_1h / plain, read / plain)
