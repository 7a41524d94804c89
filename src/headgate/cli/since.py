"""Reads how far back a command shall look: a time span up to now, or a day.

Rule 1: a day begins at midnight where the command is run.
Rule 2: what is neither is told with what would be.
"""

from __future__ import annotations

from datetime import datetime

from headgate.cli import Misuse

UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
SECOND = 1_000_000


def start_us(since: str, now_us: int, option: str = "--since") -> int:
    """The moment from which on calls are meant, or up to which."""
    count, unit = since[:-1], since[-1:]
    if unit in UNITS and count.isascii() and count.isdigit():
        return max(0, now_us - int(count) * UNITS[unit] * SECOND)
    try:
        day = datetime.fromisoformat(since).astimezone()
    except (ValueError, OverflowError):
        raise Misuse(
            f"{option} {since}: is neither a time span nor a day",
            "write 30m, 24h, 7d or 2w, or a day such as 2026-11-01",
        ) from None
    return int(day.timestamp() * SECOND)
