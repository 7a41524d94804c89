"""What a provider's own report says of one day, as the table of reports keeps it.

Rule 1: None means that the report does not say; it is not zero.
Rule 2: reports are compared with the book, and never are spend of it.
"""

from __future__ import annotations

from typing import NamedTuple


class Reported(NamedTuple):
    """A line of a report of usage or of costs."""

    provider: str
    account: str
    """whose: a workspace or project, as the report names it"""
    day: int
    """days since 1970, UTC"""
    model: str
    tier: str
    line: str
    """what a report of costs calls the line; empty: the tokens of a report of usage"""
    requests: int | None = None
    input_fresh: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    cost_nusd: int | None = None
