"""What an administrator may do: a role gives rights, scopes narrow them, bindings say to whom.

Rule 1: admin may do everything, auditor read everything; a member reads the organisations and
teams he is bound to, and creates, rotates and revokes their keys when he has scope keys:write.
Rule 2: scopes that name rights leave an admin or auditor only those; to write is to read too.
Rule 3: whoever is bound reaches only what he is bound to, and nothing of the whole house.
Rule 4: nobody can give away more than he has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Role = Literal["admin", "auditor", "member"]
ROLES: tuple[Role, ...] = ("admin", "auditor", "member")
ORGANISATION, TEAM = "organisation", "team"

RIGHTS: dict[str, str] = {
    "orgs:read": "read organisations and what they spent",
    "orgs:write": "create, change, archive and restore organisations",
    "teams:read": "read teams and what they spent",
    "teams:write": "create, change, archive and restore teams",
    "keys:read": "read virtual keys and what they spent",
    "keys:write": "create, rotate and revoke virtual keys",
    "keys:change": "change what a virtual key is given: its models, limits, budgets, end",
    "tokens:read": "list administrators' tokens",
    "tokens:write": "create and revoke administrators' tokens",
    "log:read": "read and verify the log of administrators",
    "config:read": "read the configuration in force and the health of targets",
    "config:write": "reload the configuration",
}
"""what can be asked of the admin API; as a scope it stands for itself"""
_OF_MEMBERS = frozenset(("orgs:read", "teams:read", "keys:read"))
_ON_REQUEST = frozenset(("keys:write",))
"""a member's, when he is given it by name"""


class Warrant(NamedTuple):
    """Who asks, in which role, narrowed by which scopes."""

    name: str
    role: Role
    rights: frozenset[str] = frozenset()
    """named by scopes; empty: all that the role gives"""
    organisations: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    """ids of what he is bound to; none at all: the whole house"""

    @property
    def is_bound(self) -> bool:
        return bool(self.organisations or self.teams) or self.role == "member"

    def refusal(self, right: str) -> str:
        """Why it does not give this right; empty: it does."""
        if right not in _given(self.role, self.rights):
            if right in _ON_REQUEST and self.role == "member":
                return f"it takes the scope {right}, which {self.name!r} was not given"
            roles = " or ".join(role for role in ROLES if right in _given(role, _ON_REQUEST))
            return f"it takes the role {roles}; {self.name!r} is {self.role}"
        if self.role != "member" and self.rights and right not in _implied(self.rights):
            has = ", ".join(sorted(self.rights))
            return f"it takes the scope {right}; {self.name!r} was given {has}"
        return ""

    def reaches(self, organisation: str, team: str = "") -> bool:
        """Does what belongs to this organisation, or to this team of it, lie within."""
        if not self.is_bound:
            return True
        return organisation in self.organisations or (bool(team) and team in self.teams)

    def covers(self, other: Warrant) -> bool:
        """Does it hold everything that the other one would."""
        if any(self.refusal(right) for right in RIGHTS if not other.refusal(right)):
            return False
        if not self.is_bound:
            return True
        within = other.organisations <= self.organisations and other.teams <= self.teams
        return other.is_bound and within

    def bounds(self) -> str:
        """What it is bound to, for a sentence."""
        found = [f"{ORGANISATION}:{each}" for each in sorted(self.organisations)]
        found += [f"{TEAM}:{each}" for each in sorted(self.teams)]
        return ", ".join(found) or "nothing"


def warrant(name: str, role: Role, scopes: Iterable[str]) -> Warrant:
    """What a role and scopes come to; ValueError names the scope that there is not."""
    rights: set[str] = set()
    bindings: dict[str, set[str]] = {ORGANISATION: set(), TEAM: set()}
    for scope in scopes:
        level, _, id = scope.partition(":")
        if level in bindings and id:
            bindings[level].add(id)
        elif scope in RIGHTS:
            rights.add(scope)
        else:
            raise ValueError(scope)
    organisations, teams = frozenset(bindings[ORGANISATION]), frozenset(bindings[TEAM])
    return Warrant(name, role, frozenset(rights), organisations, teams)


def _given(role: Role, rights: frozenset[str]) -> frozenset[str]:
    """All that a role gives, before scopes narrow it."""
    if role == "admin":
        return frozenset(RIGHTS)
    if role == "auditor":
        return frozenset(right for right in RIGHTS if right.endswith(":read"))
    return _OF_MEMBERS | (_ON_REQUEST & rights)


def _implied(rights: frozenset[str]) -> frozenset[str]:
    return rights | {f"{right.partition(':')[0]}:read" for right in rights}
