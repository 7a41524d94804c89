"""Virtual keys: who may call. Creates, rotates and revokes them, and answers for each call
whose it is.

Rule 1: a secret is shown once and never stored; the store holds its SHA-256 and last four.
Rule 2: a hit and a miss cost the same: one hash, one look-up.
Rule 3: what another process created or changed is known here after the next refresh(); a key
that is asked for and not known yet causes one, where the store is near.
Rule 4: a key has one secret that lasts, and while it is rotated one more that will end.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from headgate.policy.cap import NO_CAPS
from headgate.policy.permit import Grant, Permit
from headgate.store.place import Place, connect, explain
from headgate.store.schema import DEFAULT_TEAM
from headgate.store.sql import ERRORS, Connection, StoreError, transaction
from headgate.store.tenant import TEAM, Tenant, change, check_open, everyone, find, meant
from headgate.store.traits import (
    COLUMNS,
    NONE,
    SAME,
    Changes,
    Conflict,
    Missing,
    Mistake,
    Traits,
    check_name,
    check_narrower,
    read,
    stored,
)
from headgate.store.watch import Watch
from headgate.wire.call import NOBODY, Capped, Holder

PREFIX = "hg-"
LONGEST = 256
"""A longer secret is none of ours, and is not worth hashing."""
MISS_S = 1.0
"""How often, at most, an unknown secret makes us look for new keys."""
LONGEST_OVERLAP_US = 90 * 86_400_000_000
ENDED_KEPT = 4
"""secrets that have ended are kept to be told apart from unknown ones, the last few of a key"""
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Key:
    """A virtual key as one of its secrets opens it, without that secret."""

    id: str
    name: str
    team: Tenant
    last4: str
    created_us: int
    expires_us: int | None = None
    revoked_us: int | None = None
    traits: Traits = NONE
    ends_us: int | None = None
    """when this secret ends, which another has replaced; None: it is the lasting one"""

    def refusal(self, now_us: int) -> str:
        """Why this secret does not open the gate; empty: it does."""
        if self.revoked_us is not None:
            return "revoked"
        if self.expires_us is not None and self.expires_us <= now_us:
            return "expired"
        if self.ends_us is not None and self.ends_us <= now_us:
            return "replaced"
        return "archived" if self.team.archived() else ""

    def levels(self) -> list[tuple[str, str, Traits]]:
        """(level, name, traits) from the key up."""
        found = [("key", self.name, self.traits)]
        tenant: Tenant | None = self.team
        while tenant is not None:
            found.append((tenant.level, tenant.name, tenant.traits))
            tenant = tenant.organisation
        return found

    def cost_centre(self) -> str:
        """The key's own, else its team's, else its organisation's."""
        return next((t.cost_centre for _, _, t in self.levels() if t.cost_centre), "")

    def prompt_cache(self) -> str:
        """What the key says of the prompt cache, else its team, else its organisation."""
        return next((t.prompt_cache for _, _, t in self.levels() if t.prompt_cache), "")

    def tags(self) -> tuple[str, ...]:
        """The key's own, then its team's and its organisation's."""
        return tuple(dict.fromkeys(tag for _, _, t in self.levels() for tag in t.tags))

    def grants(self) -> list[Grant]:
        return [*self.team.grants(), self.traits.grant("key", self.name)]

    def accounts(self) -> tuple[str, ...]:
        """What calls with it count against, from the organisation down."""
        found = [f"key:{self.id}", f"team:{self.team.id}"]
        if self.team.organisation is not None:
            found.append(f"organisation:{self.team.organisation.id}")
        return (*reversed(found), *(f"tag:{tag}" for tag in self.tags()))

    def capped(self) -> tuple[Capped, ...]:
        """Those of its levels that have limits or budgets, from the organisation down."""
        found = [
            Capped(account, f"{level} {name!r}", traits.caps)
            for account, (level, name, traits) in zip(
                reversed(self.accounts()[: len(self.levels())]), self.levels(), strict=True
            )
            if traits.caps != NO_CAPS
        ]
        return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of a key, known by its last four characters."""

    last4: str
    created_us: int
    ends_us: int | None
    used_day: int
    """when it was last used, in days since 1970; 0: never yet"""

    def is_live(self, now_us: int) -> bool:
        return self.ends_us is None or self.ends_us > now_us


def create(
    connection: Connection,
    name: str,
    *,
    team: str | None = None,
    changes: Changes = SAME,
    now_us: int,
) -> tuple[Key, str]:
    """A new key and its secret, which exists nowhere else."""
    check_name("a key", name)
    expires_us = _end(changes, now_us)
    traits = changes.of(NONE)
    with change(connection) as done:
        owner = find(connection, TEAM, DEFAULT_TEAM if team is None else team)
        check_open(owner)
        check_narrower(owner.grants(), traits, "key")
        if any(
            other.name == name and other.refusal(now_us) in ("", "archived")
            for other in listing(connection)
        ):
            raise Conflict(
                f"there is a living key named {name!r} already",
                "choose another name, or revoke that key first",
            )
        id = "k_" + secrets.token_hex(5)
        connection.execute(
            f'INSERT INTO "key" (id, name, team_id, created_us, expires_us, {_TRAITS})'  # noqa: S608 - constant text
            f" VALUES (?, ?, ?, ?, ?, {_MARKS})",
            (id, name, owner.id, now_us, expires_us, *stored(traits)),
        )
        secret = _add_secret(connection, id, now_us)
        done.tell("key.create", f"key:{id}", name=name, team=owner.label, **changes.told())
    return Key(id, name, owner, secret[-4:], now_us, expires_us, None, traits), secret


def update(connection: Connection, id_or_name: str, changes: Changes, *, now_us: int) -> Key:
    """Give a key other traits, or another end."""
    expires_us = _end(changes, now_us)
    with change(connection) as done:
        key = living(connection, id_or_name)
        traits = changes.of(key.traits)
        check_narrower(key.team.grants(), traits, "key")
        expires_us = key.expires_us if expires_us is None else expires_us
        connection.execute(
            f'UPDATE "key" SET (expires_us, {_TRAITS}) = (?, {_MARKS}) WHERE id = ?',  # noqa: S608 - constant text
            (expires_us, *stored(traits), key.id),
        )
        done.tell("key.update", f"key:{key.id}", name=key.name, **changes.told())
    return replace(key, traits=traits, expires_us=expires_us)


def rotate(
    connection: Connection, id_or_name: str, *, overlap_us: int, now_us: int
) -> tuple[Key, str]:
    """The key with a new secret; the one it had works for `overlap_us` more."""
    if not 0 <= overlap_us <= LONGEST_OVERLAP_US:
        days = LONGEST_OVERLAP_US // DAY_US
        raise Mistake(f"two secrets of a key can overlap for 0 hours to {days} days")
    with change(connection) as done:
        key = living(connection, id_or_name)
        reason = key.refusal(now_us)
        if reason:
            raise Conflict(f"key {key.name!r} is {reason}: a new secret would open nothing")
        ending = [s for s in secrets_of(connection, key.id) if s.ends_us and s.is_live(now_us)]
        if ending and overlap_us:
            raise Conflict(
                f"key {key.name!r} has two live secrets already: the one that ends with"
                f" {ending[0].last4} still works",
                "wait until it has ended, or end both now with --overlap 0h",
            )
        connection.execute(
            "UPDATE secret SET ends_us = ? WHERE key_id = ? AND coalesce(ends_us, ?) > ?",
            (now_us + overlap_us, key.id, now_us + overlap_us + 1, now_us),
        )
        connection.execute(
            "DELETE FROM secret WHERE key_id = ?1 AND ends_us <= ?2 AND hash NOT IN"
            " (SELECT hash FROM secret WHERE key_id = ?1 ORDER BY n DESC LIMIT ?3)",
            (key.id, now_us, ENDED_KEPT),
        )
        secret = _add_secret(connection, key.id, now_us)
        told = {"name": key.name, "overlap_us": overlap_us}
        done.tell("key.rotate", f"key:{key.id}", **told)
    return replace(key, last4=secret[-4:]), secret


def revoke(connection: Connection, id_or_name: str, *, now_us: int) -> Key:
    """Close a key for good, with all its secrets; running calls finish."""
    with change(connection) as done:
        key = living(connection, id_or_name)
        connection.execute('UPDATE "key" SET revoked_us = ? WHERE id = ?', (now_us, key.id))
        done.tell("key.revoke", f"key:{key.id}", name=key.name)
    return key


def living(connection: Connection, id_or_name: str) -> Key:
    """The one key with this id or name that was not revoked."""
    known = [key for key in listing(connection) if key.revoked_us is None]
    found = [key for key in known if key.id == id_or_name]
    found = found or [key for key in known if key.name == id_or_name]
    if not found:
        hint = meant(id_or_name, [key.name for key in known])
        raise Missing(f"no living key is named {id_or_name!r}", hint)
    if len(found) > 1:
        ids = ", ".join(key.id for key in found)
        raise Conflict(f"several keys are named {id_or_name!r}", f"use an id: {ids}")
    return found[0]


def listing(connection: Connection) -> list[Key]:
    """Every key ever created, oldest first, each by the secret that lasts."""
    lasting = {key.id: key for key, _, _ in _rows(connection)}
    return sorted(lasting.values(), key=lambda key: (key.created_us, key.id))


def secrets_of(connection: Connection, key_id: str) -> list[Secret]:
    """A key's secrets, oldest first, the last few that have ended too."""
    rows = connection.execute(
        "SELECT last4, created_us, ends_us, used_day FROM secret WHERE key_id = ? ORDER BY n",
        (key_id,),
    )
    return [Secret(*row) for row in rows]


