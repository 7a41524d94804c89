"""Claims are kept once each, and stay as they are once somebody acts on them."""

from __future__ import annotations

from headgate.store.claim import Claim, apply, every, find, keep, withdraw
from headgate.store.place import Place
from headgate.store.sql import Connection
from headgate.store.upgrade import upgrade

ONE = Claim("0a1b2c3d", "no_caching", "key ci", 1_000, 5_000, None, "{}")
OTHER = Claim("0a99ffff", "batchable", "key nightly", 1_000, 9_000, None, "{}")


def test_the_latest_audit_says_what_is_claimed_until_it_is_applied(
    store: Place, connection: Connection
) -> None:
    upgrade(store)
    keep(connection, [ONE, OTHER])
    newer = ONE._replace(at_us=2_000, claimed_nusd=6_000)
    keep(connection, [newer])
    assert every(connection) == [OTHER, newer]
    acted = newer._replace(applied_us=3_000, detail='{"before": 1}')
    apply(connection, acted)
    keep(connection, [ONE._replace(at_us=4_000, claimed_nusd=1)])
    assert every(connection) == [acted, OTHER]
    withdraw(connection, ONE.id)
    keep(connection, [ONE])
    assert find(connection, ONE.id) == [ONE]


def test_a_claim_is_found_by_the_beginning_of_its_id(
    store: Place, connection: Connection
) -> None:
    upgrade(store)
    keep(connection, [ONE, OTHER])
    assert find(connection, "0a1") == [ONE]
    assert find(connection, "0a") == [OTHER, ONE]
    assert find(connection, "ff") == []
