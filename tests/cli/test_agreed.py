"""The doctor says of the bill what was last found of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headgate.cli.agreed import findings
from headgate.cli.checkup import Finding
from headgate.config.model import Config, Reconcile
from headgate.ledger.reconcile.reported import Drift, note_drift
from headgate.store.sql import Connection

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOW_US = int(NOW.timestamp() * 1e6)
DRIFT = Drift("anthropic", NOW_US // 86_400_000_000 - 1, "x", 100, 100, "equal", NOW_US)


def said(connection: Connection, config: Config | None = None, now: datetime = NOW) -> Finding:
    (found,) = findings(config or Config(), connection, now)
    return found


def test_what_was_never_compared_is_said_with_the_command(connection: Connection) -> None:
    assert said(connection).state == "info"
    keyed = Config(reconcile=Reconcile(openai_admin_key="k"))
    assert "not yet" in said(connection, keyed).what


@pytest.mark.parametrize(
    ("theirs", "state"), [(100, "ok"), (101, "ok"), (102, "warn"), (90, "warn")]
)
def test_more_than_a_hundredth_apart_is_worth_a_look(
    connection: Connection, theirs: int, state: str
) -> None:
    note_drift(connection, [DRIFT._replace(theirs_nusd=theirs)])
    found = said(connection)
    assert found.state == state
    assert ("UNRECONCILED" in found.what) == (state == "warn")


def test_what_was_compared_long_ago_is_worth_another_look(connection: Connection) -> None:
    note_drift(connection, [DRIFT])
    found = said(connection, now=NOW + timedelta(days=4))
    assert (found.state, found.hint) == ("warn", "compare again: headgate reconcile")


def test_a_night_that_failed_is_told_with_its_reason(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO chore (name, at_us, worked_us, trouble)"
        " VALUES ('reconcile', 1, 0, 'the key is refused')"
    )
    found = said(connection)
    assert (found.state, "the key is refused" in found.what) == ("warn", True)
