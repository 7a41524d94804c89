"""Owns the table of claims: savings that an audit found, and since when somebody acts on them.

Rule 1: what was not acted on is what the latest audit says of it; from `applied_us` on a claim
stays as it was, because its saving is measured against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from headgate.store.sql import Connection, transaction


class Claim(NamedTuple):
    """A saving that an audit claimed."""

    id: str
    rule: str
    subject: str
    at_us: int
    """when the audit was made"""
    claimed_nusd: int
    applied_us: int | None
    """since when the change is in force; None: nobody has said so"""
    detail: str
    """JSON: what it is measured by"""


_COLUMNS = ", ".join(Claim._fields)
_KEEP = f"""
INSERT INTO claim ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET at_us = excluded.at_us, claimed_nusd = excluded.claimed_nusd,
  detail = excluded.detail WHERE claim.applied_us IS NULL
"""  # noqa: S608 - constant text


def keep(connection: Connection, claims: Iterable[Claim]) -> None:
    """Remember what an audit claimed."""
    with transaction(connection):
        connection.executemany(_KEEP, [tuple(it) for it in claims])


def every(connection: Connection) -> list[Claim]:
    """All of them: those that were acted on first, then the largest."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM claim"  # noqa: S608 - constant text
        " ORDER BY applied_us IS NULL, applied_us, claimed_nusd DESC, id"
    )
    return [Claim(*row) for row in found.fetchall()]


def find(connection: Connection, beginning: str) -> list[Claim]:
    """Those whose id begins so."""
    return [it for it in every(connection) if it.id.startswith(beginning)]


def apply(connection: Connection, claim: Claim) -> None:
    """The change is in force from `applied_us` on, and is measured against `detail`."""
    connection.execute(
        "UPDATE claim SET applied_us = ?, detail = ? WHERE id = ?",
        (claim.applied_us, claim.detail, claim.id),
    )


def withdraw(connection: Connection, id_: str) -> None:
    """The change is not in force, or no longer."""
    connection.execute("UPDATE claim SET applied_us = NULL WHERE id = ?", (id_,))
