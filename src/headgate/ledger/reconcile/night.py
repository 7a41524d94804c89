"""Decides when the nightly reconciliation is due, and who does it.

Rule 1: once after every [reconcile] daily_at, however many workers and nodes share the store:
who claims the chore has it; whoever dies with it leaves it to the next one.
Rule 2: what went wrong stands in the store until it went well again, and it is tried again.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import NamedTuple

from headgate.config.model import Config
from headgate.config.reconcile import latest
from headgate.ledger.reconcile.run import Books, Outcome, nightly, now_us
from headgate.ledger.reconcile.verdict import Verdict
from headgate.ledger.shelf import Shelf
from headgate.store.place import Place, connect
from headgate.store.sql import Connection

CHORE = "reconcile"
HELD_US = 600_000_000
"""how long a claim holds: fetching takes minutes at the most"""


class Night(NamedTuple):
    """What came of it."""

    outcomes: list[Outcome]
    verdict: Verdict

    @property
    def trouble(self) -> str:
        """In a line, with the remedy; empty: all reports are there."""
        return "; ".join(
            f"{it.provider}: {it.trouble.what}; {it.trouble.hint}"
            for it in self.outcomes
            if it.trouble is not None
        )


def reconcile_if_due(place: Place, shelf: Shelf, config: Config) -> Night | None:
    """Do it; None: it was done, is being done, or is not to be done."""
    if not config.reconcile.daily_at:
        return None
    began = now_us()
    due = latest(config.reconcile.daily_at, datetime.fromtimestamp(began / 1e6, UTC))
    with contextlib.closing(connect(place)) as connection:
        if not claim(connection, int(due.timestamp() * 1e6), began):
            return None
        trouble = "it was interrupted"
        try:
            night = Night(*nightly(Books(connection, place, shelf), config))
            trouble = night.trouble
        except Exception as error:
            trouble = str(error).partition("\n")[0] or type(error).__name__
            raise
        finally:
            _note(connection, began, trouble)
        return night


def claim(connection: Connection, due_us: int, at_us: int) -> bool:
    """Take the chore; False: it went well since it was due, or somebody has it."""
    claimed = connection.execute(
        "INSERT INTO chore (name, at_us, worked_us, trouble) VALUES (?, ?, 0, '')"
        " ON CONFLICT (name) DO UPDATE SET at_us = excluded.at_us"
        " WHERE chore.worked_us < ? AND chore.at_us <= ?",
        (CHORE, at_us, due_us, at_us - HELD_US),
    )
    return claimed.rowcount == 1


def _note(connection: Connection, at_us: int, trouble: str) -> None:
    """Keep how it went; who failed may try again at once."""
    connection.execute(
        "UPDATE chore SET trouble = ?, at_us = CASE WHEN ? = '' THEN ? ELSE at_us - ? END,"
        " worked_us = CASE WHEN ? = '' THEN ? ELSE worked_us END WHERE name = ?",
        (trouble, trouble, at_us, HELD_US, trouble, at_us, CHORE),
    )
