"""Keys: a secret opens the gate until it is revoked or expires, and is never on the disk."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policy.permit import Permit
from headgate.store import keys
from headgate.store import tenant as tenants
from headgate.store.keys import ENDED_KEPT, Key, Keys
from headgate.store.place import Place, connect
from headgate.store.schema import migrate
from headgate.store.sql import Connection
from headgate.store.tenant import ORGANISATION, TEAM
from headgate.store.traits import Changes, Mistake

NOW = 1_763_720_000_000_000


class Time:
    """A clock for both kinds of time, moved by the test."""

    def __init__(self) -> None:
        self.s = 0.0

    def now_us(self) -> int:
        return NOW + int(self.s * 1_000_000)

    def clock(self) -> float:
        return self.s


@pytest.fixture
def operator(store: Place) -> Iterator[Connection]:
    """The connection of another process: that of `headgate keys`."""
    connection = connect(store)
    yield connection
    connection.close()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gate(operator: Connection, store: Place, time: Time) -> Iterator[Keys]:
    gate = Keys(store, now_us=time.now_us, clock=time.clock)
    gate.is_near = True  # no loop is kept waiting here, so both kinds keep the same promises
    yield gate
    gate.close()


def test_a_secret_is_32_random_bytes_behind_a_prefix(operator: Connection) -> None:
    key, secret = keys.create(operator, "alice", now_us=NOW)
    assert secret.startswith("hg-")
    assert len(base64.urlsafe_b64decode(secret[3:] + "=")) == 32
    assert key == Key(key.id, "alice", key.team, secret[-4:], NOW)
    assert key.team.label == "default/default"
    assert key.id.startswith("k_")


def test_the_secret_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    with contextlib.closing(connect(tmp_path / "headgate.db")) as operator:
        _, secret = keys.create(operator, "alice", now_us=NOW)
        stored = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert sha256(secret.encode()).digest() in stored
    assert secret.encode() not in stored
    assert secret[3:20].encode() not in stored


def test_a_key_is_found_by_its_secret_as_text_or_bytes(
    operator: Connection, gate: Keys
) -> None:
    key, secret = keys.create(operator, "alice", now_us=NOW)
    assert gate.find(secret) == key
    assert gate.find(secret.encode()) == key


@given(st.text() | st.binary())
@settings(max_examples=50)
def test_anything_else_opens_nothing(guess: str | bytes) -> None:
    gate = Keys.__new__(Keys)
    gate._by_hash, gate._look_again, gate._clock = {}, 1.0, lambda: 0.0
    assert gate.find(guess) is None
    assert gate.refusal(guess) == "unknown"


def test_a_hit_and_a_miss_hash_once_and_look_up_once(
    operator: Connection, gate: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = keys.create(operator, "alice", now_us=NOW)
    gate.find(secret)
    hashed: list[bytes] = []

    def counted(data: bytes) -> object:
        hashed.append(data)
        return sha256(data)

    monkeypatch.setattr(keys, "sha256", counted)
    gate.find(secret)
    gate.find("hg-" + "x" * 43)
    assert [len(data) for data in hashed] == [46, 46]


def test_a_new_key_works_at_its_first_use(operator: Connection, gate: Keys) -> None:
    assert not gate.defined
    key, secret = keys.create(operator, "alice", now_us=NOW)
    assert gate.find(secret) == key
    assert gate.defined


def test_no_call_waits_for_a_server_because_its_key_is_unknown(
    server_store: Place, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        contextlib.closing(connect(server_store)) as operator,
        contextlib.closing(Keys(server_store, now_us=time.now_us, clock=time.clock)) as gate,
    ):
        key, secret = keys.create(operator, "alice", now_us=NOW)
        assert not gate.is_near
        with monkeypatch.context() as patch:
            patch.setattr(gate, "look", lambda: pytest.fail("a call waited"))
            assert gate.find(secret) is None
        seen = gate.look()  # in a thread of its own, ten times a second
        assert gate.take(seen)
        assert gate.find(secret) == key


def test_unknown_secrets_cause_one_look_per_second(
    operator: Connection, gate: Keys, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    refresh = gate.refresh

    def counted() -> bool:
        nonlocal looks
        looks += 1
        return refresh()

    monkeypatch.setattr(gate, "refresh", counted)
    for _ in range(100):
        gate.find("hg-wrong")
    assert looks == 1
    time.s = 1.0
    gate.find("hg-wrong")
    assert looks == 2


def test_a_revoked_key_is_refused_after_the_next_refresh(
    operator: Connection, gate: Keys
) -> None:
    key, secret = keys.create(operator, "alice", now_us=NOW)
    assert gate.find(secret) == key
    keys.revoke(operator, "alice", now_us=NOW + 1)
    assert gate.refresh()
    assert gate.find(secret) is None
    assert gate.refusal(secret) == "revoked"
    assert gate.defined


def test_a_key_ends_at_its_moment_without_a_refresh(
    operator: Connection, gate: Keys, time: Time
) -> None:
    _, secret = keys.create(
        operator, "alice", changes=Changes(expires_us=NOW + 2_000_000), now_us=NOW
    )
    time.s = 1.9
    assert gate.find(secret)
    time.s = 2.0
    assert gate.find(secret) is None
    assert gate.refusal(secret) == "expired"


def test_rows_of_the_ledger_do_not_make_the_keys_be_read_again(
    operator: Connection, gate: Keys
) -> None:
    keys.create(operator, "alice", now_us=NOW)
    assert gate.refresh()
    operator.execute("INSERT INTO owner (lock, pid, started_us, batch) VALUES ('', 1, 1, 1)")
    assert not gate.refresh()


def test_keys_that_cannot_be_read_stay_as_they_were(operator: Connection, gate: Keys) -> None:
    key, secret = keys.create(operator, "alice", now_us=NOW)
    gate.refresh()
    operator.execute("ALTER TABLE meta RENAME TO lost")
    assert not gate.refresh()
    assert "cannot be used" in gate.trouble
    assert gate.find(secret) == key
    operator.execute("ALTER TABLE lost RENAME TO meta")
    gate.refresh()
    assert gate.trouble == ""


def test_two_living_keys_cannot_share_a_name(operator: Connection) -> None:
    keys.create(operator, "alice", now_us=NOW)
    with pytest.raises(Mistake, match="already"):
        keys.create(operator, "alice", now_us=NOW)
    keys.revoke(operator, "alice", now_us=NOW)
    keys.create(operator, "alice", now_us=NOW)
    assert len(keys.listing(operator)) == 2


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101, "bell\a"])
def test_a_name_must_be_readable(operator: Connection, name: str) -> None:
    with pytest.raises(Mistake, match="printable"):
        keys.create(operator, name, now_us=NOW)


def test_a_key_cannot_be_created_expired(operator: Connection) -> None:
    with pytest.raises(Mistake, match="expired already"):
        keys.create(operator, "alice", changes=Changes(expires_us=NOW), now_us=NOW)


def test_a_mistyped_name_is_answered_with_those_there_are(operator: Connection) -> None:
    keys.create(operator, "alice", now_us=NOW)
    with pytest.raises(Mistake) as caught:
        keys.revoke(operator, "alcie", now_us=NOW)
    assert caught.value.hint == "did you mean 'alice'?"
    with pytest.raises(Mistake) as caught:
        keys.revoke(operator, "zzz", now_us=NOW)
    assert caught.value.hint == "there are: alice"


def test_a_key_can_be_revoked_by_its_id_once(operator: Connection) -> None:
    key, _ = keys.create(operator, "alice", now_us=NOW)
    assert keys.revoke(operator, key.id, now_us=NOW) == key
    with pytest.raises(Mistake):
        keys.revoke(operator, key.id, now_us=NOW)


# ---- rotation


HOUR = 3_600_000_000


def live(connection: Connection, key: Key, now_us: int) -> list[str]:
    return [each.last4 for each in keys.secrets_of(connection, key.id) if each.is_live(now_us)]


def test_both_secrets_work_during_the_overlap_and_then_the_old_one_ends_by_itself(
    operator: Connection, gate: Keys, time: Time
) -> None:
    key, old = keys.create(operator, "alice", now_us=NOW)
    again, new = keys.rotate(operator, "alice", overlap_us=2_000_000, now_us=NOW)
    assert (again.id, again.last4) == (key.id, new[-4:])
    gate.refresh()
    first, second = gate.find(old), gate.find(new)
    assert first is not None
    assert second is not None
    assert first.id == second.id
    edition = gate.edition
    assert gate.still(first, edition)
    time.s = 2.0
    assert not gate.still(first, edition)
    assert gate.still(second, edition)
    assert gate.find(old) is None
    assert gate.refusal(old) == "replaced"
    assert gate.find(new) is not None


def test_revoking_ends_both_secrets_at_once(operator: Connection, gate: Keys) -> None:
    _, old = keys.create(operator, "alice", now_us=NOW)
    _, new = keys.rotate(operator, "alice", overlap_us=HOUR, now_us=NOW)
    keys.revoke(operator, "alice", now_us=NOW)
    gate.refresh()
    assert [gate.refusal(secret) for secret in (old, new)] == ["revoked", "revoked"]


def test_a_third_secret_is_refused_with_the_way_out(operator: Connection) -> None:
    key, old = keys.create(operator, "alice", now_us=NOW)
    keys.rotate(operator, "alice", overlap_us=HOUR, now_us=NOW)
    with pytest.raises(Mistake, match=f"ends with {old[-4:]} still works") as caught:
        keys.rotate(operator, "alice", overlap_us=HOUR, now_us=NOW + 1)
    assert "--overlap 0h" in caught.value.hint
    _, last = keys.rotate(operator, "alice", overlap_us=0, now_us=NOW + 1)
    assert live(operator, key, NOW + 1) == [last[-4:]]


@pytest.mark.parametrize("overlap_us", [-1, 91 * 24 * HOUR])
def test_an_overlap_is_bounded(operator: Connection, overlap_us: int) -> None:
    keys.create(operator, "alice", now_us=NOW)
    with pytest.raises(Mistake, match="0 hours to 90 days"):
        keys.rotate(operator, "alice", overlap_us=overlap_us, now_us=NOW)


def test_a_clock_that_was_set_back_confuses_no_rotation(operator: Connection) -> None:
    key, _ = keys.create(operator, "alice", now_us=NOW)
    _, new = keys.rotate(operator, "alice", overlap_us=0, now_us=NOW - 9 * HOUR)
    assert keys.living(operator, "alice").last4 == new[-4:]
    _, last = keys.rotate(operator, "alice", overlap_us=0, now_us=NOW - 18 * HOUR)
    assert live(operator, key, NOW) == [last[-4:]]


def test_a_key_that_opens_nothing_is_not_rotated(operator: Connection) -> None:
    keys.create(operator, "alice", changes=Changes(expires_us=NOW + 1), now_us=NOW)
    with pytest.raises(Mistake, match="is expired"):
        keys.rotate(operator, "alice", overlap_us=HOUR, now_us=NOW + 1)


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=14))
@settings(max_examples=60)
def test_rotation_never_leaves_zero_or_three_live_secrets(steps: list[tuple[int, int]]) -> None:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        key, _ = keys.create(connection, "alice", now_us=NOW)
        now = NOW
        for wait, overlap in steps:
            now += wait * HOUR
            with contextlib.suppress(Mistake):
                keys.rotate(connection, "alice", overlap_us=overlap * HOUR, now_us=now)
            kept = keys.secrets_of(connection, key.id)
            for moment in (now, now + HOUR, now + 9 * HOUR):
                assert 1 <= len(live(connection, key, moment)) <= 2
            assert [each.ends_us for each in kept].count(None) == 1
            assert len(kept) <= ENDED_KEPT + 2


# ---- last use


def test_the_day_of_last_use_is_noted_once_a_day_and_wakes_no_gateway(
    operator: Connection, gate: Keys, time: Time, store: Place
) -> None:
    key, secret = keys.create(operator, "alice", now_us=NOW)
    gate.find(secret)
    today = NOW // keys.DAY_US
    used = gate.used()
    assert [day for day, _ in used] == [today]
    keys.stamp(store, used)
    gate.stamped(used)
    assert [each.used_day for each in keys.secrets_of(operator, key.id)] == [today]
    assert not gate.refresh()
    gate.find(secret)
    assert gate.used() == []
    edition = gate.edition
    time.s = 86_400.0
    gate.refresh()
    assert gate.edition == edition + 1  # so that connections that stay open are seen in use
    gate.find(secret)
    assert [day for day, _ in gate.used()] == [today + 1]


def test_a_stamp_that_comes_late_does_not_turn_the_day_back(
    operator: Connection, gate: Keys, store: Place
) -> None:
    key, secret = keys.create(operator, "alice", now_us=NOW)
    gate.find(secret)
    ((day, digest),) = gate.used()
    keys.stamp(store, [(day, digest)])
    keys.stamp(store, [(day - 3, digest)])
    assert keys.secrets_of(operator, key.id)[0].used_day == day


# ---- teams


def test_a_key_is_charged_and_tagged_as_its_levels_say_the_nearest_first(
    operator: Connection, gate: Keys
) -> None:
    given = Changes(cost_centre="org", tags=("o=1", "x"))
    tenants.create(operator, "acme", changes=given, now_us=NOW)
    tenants.create(operator, "search", parent="acme", changes=Changes(tags=("x",)), now_us=NOW)
    own = Changes(tags=("k=1",), models=("claude-*",))
    _, secret = keys.create(operator, "alice", team="search", changes=own, now_us=NOW)
    holder = gate.holder(gate.find(secret))
    assert holder[1:5] == ("acme", "search", "org", "k=1,x,o=1")
    assert holder.refusal is not None
    assert holder.refusal("gpt-6", "chat")
    tenants.update(operator, TEAM, "search", Changes(cost_centre="team"))
    gate.refresh()
    assert gate.holder(gate.find(secret)).cost_centre == "team"
    keys.update(operator, "alice", Changes(cost_centre="key", models=()), now_us=NOW)
    gate.refresh()
    holder = gate.holder(gate.find(secret))
    assert (holder.cost_centre, holder.refusal) == ("key", None)


def test_a_key_without_a_team_belongs_to_the_default_one(
    operator: Connection, gate: Keys
) -> None:
    _, secret = keys.create(operator, "alice", now_us=NOW)
    holder = gate.holder(gate.find(secret))
    assert holder[1:6] == ("default", "default", "", "", None)
    assert holder.accounts == (
        "organisation:o_default",
        "team:t_default",
        f"key:{holder.key_id}",
    )
    assert holder.caps == ()


@pytest.mark.parametrize(("level", "name"), [(TEAM, "search"), (ORGANISATION, "acme")])
def test_archiving_closes_every_key_below_and_restoring_opens_them(
    operator: Connection, gate: Keys, level: str, name: str
) -> None:
    tenants.create(operator, "acme", now_us=NOW)
    tenants.create(operator, "search", parent="acme", now_us=NOW)
    _, secret = keys.create(operator, "alice", team="search", now_us=NOW)
    tenants.archive(operator, level, name, now_us=NOW)
    gate.refresh()
    assert gate.find(secret) is None
    assert gate.refusal(secret) == "archived"
    with pytest.raises(Mistake, match=f"{level} '{name}' is archived") as caught:
        keys.create(operator, "bob", team="search", now_us=NOW)
    assert f"archive --undo {name}" in caught.value.hint
    tenants.archive(operator, level, name, now_us=None)
    gate.refresh()
    assert gate.find(secret) is not None


def test_a_key_cannot_be_given_more_than_its_team_allows(operator: Connection) -> None:
    given = Changes(models=("claude-*",), surfaces=("messages",))
    tenants.create(operator, "search", parent="default", changes=given, now_us=NOW)
    wide = Changes(models=("claude-haiku-*", "gpt-*"))
    with pytest.raises(Mistake, match=r"team 'search' does not allow the model 'gpt-\*'"):
        keys.create(operator, "a", team="search", changes=wide, now_us=NOW)
    keys.create(operator, "a", team="search", now_us=NOW)
    with pytest.raises(Mistake, match="does not allow the surface 'chat'") as caught:
        keys.update(operator, "a", Changes(surfaces=("chat",)), now_us=NOW)
    assert caught.value.hint == "it allows: messages"


def test_a_team_that_does_not_exist_is_answered_with_what_was_meant(
    operator: Connection,
) -> None:
    tenants.create(operator, "search", parent="default", now_us=NOW)
    with pytest.raises(Mistake, match="no team named 'serach'") as caught:
        keys.create(operator, "a", team="serach", now_us=NOW)
    assert "did you mean 'search'?" in caught.value.hint
    assert "headgate teams create" in caught.value.hint
    assert keys.listing(operator) == []


def test_of_many_who_rotate_at_once_one_succeeds(operator: Connection, store: Place) -> None:
    key, _ = keys.create(operator, "alice", now_us=NOW)

    def rotate(_: int) -> int:
        with contextlib.closing(connect(store)) as connection:
            try:
                keys.rotate(connection, "alice", overlap_us=HOUR, now_us=NOW)
            except Mistake:
                return 0
            return 1

    with ThreadPoolExecutor(4) as racers:
        assert sum(racers.map(rotate, range(4))) == 1
    assert len(live(operator, key, NOW)) == 2


PATTERNS = st.none() | st.lists(st.text("ab*", min_size=1, max_size=3), max_size=2).map(tuple)


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["acme", "search", "alice"]), PATTERNS), max_size=8))
@settings(max_examples=60)
def test_after_any_changes_no_key_may_what_its_team_or_organisation_may_not(
    steps: list[tuple[str, tuple[str, ...] | None]],
) -> None:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        tenants.create(connection, "acme", now_us=NOW)
        tenants.create(connection, "search", parent="acme", now_us=NOW)
        keys.create(connection, "alice", team="search", now_us=NOW)
        for name, models in steps:
            with contextlib.suppress(Mistake):
                if name == "alice":
                    keys.update(connection, name, Changes(models=models), now_us=NOW)
                else:
                    level = ORGANISATION if name == "acme" else TEAM
                    tenants.update(connection, level, name, Changes(models=models))
        key = keys.living(connection, "alice")
        assert key.team.organisation is not None
        may, above = Permit(key.grants()), [key.team, key.team.organisation]
        for model in ("a", "b", "ab", "ba", "aab", "abb", "bab"):
            if may.allows(model):
                assert all(Permit(tenant.grants()).allows(model) for tenant in above)
