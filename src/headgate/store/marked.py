"""Owns the table of conversations that were marked for a prompt cache from their first turn on.

Rule 1: a conversation that stands here goes on being marked, whichever process serves it; one
that does not, and that holds thoughts its vendor has signed, is left as it is.
Rule 2: names are keyed hashes; what is done with by its date is deleted.
"""

from __future__ import annotations

from headgate.store.sql import Connection

KEPT_US = 7 * 86_400_000_000
"""no conversation goes on after so long a pause with its cache still warm"""


def keep(connection: Connection, name: bytes, plan: str, now_us: int) -> None:
    """Remember that it is marked."""
    connection.execute(
        "INSERT INTO marked (name, plan, until_us) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET plan = excluded.plan, until_us = excluded.until_us",
        (name, plan, now_us + KEPT_US),
    )


def plan_of(connection: Connection, name: bytes, now_us: int) -> str:
    """With which plan it was marked; empty: it was not."""
    row = connection.execute(
        "SELECT plan FROM marked WHERE name = ? AND until_us > ?", (name, now_us)
    ).fetchone()
    return str(row[0]) if row is not None else ""


def expire(connection: Connection, now_us: int) -> int:
    """Forget what nobody will ask for any more; how many they were."""
    return connection.execute("DELETE FROM marked WHERE until_us <= ?", (now_us,)).rowcount