def stamp(place: Place, used: Sequence[tuple[int, bytes]]) -> None:
    """Note the day on which secrets were used, by (day, hash). It waits for the disk."""
    sql = "UPDATE secret SET used_day = ?1 WHERE hash = ?2 AND used_day < ?1"
    with contextlib.closing(connect(place)) as connection:
        try:
            with transaction(connection):
                connection.executemany(sql, sorted(used))
        except ERRORS as error:
            raise explain(error, place) from error


_TRAITS = ", ".join(COLUMNS)
_MARKS = ", ".join("?" * len(COLUMNS))


def _end(changes: Changes, now_us: int) -> int | None:
    if changes.expires_us is not None and changes.expires_us <= now_us:
        raise Mistake("the key would be expired already")
    return changes.expires_us


def _add_secret(connection: Connection, key_id: str, now_us: int) -> str:
    secret = PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO secret (hash, key_id, last4, created_us) VALUES (?, ?, ?, ?)",
        (_hash(secret), key_id, secret[-4:], now_us),
    )
    return secret


def _rows(connection: Connection) -> list[tuple[Key, bytes, int]]:
    """(key, hash, day of last use) of every secret; the lasting one of a key comes last."""
    teams = everyone(connection)
    traits = ", ".join(f"k.{name}" for name in COLUMNS)
    rows = connection.execute(
        "SELECT s.hash, s.used_day, s.last4, s.ends_us, k.id, k.name, k.team_id,"  # noqa: S608 - constant text
        f" k.created_us, k.expires_us, k.revoked_us, {traits}"
        ' FROM secret AS s JOIN "key" AS k ON k.id = s.key_id'
        " ORDER BY s.ends_us IS NULL, s.n"
    )
    found = []
    for hash, used, last4, ends, id, name, team, created, expires, revoked, *columns in rows:
        own = read(tuple(columns))
        key = Key(id, name, teams[team], last4, created, expires, revoked, own, ends)
        found.append((key, hash, used))
    return found


