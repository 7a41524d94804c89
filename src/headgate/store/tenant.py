"""Organisations and their teams: what keys belong to, what it allows them and who pays.

Rule 1: a name is unique within its parent for good, archived or not: ledger rows keep it.
Rule 2: what is archived opens nothing; its rows stay, and it can be restored.
Rule 3: every change tells the gateways on this file, and the log of administrators who did it,
within the same transaction.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from headgate.policy.permit import Grant
from headgate.store.adminlog import Told, recorded
from headgate.store.sql import Connection
from headgate.store.traits import (
    COLUMNS,
    NONE,
    SAME,
    Already,
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

ORGANISATION, TEAM = "organisation", "team"
LISTED = 12
"""names that a hint lists"""
COMMANDS = {ORGANISATION: "orgs", TEAM: "teams"}


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation, or a team of one."""

    id: str
    level: str
    name: str
    created_us: int
    archived_us: int | None = None
    traits: Traits = NONE
    organisation: Tenant | None = None
    """a team's"""

    @property
    def label(self) -> str:
        """How it is named where names of several organisations may meet."""
        return f"{self.organisation.name}/{self.name}" if self.organisation else self.name

    def archived(self) -> str:
        """Which level is archived; empty: none is."""
        if self.archived_us is not None:
            return self.level
        return self.organisation.archived() if self.organisation else ""

    def grants(self) -> list[Grant]:
        """What this level and the one above allow, from the top down."""
        above = self.organisation.grants() if self.organisation else []
        return [*above, self.traits.grant(self.level, self.name)]


@contextlib.contextmanager
def change(connection: Connection) -> Iterator[Told]:
    """A transaction that also tells every gateway on this file that the keys changed."""
    with recorded(connection) as told:
        yield told
        connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'keys_version'")


def create(
    connection: Connection,
    name: str,
    *,
    parent: str | None = None,
    changes: Changes = SAME,
    now_us: int,
) -> Tenant:
    """A new organisation, or with a parent a new team of that organisation."""
    level = ORGANISATION if parent is None else TEAM
    name = name.strip()
    check_name(f"a{'n' if parent is None else ''} {level}", name)
    if "/" in name:
        raise Mistake(f"the name {name!r} holds a /", "it stands between organisation and team")
    traits = changes.of(NONE)
    with change(connection) as done:
        owner = find(connection, ORGANISATION, parent) if parent is not None else None
        if owner is not None:
            check_open(owner)
            check_narrower(owner.grants(), traits, level)
        for other in listing(connection, level):
            if other.name == name and other.organisation == owner:
                check_open(replace(other, organisation=None))
                raise Conflict(f"{level} {name!r} exists already", "choose another name")
        id = f"{level[0]}_{secrets.token_hex(5)}"
        tenant = Tenant(id, level, name, now_us, None, traits, owner)
        connection.execute(
            f"INSERT INTO tenant (id, level, parent, name, created_us, {_TRAITS})"  # noqa: S608 - constant text
            f" VALUES (?, ?, ?, ?, ?, {_MARKS})",
            (id, level, owner.id if owner else "", name, now_us, *stored(traits)),
        )
        done.tell(f"{level}.create", f"{level}:{id}", name=tenant.label, **changes.told())
    return tenant


def update(connection: Connection, level: str, words: str, changes: Changes) -> Tenant:
    """Give it other traits."""
    with change(connection) as done:
        tenant = find(connection, level, words)
        traits = changes.of(tenant.traits)
        above = tenant.organisation.grants() if tenant.organisation else []
        check_narrower(above, traits, level)
        connection.execute(
            f"UPDATE tenant SET ({_TRAITS}) = ({_MARKS}) WHERE id = ?",  # noqa: S608 - constant text
            (*stored(traits), tenant.id),
        )
        told = changes.told()
        done.tell(f"{level}.update", f"{level}:{tenant.id}", name=tenant.label, **told)
    return replace(tenant, traits=traits)


def archive(connection: Connection, level: str, words: str, *, now_us: int | None) -> Tenant:
    """Close it with all its keys, or open it again when no moment is given."""
    with change(connection) as done:
        tenant = find(connection, level, words)
        if (tenant.archived_us is None) is (now_us is None):
            state = "not archived" if now_us is None else "archived already"
            raise Already(f"{level} {tenant.name!r} is {state}")
        connection.execute(
            "UPDATE tenant SET archived_us = ? WHERE id = ?", (now_us, tenant.id)
        )
        verb = "restore" if now_us is None else "archive"
        done.tell(f"{level}.{verb}", f"{level}:{tenant.id}", name=tenant.label)
    return replace(tenant, archived_us=now_us)


def listing(connection: Connection, level: str) -> list[Tenant]:
    """All of a level, oldest first, archived ones too."""
    return [each for each in everyone(connection).values() if each.level == level]


def everyone(connection: Connection) -> dict[str, Tenant]:
    """Every organisation and team by its id."""
    rows = connection.execute(
        f"SELECT id, level, name, created_us, archived_us, parent, {_TRAITS} FROM tenant"  # noqa: S608 - constant text
        " ORDER BY level, created_us, id"
    )
    found: dict[str, Tenant] = {}
    for id, level, name, created, archived, parent, *columns in rows:  # organisations first
        traits = read(tuple(columns))
        found[id] = Tenant(id, level, name, created, archived, traits, found.get(parent))
    return found


def find(connection: Connection, level: str, words: str) -> Tenant:
    """The one with this id, this name, or for a team organisation/name."""
    known = listing(connection, level)
    for names in ([each.id for each in known], [each.label for each in known],
                  [each.name for each in known]):  # fmt: skip
        found = [each for each, name in zip(known, names, strict=True) if name == words]
        if len(found) == 1:
            return found[0]
        if found:
            labels = ", ".join(sorted(each.label for each in found))
            raise Conflict(f"several teams are named {words!r}", f"say which: {labels}")
    make = f"`headgate {COMMANDS[level]} create --name NAME` makes one"
    names = [each.name for each in known]
    raise Missing(f"there is no {level} named {words!r}", meant(words, names, make))


def meant(words: str, names: Iterable[str], otherwise: str = "") -> str:
    """What was probably meant, or what there is; and what else can be done."""
    known = list(dict.fromkeys(names))
    near = get_close_matches(words, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}? {otherwise}".rstrip()
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    there = f"there are: {', '.join(known[:LISTED]) or 'none'}{more}"
    return f"{there}; {otherwise}" if otherwise else there


def check_open(tenant: Tenant) -> None:
    """Refuse to put anything new into what is archived."""
    level = tenant.archived()
    if level:
        closed = tenant if level == tenant.level else tenant.organisation
        assert closed is not None, "a level that is archived exists"
        command = f"headgate {COMMANDS[level]} archive --undo {closed.name}"
        raise Conflict(f"{level} {closed.name!r} is archived", f"`{command}` restores it")


_TRAITS = ", ".join(COLUMNS)
_MARKS = ", ".join("?" * len(COLUMNS))
