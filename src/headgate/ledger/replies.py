"""What the ledger's newest rows tell of one target: how long its replies took, and were.

Rule 1: only whole replies tell; one that nobody counted has a time and no length.
Rule 2: the question stays short in a long ledger: older rows are not looked at.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.recent import newest
from headgate.store.sql import Connection

LOOKED_AT = 20_000
"""the newest rows, of whichever target"""


class Told(NamedTuple):
    """One whole reply."""

    at_us: int
    """when it was there"""
    ttft_us: int
    output: int
    """tokens; 0: the provider did not count them"""
    stream: bool


def replies(
    connection: Connection, target: tuple[str, str], since_us: int, most: int
) -> list[Told]:
    """The target's last whole replies, the oldest of them first."""
    rows = connection.execute(
        "SELECT at_us + took_us, ttft_us,"
        " CASE WHEN usage_from = 'provider' THEN output ELSE 0 END, stream"
        " FROM call WHERE seq > ? AND provider = ? AND model_sent = ? AND at_us >= ?"
        " AND ending = 'complete' AND canned = 0 AND ttft_us > 0 ORDER BY seq DESC LIMIT ?",
        (newest(connection) - LOOKED_AT, *target, since_us, most),
    )
    return [Told(int(at), int(ttft), int(out), bool(it)) for at, ttft, out, it in rows][::-1]