def _hash(secret: bytes | str) -> bytes:
    if isinstance(secret, str):
        secret = secret.encode("utf-8", "replace")
    return sha256(secret).digest()


class Seen(NamedTuple):
    """What a look at the store found."""

    rows: list[tuple[Key, bytes, int]] | None
    """all there are now; None: nothing changed"""
    trouble: str


class Keys:
    """The gateway's view of all keys, in memory; it belongs to one thread, but for look()."""

    def __init__(
        self,
        place: Place,
        *,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.defined = False
        """Was any key ever created; if not, the gateway asks for none and stays on loopback."""
        self.edition = 0
        """Grows with every change of a key that is taken in here, and every day."""
        self.trouble = ""
        """Why the keys could not be read the last time; empty: they could."""
        self.place = place
        self.is_near = isinstance(place, Path)
        """A look takes microseconds; if not, it is taken in a thread, and never for one call"""
        self._now_us = now_us
        self._clock = clock
        self._by_hash: dict[bytes, Key] = {}
        self._holders: dict[str, Holder] = {}
        self._look_again = 0.0
        self._today = 0
        self._used: dict[bytes, int] = {}
        """secrets by hash that were used on a day that is not stored yet"""
        self._stamped: dict[bytes, int] = {}
        """the day that is stored"""
        self._watch = Watch(place, "keys_version", _rows)
        self.refresh()
        if self.trouble:
            self.close()
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
            if self.is_near:
                self.refresh()
            key = self._by_hash.get(digest)
            if key is None:
                return None
        if key.refusal(self._now_us()):
            return None
        if self._stamped.get(digest) != self._today:
            self._used[digest] = self._today
        return key

    def named(self, id: str) -> Key | None:
        """The living key with this id, for who shows a token that was made for it."""
        now_us = self._now_us()
        found = (key for key in self._by_hash.values() if key.id == id)
        return next((key for key in found if not key.refusal(now_us)), None)

    def holder(self, key: Key | None) -> Holder:
        """Whom calls with this key are charged to, and what they may ask for."""
        if key is None:
            return NOBODY
        holder = self._holders.get(key.id)
        if holder is None:
            permit, organisation = Permit(key.grants()), key.team.organisation
            holder = self._holders[key.id] = Holder(
                key.id,
                organisation.name if organisation is not None else "",
                key.team.name,
                key.cost_centre(),
                ",".join(key.tags()),
                permit.refusal if permit.grants else None,
                key.accounts(),
                key.capped(),
                key.prompt_cache(),
            )
        return holder

    def still(self, key: Key | None, edition: int) -> bool:
        """Would find() answer again what it answered at that edition."""
        if edition != self.edition:
            return False
        if key is None or (key.expires_us is None and key.ends_us is None):
            return True
        return not key.refusal(self._now_us())

    def refusal(self, secret: bytes | str) -> str:
        """Why find() knows no living key for it: unknown, or as Key.refusal says."""
        key = None if len(secret) > LONGEST else self._by_hash.get(_hash(secret))
        return "unknown" if key is None else key.refusal(self._now_us())

    def used(self) -> list[tuple[int, bytes]]:
        """What is to be stamped: (day, hash) of secrets used since the last time."""
        return [(day, digest) for digest, day in self._used.items()]

    def stamped(self, used: Sequence[tuple[int, bytes]]) -> None:
        """Take note that these are stored."""
        for day, digest in used:
            self._stamped[digest] = day
            if self._used.get(digest) == day:
                del self._used[digest]

    def refresh(self) -> bool:
        """Take in what other processes changed; did anything. Cheap when nothing did.

        A store that cannot be read leaves the keys as they were: see `trouble`.
        """
        return self.take(self.look())

    def look(self) -> Seen:
        """What others changed since the last look; it may wait for a server."""
        try:
            return Seen(self._watch.look(), "")
        except StoreError as error:
            return Seen(None, str(error))

    def take(self, seen: Seen) -> bool:
        """Make what was seen the keys from now on; is anything new."""
        today = self._now_us() // DAY_US
        if today != self._today:
            self._today = today
            self.edition += 1  # connections that stay open look again, and are seen in use
        self.trouble = seen.trouble
        if seen.rows is None:
            return False
        self._by_hash = {digest: key for key, digest, _ in seen.rows}
        self._stamped = {digest: day for _, digest, day in seen.rows}
        self._holders = {}
        self.defined = bool(seen.rows)
        self.edition += 1
        return True

    def close(self) -> None:
        self._watch.close()
