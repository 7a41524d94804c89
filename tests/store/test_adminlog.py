"""The log of administrators: written with what it tells of, and whoever touches it is found."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.store import keys
from headgate.store import tenant as tenants
from headgate.store.adminlog import (
    Actor,
    Deed,
    Entry,
    Head,
    Wanted,
    acting,
    entries,
    tell,
    verify,
)
from headgate.store.sqlite import connect
from headgate.store.tenant import TEAM
from headgate.store.traits import Changes, Mistake

ANA = Actor("ana", "admin")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(connect(tmp_path / "headgate.db")) as opened:
        yield opened


def write(connection: sqlite3.Connection, count: int) -> None:
    for number in range(count):
        with acting(Actor(f"actor {number}", "admin")):
            tell(connection, Deed("test.act", f"thing:{number}", {"number": number}))


def test_a_change_and_its_row_are_written_together_or_not_at_all(
    connection: sqlite3.Connection,
) -> None:
    with acting(ANA):
        key, secret = keys.create(connection, "a", now_us=1)
        with pytest.raises(Mistake):
            keys.create(connection, "a", now_us=2)
    (row,) = entries(connection, Wanted())
    assert (row.actor, row.role, row.action, row.subject) == (
        "ana",
        "admin",
        "key.create",
        f"key:{key.id}",
    )
    assert secret not in row.detail
    connection.execute("DROP TABLE admin_log")  # a log that cannot be written
    with pytest.raises(sqlite3.Error):
        keys.revoke(connection, "a", now_us=3)
    assert keys.living(connection, "a").revoked_us is None
    assert not connection.in_transaction


def test_every_change_of_tenants_and_keys_is_told_without_metadata(
    connection: sqlite3.Connection,
) -> None:
    given = Changes(metadata='{"password": "hunter2"}', cost_centre="4711")
    with acting(ANA):
        tenants.create(connection, "acme", changes=given, now_us=1)
        tenants.create(connection, "search", parent="acme", now_us=1)
        tenants.update(connection, TEAM, "search", given)
        tenants.archive(connection, TEAM, "search", now_us=2)
        tenants.archive(connection, TEAM, "search", now_us=None)
        keys.create(connection, "a", team="search", changes=given, now_us=1)
        keys.update(connection, "a", given, now_us=1)
        _, second = keys.rotate(connection, "a", overlap_us=0, now_us=5)
        keys.revoke(connection, "a", now_us=6)
    found = entries(connection, Wanted())[::-1]
    assert [row.action for row in found] == [
        *("organisation.create", "team.create", "team.update", "team.archive", "team.restore"),
        *("key.create", "key.update", "key.rotate", "key.revoke"),
    ]
    text = "".join(row.detail for row in found)
    assert "hunter2" not in text
    assert second not in text
    assert json.loads(found[2].detail)["cost_centre"] == "4711"
    assert verify(connection).broken == 0


def test_the_database_itself_refuses_to_change_or_delete_a_row(
    connection: sqlite3.Connection,
) -> None:
    write(connection, 2)
    for statement in (
        "UPDATE admin_log SET actor = 'somebody else'",
        "DELETE FROM admin_log WHERE seq = 2",
        "REPLACE INTO admin_log VALUES (1, 1, '', '', '', '', '', x'')",
    ):
        with pytest.raises(sqlite3.DatabaseError, match="append-only"):
            connection.execute(statement)
    assert [row.actor for row in entries(connection, Wanted())] == ["actor 1", "actor 0"]


def test_rows_are_found_by_actor_action_time_and_page(connection: sqlite3.Connection) -> None:
    with acting(ANA):
        keys.create(connection, "a", now_us=1)
        tenants.create(connection, "acme", now_us=1)
    write(connection, 3)
    assert [row.seq for row in entries(connection, Wanted(limit=2))] == [5, 4]
    assert [row.seq for row in entries(connection, Wanted(before=4, limit=2))] == [3, 2]
    assert [row.seq for row in entries(connection, Wanted(actor="ana"))] == [2, 1]
    assert [row.seq for row in entries(connection, Wanted(action="key"))] == [1]
    assert [row.seq for row in entries(connection, Wanted(action="key.create"))] == [1]
    newest = entries(connection, Wanted())[0].at_us
    assert entries(connection, Wanted(since_us=newest + 1)) == []


def _deface(db: sqlite3.Connection, victim: int, rows: int) -> None:
    db.execute("UPDATE admin_log SET actor = actor || '!' WHERE seq = ?", (victim,))


def _delete(db: sqlite3.Connection, victim: int, rows: int) -> None:
    db.execute("DELETE FROM admin_log WHERE seq = ?", (victim,))


def _close_gap(db: sqlite3.Connection, victim: int, rows: int) -> None:
    _delete(db, victim, rows)
    for seq in range(victim + 1, rows + 1):
        db.execute("UPDATE admin_log SET seq = ? WHERE seq = ?", (seq - 1, seq))


def _truncate(db: sqlite3.Connection, victim: int, rows: int) -> None:
    db.execute("DELETE FROM admin_log WHERE seq >= ?", (victim,))


def _truncate_with_head(db: sqlite3.Connection, victim: int, rows: int) -> None:
    """Rows are cut off and the count is set to what is left."""
    _truncate(db, victim, rows)
    last = db.execute("SELECT hash FROM admin_log ORDER BY seq DESC LIMIT 1").fetchone()
    hash = last[0] if last else bytes(32)
    db.execute("UPDATE admin_head SET count = ?, hash = ?", (victim - 1, hash))


def _swap(db: sqlite3.Connection, victim: int, rows: int) -> None:
    other = victim % rows + 1
    db.execute("UPDATE admin_log SET seq = -1 WHERE seq = ?", (victim,))
    db.execute("UPDATE admin_log SET seq = ? WHERE seq = ?", (victim, other))
    db.execute("UPDATE admin_log SET seq = ? WHERE seq = -1", (other,))


def _insert(db: sqlite3.Connection, victim: int, rows: int) -> None:
    """A row put in between, well hashed after the one before it, all others moved on."""
    for seq in range(rows, victim - 1, -1):
        db.execute("UPDATE admin_log SET seq = ? WHERE seq = ?", (seq + 1, seq))
    before = db.execute("SELECT hash FROM admin_log WHERE seq = ?", (victim - 1,)).fetchone()
    row = Entry(victim, 1, "forger", "admin", "key.create", "key:x", "{}", b"")
    sealed = row.sealed(before[0] if before else bytes(32))
    db.execute(
        "INSERT INTO admin_log VALUES (?, 1, 'forger', 'admin', 'key.create',"
        " 'key:x', '{}', ?)",
        (victim, sealed),
    )


def _append(db: sqlite3.Connection, victim: int, rows: int) -> None:
    """A row put at the end, well hashed, without the head knowing."""
    _insert(db, rows + 1, rows)


def _forget_head(db: sqlite3.Connection, victim: int, rows: int) -> None:
    db.execute("DELETE FROM admin_head")


Tampering = Callable[[sqlite3.Connection, int, int], None]
TAMPERINGS: list[Tampering] = [
    *(_deface, _delete, _close_gap, _truncate, _truncate_with_head),
    *(_swap, _insert, _append, _forget_head),
]


@given(
    rows=st.integers(2, 8),
    victim=st.integers(1, 8),
    tampering=st.sampled_from(TAMPERINGS),
    column=st.sampled_from(["at_us", "actor", "role", "action", "subject", "detail", "hash"]),
)
@pytest.mark.slow
def test_whatever_is_changed_deleted_swapped_cut_off_or_put_in_is_found(
    tmp_path_factory: pytest.TempPathFactory,
    rows: int,
    victim: int,
    tampering: Tampering,
    column: str,
) -> None:
    """Even by somebody who takes the triggers away first; and the first bad row is named."""
    victim = min(victim, rows)
    path = tmp_path_factory.mktemp("log") / "headgate.db"
    with contextlib.closing(connect(path)) as db:
        write(db, rows)
        assert verify(db).broken == 0
        for verb in ("update", "delete", "replace"):
            db.execute(f"DROP TRIGGER admin_log_{verb}")
        if tampering is _deface:
            change = {"at_us": "at_us + 1", "hash": "zeroblob(32)"}.get(column, "'other'")
            update = f"UPDATE admin_log SET {column} = {change} WHERE seq = ?"  # noqa: S608
            db.execute(update, (victim,))
        else:
            tampering(db, victim, rows)
        verdict = verify(db)
    firsts: dict[Tampering, int] = {
        _swap: min(victim, victim % rows + 1),
        _insert: victim + 1,  # the row itself is well made: the next one gives it away
        _append: rows + 1,
        _forget_head: rows,
        _truncate_with_head: max(1, victim - 1),
    }
    assert verdict.broken == firsts.get(tampering, victim), verdict
    assert verdict.why


def test_a_log_forged_from_the_start_is_found_by_an_anchor_noted_outside(
    tmp_path: Path,
) -> None:
    with contextlib.closing(connect(tmp_path / "a.db")) as true:
        write(true, 3)
        anchor = verify(true).head
        write(true, 2)
        assert verify(true, anchor).broken == 0
        assert verify(true, Head.parse(str(anchor))).broken == 0
    with contextlib.closing(connect(tmp_path / "b.db")) as forged:
        write(forged, 5)
        assert verify(forged).broken == 0  # by itself it is a chain like any other
        assert verify(forged, anchor).broken == 3
        assert verify(forged, Head(9, anchor.hash)).broken == 5


@pytest.mark.parametrize("text", ["", "3", "x:00", "3:zz", "-1:" + "00" * 32, "3:00"])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's own
        Head.parse(text)
