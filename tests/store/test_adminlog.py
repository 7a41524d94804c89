"""The log of administrators: written with what it tells of, and whoever touches it is found."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
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
from headgate.store.place import Place, connect
from headgate.store.sql import ERRORS, Connection, on_file
from headgate.store.tenant import TEAM
from headgate.store.traits import Changes, Mistake

ANA = Actor("ana", "admin")


@pytest.fixture
def connection(store: Place) -> Iterator[Connection]:
    with contextlib.closing(connect(store)) as opened:
        yield opened


def unguard(db: Connection) -> None:
    """Take away what refuses a change, as whoever owns the database can."""
    if on_file(db):
        for verb in ("update", "delete", "replace"):
            db.execute(f"DROP TRIGGER IF EXISTS admin_log_{verb}")
    else:
        db.execute("SET session_replication_role = replica")


def empty(db: Connection) -> None:
    unguard(db)
    db.execute("DELETE FROM admin_log")
    db.execute("DELETE FROM admin_head")
    nothing = bytes(32)
    db.execute("INSERT INTO admin_head VALUES (1, 0, ?, ?)", (nothing, nothing))


def write(connection: Connection, count: int) -> None:
    for number in range(count):
        with acting(Actor(f"actor {number}", "admin")):
            tell(connection, Deed("test.act", f"thing:{number}", {"number": number}))


def test_a_change_and_its_row_are_written_together_or_not_at_all(
    connection: Connection,
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
    unguard(connection)
    connection.execute("UPDATE admin_log SET seq = 2")  # a row that cannot be written
    with pytest.raises(ERRORS):
        keys.revoke(connection, "a", now_us=3)
    assert keys.living(connection, "a").revoked_us is None
    assert not connection.in_transaction


def test_every_change_of_tenants_and_keys_is_told_without_metadata(
    connection: Connection,
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
    connection: Connection,
) -> None:
    write(connection, 2)
    statements = [
        "UPDATE admin_log SET actor = 'somebody else'",
        "DELETE FROM admin_log WHERE seq = 2",
    ]
    if on_file(connection):
        statements.append("REPLACE INTO admin_log VALUES (1, 1, '', '', '', '', '', x'')")
    else:
        statements.append("TRUNCATE admin_log")
    for statement in statements:
        with pytest.raises(ERRORS, match="append-only"):
            connection.execute(statement)
    assert [row.actor for row in entries(connection, Wanted())] == ["actor 1", "actor 0"]


def test_rows_are_found_by_actor_action_time_and_page(connection: Connection) -> None:
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


def _deface(db: Connection, victim: int, rows: int) -> None:
    db.execute("UPDATE admin_log SET actor = actor || '!' WHERE seq = ?", (victim,))


def _delete(db: Connection, victim: int, rows: int) -> None:
    db.execute("DELETE FROM admin_log WHERE seq = ?", (victim,))


def _close_gap(db: Connection, victim: int, rows: int) -> None:
    _delete(db, victim, rows)
    for seq in range(victim + 1, rows + 1):
        db.execute("UPDATE admin_log SET seq = ? WHERE seq = ?", (seq - 1, seq))


def _truncate(db: Connection, victim: int, rows: int) -> None:
    db.execute("DELETE FROM admin_log WHERE seq >= ?", (victim,))


def _truncate_with_head(db: Connection, victim: int, rows: int) -> None:
    """Rows are cut off and the count is set to what is left."""
    _truncate(db, victim, rows)
    last = db.execute("SELECT hash FROM admin_log ORDER BY seq DESC LIMIT 1").fetchone()
    hash = last[0] if last else bytes(32)
    db.execute("UPDATE admin_head SET count = ?, hash = ?", (victim - 1, bytes(hash)))


def _swap(db: Connection, victim: int, rows: int) -> None:
    other = victim % rows + 1
    db.execute("UPDATE admin_log SET seq = -1 WHERE seq = ?", (victim,))
    db.execute("UPDATE admin_log SET seq = ? WHERE seq = ?", (victim, other))
    db.execute("UPDATE admin_log SET seq = ? WHERE seq = -1", (other,))


def _insert(db: Connection, victim: int, rows: int) -> None:
    """A row put in between, well hashed after the one before it, all others moved on."""
    for seq in range(rows, victim - 1, -1):
        db.execute("UPDATE admin_log SET seq = ? WHERE seq = ?", (seq + 1, seq))
    before = db.execute("SELECT hash FROM admin_log WHERE seq = ?", (victim - 1,)).fetchone()
    row = Entry(victim, 1, "forger", "admin", "key.create", "key:x", "{}", b"")
    sealed = row.sealed(bytes(before[0]) if before else bytes(32))
    db.execute(
        "INSERT INTO admin_log VALUES (?, 1, 'forger', 'admin', 'key.create',"
        " 'key:x', '{}', ?)",
        (victim, sealed),
    )


def _append(db: Connection, victim: int, rows: int) -> None:
    """A row put at the end, well hashed, without the head knowing."""
    _insert(db, rows + 1, rows)


def _forget_head(db: Connection, victim: int, rows: int) -> None:
    db.execute("DELETE FROM admin_head")


def _deface_head(db: Connection, victim: int, rows: int) -> None:
    column = ("hash", "seal")[victim % 2]
    db.execute(f"UPDATE admin_head SET {column} = ?", (bytes(32),))  # noqa: S608


Tampering = Callable[[Connection, int, int], None]
TAMPERINGS: list[Tampering] = [
    *(_deface, _delete, _close_gap, _truncate, _truncate_with_head),
    *(_swap, _insert, _append, _forget_head, _deface_head),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rows=st.integers(2, 8),
    victim=st.integers(1, 8),
    tampering=st.sampled_from(TAMPERINGS),
    column=st.sampled_from(["at_us", "actor", "role", "action", "subject", "detail", "hash"]),
)
@pytest.mark.slow
def test_whatever_is_changed_deleted_swapped_cut_off_or_put_in_is_found(
    connection: Connection, rows: int, victim: int, tampering: Tampering, column: str
) -> None:
    """Even by somebody who takes the triggers away first; and the first bad row is named."""
    db, victim = connection, min(victim, rows)
    empty(db)
    write(db, rows)
    assert verify(db).broken == 0
    if tampering is _deface:
        values: dict[str, object] = {"at_us": 1, "hash": bytes(32)}
        update = f"UPDATE admin_log SET {column} = ? WHERE seq = ?"  # noqa: S608
        db.execute(update, (values.get(column, "other"), victim))
    else:
        tampering(db, victim, rows)
    verdict = verify(db)
    firsts: dict[Tampering, int] = {
        _swap: min(victim, victim % rows + 1),
        _insert: victim + 1,  # the row itself is well made: the next one gives it away
        _append: rows + 1,
        _forget_head: rows,
        _deface_head: rows,
        _truncate_with_head: max(1, victim - 1),
    }
    assert verdict.broken == firsts.get(tampering, victim), verdict
    assert verdict.why


def test_a_log_forged_from_the_start_is_found_by_an_anchor_noted_outside(
    connection: Connection,
) -> None:
    write(connection, 3)
    anchor = verify(connection).head
    write(connection, 2)
    assert verify(connection, anchor).broken == 0
    assert verify(connection, Head.parse(str(anchor))).broken == 0
    empty(connection)
    write(connection, 5)
    assert verify(connection).broken == 0  # by itself it is a chain like any other
    assert verify(connection, anchor).broken == 3
    assert verify(connection, Head(9, anchor.hash)).broken == 5


def test_many_at_once_are_told_one_after_the_other(store: Place) -> None:
    """Whatever the store lets happen at once, no row is lost and the chain holds."""

    def work(name: str) -> None:
        with contextlib.closing(connect(store)) as db, acting(Actor(name, "admin")):
            for number in range(5):
                keys.create(db, f"{name} {number}", now_us=1)

    connect(store).close()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, ["a", "b", "c", "d"]))
    with contextlib.closing(connect(store)) as db:
        assert verify(db)[1:] == (0, "")
        rows = entries(db, Wanted())
        assert sorted(row.seq for row in rows) == list(range(1, 21))
        assert {row.actor for row in rows} == {"a", "b", "c", "d"}


@pytest.mark.parametrize("text", ["", "3", "x:00", "3:zz", "-1:" + "00" * 32, "3:00"])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's own
        Head.parse(text)
