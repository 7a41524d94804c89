"""Virtual keys: who may call. Creates and revokes them, and answers for each call whose it is.

Rule 1: a secret is shown once and never stored; the store holds its SHA-256 and last four.
Rule 2: a hit and a miss cost the same: one hash, one look-up.
Rule 3: what another process created or revoked is known here after the next refresh().
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from headgate.store.sqlite import StoreError, connect, explain

PREFIX = "hg-"
LONGEST = 256
"""A longer secret is none of ours, and is not worth hashing."""
MISS_S = 1.0
"""How often, at most, an unknown secret makes us look for new keys."""


@dataclass(frozen=True, slots=True)
class Key:
    """A virtual key, without its secret."""

    id: str
    name: str
    team: str | None
    last4: str
    created_us: int
    expires_us: int | None = None
    revoked_us: int | None = None

    def refusal(self, now_us: int) -> str:
        """Why this key does not open the gate; empty: it does."""
        if self.revoked_us is not None:
            return "revoked"
        if self.expires_us is not None and self.expires_us <= now_us:
            return "expired"
        return ""


class KeyMistake(Exception):
    """What was asked about a key cannot be done: why, and what can."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


_COLUMNS = "id, name, team, last4, created_us, expires_us, revoked_us"


def create(
    connection: sqlite3.Connection,
    name: str,
    *,
    team: str | None = None,
    expires_us: int | None = None,
    now_us: int,
) -> tuple[Key, str]:
    """A new key and its secret, which exists nowhere else."""
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise KeyMistake("a key needs a name of 1 to 100 printable characters")
    if expires_us is not None and expires_us <= now_us:
        raise KeyMistake("the key would be expired already")
    secret = PREFIX + secrets.token_urlsafe(32)
    key = Key("k_" + secrets.token_hex(5), name, team, secret[-4:], now_us, expires_us)
    with _change(connection):
        if any(
            other.name == name and not other.refusal(now_us) for other in listing(connection)
        ):
            raise KeyMistake(
                f"there is a living key named {name!r} already",
                "choose another name, or revoke that key first",
            )
        connection.execute(
            f'INSERT INTO "key" ({_COLUMNS}, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',  # noqa: S608 - constant text
            (key.id, name, team, key.last4, now_us, expires_us, None, _hash(secret)),
        )
    return key, secret


def revoke(connection: sqlite3.Connection, id_or_name: str, *, now_us: int) -> Key:
    """Close a key for good; running calls finish, new ones are refused."""
    with _change(connection):
        living = [key for key in listing(connection) if key.revoked_us is None]
        found = [key for key in living if key.id == id_or_name]
        found = found or [key for key in living if key.name == id_or_name]
        if not found:
            known = ", ".join(f"{key.name} ({key.id})" for key in living) or "none"
            raise KeyMistake(f"no living key is named {id_or_name!r}", f"there are: {known}")
        if len(found) > 1:
            ids = ", ".join(key.id for key in found)
            raise KeyMistake(f"several keys are named {id_or_name!r}", f"use an id: {ids}")
        connection.execute(
            'UPDATE "key" SET revoked_us = ? WHERE id = ?', (now_us, found[0].id)
        )
    return found[0]


def listing(connection: sqlite3.Connection) -> list[Key]:
    """Every key ever created, oldest first."""
    rows = connection.execute(
        f'SELECT {_COLUMNS} FROM "key" ORDER BY created_us, id'  # noqa: S608 - constant text
    )
    return [Key(*row) for row in rows]


class _change:
    """A transaction that also tells every gateway on this file that the keys changed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.execute(
                "UPDATE meta SET value = value + 1 WHERE name = 'keys_version'"
            )
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _hash(secret: bytes | str) -> bytes:
    if isinstance(secret, str):
        secret = secret.encode("utf-8", "replace")
    return sha256(secret).digest()


class Keys:
    """The gateway's view of all keys, in memory; one connection, used by one thread."""

    def __init__(
        self,
        path: Path,
        *,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.defined = False
        """Was any key ever created; if not, the gateway asks for none and stays on loopback."""
        self.edition = 0
        """Grows with every change of a key that is taken in here."""
        self.trouble = ""
        """Why the keys could not be read the last time; empty: they could."""
        self._path = path
        self._now_us = now_us
        self._clock = clock
        self._by_hash: dict[bytes, Key] = {}
        self._seen_data = -1
        self._seen_keys = -1
        self._look_again = 0.0
        self._connection = connect(path)
        self.refresh()
        if self.trouble:
            self._connection.close()
            raise StoreError(self.trouble)

    def find(self, secret: bytes | str) -> Key | None:
        """The living key behind a secret."""
        if len(secret) > LONGEST:
            return None
        if isinstance(secret, str):
            secret = secret.encode("utf-8", "replace")
        digest = sha256(secret).digest()
        key = self._by_hash.get(digest)
        if key is None:
            now = self._clock()
            if now < self._look_again:
                return None
            self._look_again = now + MISS_S
            self.refresh()
            key = self._by_hash.get(digest)
            if key is None:
                return None
        if key.revoked_us is None and key.expires_us is None:
            return key
        return None if key.refusal(self._now_us()) else key

    def still(self, key: Key | None, edition: int) -> bool:
        """Would find() answer again what it answered at that edition."""
        if edition != self.edition:
            return False
        return key is None or key.expires_us is None or not key.refusal(self._now_us())

    def refusal(self, secret: bytes | str) -> str:
        """Why find() knows no living key for it: unknown, revoked or expired."""
        key = None if len(secret) > LONGEST else self._by_hash.get(_hash(secret))
        return "unknown" if key is None else key.refusal(self._now_us())

    def refresh(self) -> bool:
        """Take in what other processes changed; did anything. Cheap when nothing did.

        A store that cannot be read leaves the keys as they were: see `trouble`.
        """
        try:
            data = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if data == self._seen_data:
                return False
            # Every ledger commit moves data_version; only a change of keys moves this one.
            version = self._connection.execute(
                "SELECT value FROM meta WHERE name = 'keys_version'"
            ).fetchone()[0]
            changed: bool = version != self._seen_keys
            if changed:
                rows = self._connection.execute(f'SELECT hash, {_COLUMNS} FROM "key"')  # noqa: S608 - constant text
                self._by_hash = {row[0]: Key(*row[1:]) for row in rows}
                self.defined = bool(self._by_hash)
                self.edition += 1
        except sqlite3.Error as error:
            self.trouble = str(explain(error, self._path))
            return False
        self._seen_data, self._seen_keys, self.trouble = data, version, ""
        return changed

    def close(self) -> None:
        self._connection.close()
