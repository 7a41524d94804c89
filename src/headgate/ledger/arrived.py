"""Reads from the ledger's newest rows which prompts came when, here and in other processes.

Rule 1: the rows are few, and are found by seq: no ledger is too long for it.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.store.sql import Connection

MOST = 3_000
"""rows that are looked at"""


class Arrived(NamedTuple):
    """One call's prompt, as its row keeps it."""

    seq: int
    at_us: int
    key_id: str
    agent: str
    provider: str
    credential: str
    model_sent: str
    prefix: bytes
    opening: str
    cache_plan: str
    cached: int
    """tokens that were read from the vendor's cache or written to it"""


_COLUMNS = (
    "seq, at_us, key_id, agent, provider, credential, model_sent, prefix, opening, cache_plan,"
    " cache_read + cache_write_5m + cache_write_1h"
)


def since(connection: Connection, at_us: int, seq: int = 0, most: int = MOST) -> list[Arrived]:
    """Prompts in Anthropic's words that came since, of rows behind `seq`, the oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM call"  # noqa: S608 - constant text
        " WHERE seq > (SELECT coalesce(max(seq), 0) FROM call) - ? AND seq > ?"
        " AND at_us >= ? AND surface = 'messages' AND prefix IS NOT NULL AND status = 200"
        " ORDER BY seq",
        (most, seq, at_us),
    )
    return [Arrived(*row) for row in rows]
