"""Administrators' tokens: hashed at rest, told to the log, found by their secret alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from hashlib import sha256

import pytest

from headgate.store import admintoken
from headgate.store import tenant as tenants
from headgate.store.adminlog import Wanted, entries, verify
from headgate.store.admintoken import Wish, are_there, find_token, listing
from headgate.store.place import Place, connect
from headgate.store.sql import Connection
from headgate.store.traits import Conflict, Missing, Mistake

NOW = 1_000_000_000_000_000


@pytest.fixture
def held(store: Place) -> Iterator[Connection]:
    with contextlib.closing(connect(store)) as opened:
        yield opened


def test_only_the_hash_of_a_secret_is_kept_and_only_the_secret_finds_it(
    held: Connection,
) -> None:
    assert not are_there(held)
    made, secret = admintoken.create(held, Wish("ci", "admin"), now_us=NOW)
    assert are_there(held)
    assert find_token(held, secret) == made
    (row,) = held.execute("SELECT hash, id, name, role, scopes, last4 FROM admin_token")
    assert bytes(row[0]) == sha256(secret.encode()).digest()
    assert secret not in str(row)
    for other in ("", "hga-", secret[:-1], secret + "x", "x" * 1000, "é\udcff"):
        assert find_token(held, other) is None


def test_making_and_revoking_are_told_without_the_secret(held: Connection) -> None:
    made, secret = admintoken.create(held, Wish("ci", "auditor", ("log:read",)), now_us=NOW)
    admintoken.revoke(held, made.id, now_us=NOW)
    rows = entries(held, Wanted())[::-1]
    assert [(row.action, row.subject) for row in rows] == [
        ("token.create", f"token:{made.id}"),
        ("token.revoke", f"token:{made.id}"),
    ]
    assert secret not in "".join(row.detail for row in rows)
    assert "log:read" in rows[0].detail
    assert verify(held).broken == 0


def test_a_token_is_refused_once_it_is_revoked_or_expired(held: Connection) -> None:
    wish = Wish("ci", "admin", (), NOW + 10)
    made, secret = admintoken.create(held, wish, now_us=NOW)
    assert (made.refusal(NOW + 9), made.refusal(NOW + 10)) == ("", "expired")
    admintoken.revoke(held, "ci", now_us=NOW)
    found = find_token(held, secret)
    assert found is not None
    assert found.refusal(NOW) == "revoked"
    with pytest.raises(Missing):
        admintoken.revoke(held, "ci", now_us=NOW)


def test_names_of_organisations_and_teams_become_ids_that_outlast_them(
    held: Connection,
) -> None:
    acme = tenants.create(held, "acme", now_us=NOW)
    search = tenants.create(held, "search", parent="acme", now_us=NOW)
    wish = Wish("m", "member", ("team:acme/search", "organisation:acme", "keys:write"))
    made, _ = admintoken.create(held, wish, now_us=NOW)
    assert made.scopes == (f"team:{search.id}", f"organisation:{acme.id}", "keys:write")
    assert made.warrant().teams == {search.id}
    assert listing(held) == [made]


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
    held: Connection, wish: Wish, kind: type[Mistake]
) -> None:
    admintoken.create(held, Wish("taken", "auditor"), now_us=NOW)
    with pytest.raises(kind):
        admintoken.create(held, wish, now_us=NOW)
    assert [token.name for token in listing(held)] == ["taken"]
    assert len(entries(held, Wanted())) == 1


def test_a_name_is_free_again_once_its_token_has_ended(held: Connection) -> None:
    first, _ = admintoken.create(held, Wish("ci", "admin", (), NOW + 10), now_us=NOW)
    second, _ = admintoken.create(held, Wish("ci", "admin"), now_us=NOW + 10)
    assert admintoken.living(held, "ci") == second
    assert admintoken.living(held, first.id) == first


def test_every_gateway_on_a_store_signs_with_the_same_key(store: Place) -> None:
    found = set()
    for _ in range(2):
        with contextlib.closing(connect(store)) as held:
            found |= {admintoken.signing_key(held), admintoken.signing_key(held)}
    assert len(found) == 1
    assert len(found.pop()) == 32
