"""Says what rows that are not sealed cannot tell: there are earlier ones, and who reads them.

Rule 1: a figure that leaves sealed calls out never stands without these words.
"""

from __future__ import annotations

from datetime import UTC, datetime

from headgate.cli.terminal import say
from headgate.ledger.archive.sealed import sealed_since
from headgate.store.sql import Connection

READERS = "`headgate report` and `headgate audit` read them too"


def earlier(connection: Connection, since_us: int) -> str:
    """How far the calls of that time are sealed, in words; empty: none of them is."""
    upto = sealed_since(connection, since_us)
    if not upto:
        return ""
    day = datetime.fromtimestamp(upto / 1e6, UTC)
    return f"calls that began before {day:%Y-%m-%d %H:%M} UTC are sealed"


def tell_earlier(connection: Connection, since_us: int) -> None:
    """Say so where a figure or a list leaves them out."""
    if words := earlier(connection, since_us):
        say(f"{words}, and are left out here: {READERS}")
