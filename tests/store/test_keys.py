"""Keys: a secret opens the gate until it is revoked or expires, and is never on the disk."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.store import keys
from headgate.store.keys import Key, KeyMistake, Keys
from headgate.store.sqlite import connect

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
def path(tmp_path: Path) -> Path:
    return tmp_path / "headgate.db"


@pytest.fixture
def operator(path: Path) -> Iterator[sqlite3.Connection]:
    """The connection of another process: that of `headgate keys`."""
    connection = connect(path)
    yield connection
    connection.close()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gate(operator: sqlite3.Connection, path: Path, time: Time) -> Iterator[Keys]:
    gate = Keys(path, now_us=time.now_us, clock=time.clock)
    yield gate
    gate.close()


def test_a_secret_is_32_random_bytes_behind_a_prefix(operator: sqlite3.Connection) -> None:
    key, secret = keys.create(operator, "alice", team="search", now_us=NOW)
    assert secret.startswith("hg-")
    assert len(base64.urlsafe_b64decode(secret[3:] + "=")) == 32
    assert key == Key(key.id, "alice", "search", secret[-4:], NOW)
    assert key.id.startswith("k_")


def test_the_secret_is_nowhere_on_the_disk(operator: sqlite3.Connection, path: Path) -> None:
    _, secret = keys.create(operator, "alice", now_us=NOW)
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    assert sha256(secret.encode()).digest() in stored
    assert secret.encode() not in stored
    assert secret[3:20].encode() not in stored


def test_a_key_is_found_by_its_secret_as_text_or_bytes(
    operator: sqlite3.Connection, gate: Keys
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
    operator: sqlite3.Connection, gate: Keys, monkeypatch: pytest.MonkeyPatch
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


def test_a_new_key_works_at_its_first_use(operator: sqlite3.Connection, gate: Keys) -> None:
    assert not gate.defined
    key, secret = keys.create(operator, "alice", now_us=NOW)
    assert gate.find(secret) == key
    assert gate.defined


def test_unknown_secrets_cause_one_look_per_second(
    operator: sqlite3.Connection, gate: Keys, time: Time, monkeypatch: pytest.MonkeyPatch
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
    operator: sqlite3.Connection, gate: Keys
) -> None:
    key, secret = keys.create(operator, "alice", now_us=NOW)
    assert gate.find(secret) == key
    keys.revoke(operator, "alice", now_us=NOW + 1)
    assert gate.refresh()
    assert gate.find(secret) is None
    assert gate.refusal(secret) == "revoked"
    assert gate.defined


def test_a_key_ends_at_its_moment_without_a_refresh(
    operator: sqlite3.Connection, gate: Keys, time: Time
) -> None:
    _, secret = keys.create(operator, "alice", expires_us=NOW + 2_000_000, now_us=NOW)
    time.s = 1.9
    assert gate.find(secret)
    time.s = 2.0
    assert gate.find(secret) is None
    assert gate.refusal(secret) == "expired"


def test_rows_of_the_ledger_do_not_make_the_keys_be_read_again(
    operator: sqlite3.Connection, gate: Keys
) -> None:
    keys.create(operator, "alice", now_us=NOW)
    assert gate.refresh()
    operator.execute("INSERT INTO owner (lock, pid, started_us, batch) VALUES ('', 1, 1, 1)")
    assert not gate.refresh()


def test_keys_that_cannot_be_read_stay_as_they_were(
    operator: sqlite3.Connection, gate: Keys
) -> None:
    key, secret = keys.create(operator, "alice", now_us=NOW)
    gate.refresh()
    operator.execute("ALTER TABLE meta RENAME TO lost")
    assert not gate.refresh()
    assert "cannot be used" in gate.trouble
    assert gate.find(secret) == key
    operator.execute("ALTER TABLE lost RENAME TO meta")
    gate.refresh()
    assert gate.trouble == ""


def test_two_living_keys_cannot_share_a_name(operator: sqlite3.Connection) -> None:
    keys.create(operator, "alice", now_us=NOW)
    with pytest.raises(KeyMistake, match="already"):
        keys.create(operator, "alice", now_us=NOW)
    keys.revoke(operator, "alice", now_us=NOW)
    keys.create(operator, "alice", now_us=NOW)
    assert len(keys.listing(operator)) == 2


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101, "bell\a"])
def test_a_name_must_be_readable(operator: sqlite3.Connection, name: str) -> None:
    with pytest.raises(KeyMistake, match="printable"):
        keys.create(operator, name, now_us=NOW)


def test_a_key_cannot_be_created_expired(operator: sqlite3.Connection) -> None:
    with pytest.raises(KeyMistake, match="expired already"):
        keys.create(operator, "alice", expires_us=NOW, now_us=NOW)


def test_a_mistyped_name_is_answered_with_those_there_are(operator: sqlite3.Connection) -> None:
    key, _ = keys.create(operator, "alice", now_us=NOW)
    with pytest.raises(KeyMistake) as caught:
        keys.revoke(operator, "alcie", now_us=NOW)
    assert caught.value.hint == f"there are: alice ({key.id})"


def test_a_key_can_be_revoked_by_its_id_once(operator: sqlite3.Connection) -> None:
    key, _ = keys.create(operator, "alice", now_us=NOW)
    assert keys.revoke(operator, key.id, now_us=NOW) == key
    with pytest.raises(KeyMistake):
        keys.revoke(operator, key.id, now_us=NOW)
