"""Administrators' tokens: creates and revokes them, and tells whose a secret is.

Rule 1: a secret is shown once and never stored; the store holds its SHA-256 and last four.
Rule 2: what a token may do is said by its role and scopes: see headgate.policy.role.
Rule 3: a name stands for one living token, because the log of administrators names it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NamedTuple

from headgate.policy.role import ORGANISATION, RIGHTS, ROLES, TEAM, Role, Warrant, warrant
from headgate.store.adminlog import recorded
from headgate.store.sql import Connection
from headgate.store.tenant import find, meant
from headgate.store.traits import Conflict, Missing, Mistake, check_name

PREFIX = "hga-"
LONGEST = 256
MOST_SCOPES = 50
_COLUMNS = "id, name, role, scopes, last4, created_us, expires_us, revoked_us"


@dataclass(frozen=True, slots=True)
class Token:
    """An administrator's token, without its secret."""

    id: str
    name: str
    role: Role
    scopes: tuple[str, ...]
    """rights, and organisation:ID or team:ID"""
    last4: str
    created_us: int
    expires_us: int | None = None
    revoked_us: int | None = None

    def refusal(self, now_us: int) -> str:
        """Why it opens nothing; empty: it does."""
        if self.revoked_us is not None:
            return "revoked"
        expired = self.expires_us is not None and self.expires_us <= now_us
        return "expired" if expired else ""

    def warrant(self) -> Warrant:
        return warrant(self.name, self.role, self.scopes)


class Wish(NamedTuple):
    """What a new token should be."""

    name: str
    role: Role
    scopes: tuple[str, ...] = ()
    expires_us: int | None = None


def meaning(connection: Connection, wish: Wish) -> Wish:
    """The same wish, checked, with the ids of the organisations and teams that it names."""
    check_name("a token", wish.name)
    if wish.name.strip() != wish.name or ":" in wish.name:
        hint = "it stands in the log beside oidc:NAME and cli:NAME: choose one such as ci"
        raise Mistake(f"the name {wish.name!r} begins or ends with a space or holds a :", hint)
    if wish.role not in ROLES:
        raise Mistake(f"{wish.role!r} is no role", f"there are: {', '.join(ROLES)}")
    if len(wish.scopes) > MOST_SCOPES:
        raise Mistake(f"{len(wish.scopes)} scopes are too many: {MOST_SCOPES} may be given")
    scopes = tuple(dict.fromkeys(_scope(connection, scope.strip()) for scope in wish.scopes))
    found = warrant(wish.name, wish.role, scopes)
    if wish.role == "member" and not (found.organisations or found.teams):
        hint = "add --scope team:NAME or --scope organisation:NAME"
        raise Mistake("a member is bound to nothing and could see nothing", hint)
    return wish._replace(scopes=scopes)


def create(connection: Connection, wish: Wish, *, now_us: int) -> tuple[Token, str]:
    """A new token and its secret, which exists nowhere else."""
    if wish.expires_us is not None and wish.expires_us <= now_us:
        raise Mistake("the token would be expired already")
    secret = PREFIX + secrets.token_urlsafe(32)
    with recorded(connection) as done:
        wish = meaning(connection, wish)
        if any(t.name == wish.name and not t.refusal(now_us) for t in listing(connection)):
            hint = "choose another name, or revoke that token first"
            raise Conflict(f"there is a living token named {wish.name!r} already", hint)
        id = f"a_{secrets.token_hex(5)}"
        made = Token(id, *wish[:3], secret[-4:], now_us, wish.expires_us)
        connection.execute(
            f"INSERT INTO admin_token (hash, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",  # noqa: S608 - constant text
            (
                _hash(secret.encode()),
                *(made.id, made.name, made.role, json.dumps(made.scopes)),
                *(made.last4, made.created_us, made.expires_us),
            ),
        )
        given = wish._replace(scopes=made.scopes)._asdict()
        done.tell("token.create", f"token:{made.id}", **given)
    return made, secret


def revoke(connection: Connection, id_or_name: str, *, now_us: int) -> Token:
    """End a token for good."""
    with recorded(connection) as done:
        token = living(connection, id_or_name)
        connection.execute(
            "UPDATE admin_token SET revoked_us = ? WHERE id = ?", (now_us, token.id)
        )
        done.tell("token.revoke", f"token:{token.id}", name=token.name)
    return replace(token, revoked_us=now_us)


def living(connection: Connection, id_or_name: str) -> Token:
    """The newest token with this id or name that was not revoked."""
    known = [token for token in listing(connection) if token.revoked_us is None]
    for token in reversed(known):
        if id_or_name in (token.id, token.name):
            return token
    hint = meant(id_or_name, [token.name for token in known])
    raise Missing(f"no living token is named {id_or_name!r}", hint)


def listing(connection: Connection) -> list[Token]:
    """Every token ever created, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM admin_token ORDER BY created_us, id"  # noqa: S608 - constant text
    )
    return [_token(row) for row in rows]


def find_token(connection: Connection, secret: str) -> Token | None:
    """Whose secret this is, living or not."""
    if len(secret) > LONGEST:
        return None
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM admin_token WHERE hash = ?",  # noqa: S608 - constant text
        (_hash(secret.encode("utf-8", "replace")),),
    ).fetchone()
    return None if row is None else _token(row)


def are_there(connection: Connection) -> bool:
    """Was any token ever created; then nobody is let in without one."""
    return connection.execute("SELECT 1 FROM admin_token LIMIT 1").fetchone() is not None


def bound(connection: Connection, scopes: Iterable[str]) -> tuple[str, ...]:
    """Scopes with the ids of the organisations and teams that they name."""
    return tuple(_scope(connection, scope) for scope in scopes)


def signing_key(connection: Connection) -> bytes:
    """What browsers' sessions are signed with: the same for every gateway on this store."""
    connection.execute(
        "INSERT INTO meta (name, value, secret) VALUES ('session_key', 0, ?)"
        " ON CONFLICT (name) DO NOTHING",
        (secrets.token_bytes(32),),
    )
    row = connection.execute("SELECT secret FROM meta WHERE name = 'session_key'").fetchone()
    return bytes(row[0])


def _scope(connection: Connection, scope: str) -> str:
    level, _, words = scope.partition(":")
    if level in (ORGANISATION, TEAM) and words:
        return f"{level}:{find(connection, level, words).id}"
    if scope not in RIGHTS:
        known = [*RIGHTS, f"{TEAM}:NAME", f"{ORGANISATION}:NAME"]
        hint = meant(scope, known) if scope else ""
        raise Mistake(f"{scope!r} is no scope", hint or f"there are: {', '.join(known)}")
    return scope


def _token(row: Any) -> Token:
    id, name, role, scopes, *rest = row
    return Token(id, name, role, tuple(json.loads(scopes)), *rest)


def _hash(secret: bytes) -> bytes:
    return sha256(secret).digest()
