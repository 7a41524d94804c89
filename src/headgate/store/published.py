"""The configuration that nodes share: every version ever published, of which the newest holds.

Rule 1: a version is never changed or deleted; going back publishes an old text anew.
Rule 2: who published which version is told to the log of administrators, with it.
Rule 3: texts name secrets and hold none: whoever publishes has made sure of that.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.store.adminlog import recorded
from headgate.store.sql import Connection

LONGEST_CHARS = 1_000_000


class Version(NamedTuple):
    """One published text, without the text."""

    number: int
    at_us: int
    actor: str


def publish(
    connection: Connection, text: str, *, actor: str, now_us: int, back_to: int = 0
) -> int:
    """Make this text the newest version; its number. `back_to`: the version it repeats."""
    with recorded(connection) as told:
        row = connection.execute(
            "INSERT INTO shared_config (at_us, actor, text) VALUES (?, ?, ?) RETURNING version",
            (now_us, actor, text),
        ).fetchone()
        number = int(row[0])
        if back_to:
            told.tell("config.rollback", "config", version=number, back_to=back_to)
        else:
            told.tell("config.publish", "config", version=number)
    return number


def newest(connection: Connection) -> int:
    """The newest version's number; 0: nothing was ever published."""
    row = connection.execute("SELECT max(version) FROM shared_config").fetchone()
    return int(row[0] or 0)


def text_of(connection: Connection, number: int) -> str | None:
    """The text of a version; None: there is no such version."""
    row = connection.execute("SELECT text FROM shared_config WHERE version = ?", (number,))
    found = row.fetchone()
    return str(found[0]) if found is not None else None


def history(connection: Connection, *, limit: int = 100) -> list[Version]:
    """The newest versions, newest first."""
    rows = connection.execute(
        "SELECT version, at_us, actor FROM shared_config ORDER BY version DESC LIMIT ?",
        (limit,),
    )
    return [Version(*row) for row in rows]
