"""Administrators' tokens: hashed at rest, told to the log, found by their secret alone."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from headgate.store import admintoken
from headgate.store import tenant as tenants
from headgate.store.adminlog import Wanted, entries, verify
from headgate.store.admintoken import Wish, are_there, find_token, listing
from headgate.store.sqlite import connect
from headgate.store.traits import Conflict, Missing, Mistake

NOW = 1_000_000_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(connect(tmp_path / "headgate.db")) as opened:
        yield opened


def test_only_the_hash_of_a_secret_is_kept_and_only_the_secret_finds_it(
    store: sqlite3.Connection,
) -> None:
    assert not are_there(store)
    made, secret = admintoken.create(store, Wish("ci", "admin"), now_us=NOW)
    assert are_there(store)
    assert find_token(store, secret) == made
    kept = "".join(str(row) for row in store.execute("SELECT * FROM admin_token"))
    assert secret not in kept
    assert str(sha256(secret.encode()).digest()) in kept
    for other in ("", "hga-", secret[:-1], secret + "x", "x" * 1000, "é\udcff"):
        assert find_token(store, other) is None


def test_making_and_revoking_are_told_without_the_secret(store: sqlite3.Connection) -> None:
    made, secret = admintoken.create(store, Wish("ci", "auditor", ("log:read",)), now_us=NOW)
    admintoken.revoke(store, made.id, now_us=NOW)
    rows = entries(store, Wanted())[::-1]
    assert [(row.action, row.subject) for row in rows] == [
        ("token.create", f"token:{made.id}"),
        ("token.revoke", f"token:{made.id}"),
    ]
    assert secret not in "".join(row.detail for row in rows)
    assert "log:read" in rows[0].detail
    assert verify(store).broken == 0


def test_a_token_is_refused_once_it_is_revoked_or_expired(store: sqlite3.Connection) -> None:
    wish = Wish("ci", "admin", (), NOW + 10)
    made, secret = admintoken.create(store, wish, now_us=NOW)
    assert (made.refusal(NOW + 9), made.refusal(NOW + 10)) == ("", "expired")
    admintoken.revoke(store, "ci", now_us=NOW)
    found = find_token(store, secret)
    assert found is not None
    assert found.refusal(NOW) == "revoked"
    with pytest.raises(Missing):
        admintoken.revoke(store, "ci", now_us=NOW)


def test_names_of_organisations_and_teams_become_ids_that_outlast_them(
    store: sqlite3.Connection,
) -> None:
    acme = tenants.create(store, "acme", now_us=NOW)
    search = tenants.create(store, "search", parent="acme", now_us=NOW)
    wish = Wish("m", "member", ("team:acme/search", "organisation:acme", "keys:write"))
    made, _ = admintoken.create(store, wish, now_us=NOW)
    assert made.scopes == (f"team:{search.id}", f"organisation:{acme.id}", "keys:write")
    assert made.warrant().teams == {search.id}
    assert listing(store) == [made]


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        (Wish("", "admin"), Mistake),
        (Wish("oidc:ana", "admin"), Mistake),
        (Wish(" ci", "admin"), Mistake),
        (Wish("x", "owner"), Mistake),  # type: ignore[arg-type]  # what a caller may send
        (Wish("x", "member", ("keys:write",)), Mistake),
        (Wish("x", "admin", ("keys",)), Mistake),
        (Wish("x", "admin", ("",)), Mistake),
        (Wish("x", "admin", ("team:none",)), Missing),
        (Wish("x", "admin", ("keys:read",) * 51), Mistake),
        (Wish("x", "admin", (), NOW), Mistake),
        (Wish("taken", "admin"), Conflict),
    ],
)
def test_a_wish_that_cannot_be_is_refused_and_nothing_is_written(
    store: sqlite3.Connection, wish: Wish, kind: type[Mistake]
) -> None:
    admintoken.create(store, Wish("taken", "auditor"), now_us=NOW)
    with pytest.raises(kind):
        admintoken.create(store, wish, now_us=NOW)
    assert [token.name for token in listing(store)] == ["taken"]
    assert len(entries(store, Wanted())) == 1


def test_a_name_is_free_again_once_its_token_has_ended(store: sqlite3.Connection) -> None:
    first, _ = admintoken.create(store, Wish("ci", "admin", (), NOW + 10), now_us=NOW)
    second, _ = admintoken.create(store, Wish("ci", "admin"), now_us=NOW + 10)
    assert admintoken.living(store, "ci") == second
    assert admintoken.living(store, first.id) == first


def test_every_gateway_on_a_store_signs_with_the_same_key(tmp_path: Path) -> None:
    found = set()
    for _ in range(2):
        with contextlib.closing(connect(tmp_path / "headgate.db")) as store:
            found |= {admintoken.signing_key(store), admintoken.signing_key(store)}
    assert len(found) == 1
    assert len(found.pop()) == 32
