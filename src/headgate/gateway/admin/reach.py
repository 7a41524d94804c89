"""Finds what a path or body names, within what whoever asks is bound to.

Rule 1: what is out of reach is answered as if it were not there, so that nobody learns by
guessing names what others have.
Rule 2: a page ends where the next one begins, by id: what is created meanwhile moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from headgate.gateway.admin.operation import Job, Refused
from headgate.gateway.admin.shape import Page
from headgate.policy.role import ORGANISATION, Warrant
from headgate.store import keys, tenant
from headgate.store.keys import Key
from headgate.store.tenant import Tenant


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_Identified)


def reaches(who: Warrant, found: Tenant) -> bool:
    if found.organisation is None:
        return who.reaches(found.id)
    return who.reaches(found.organisation.id, found.id)


def tenants(job: Job, level: str) -> list[Tenant]:
    """All of a level that can be seen."""
    return [each for each in tenant.listing(job.store, level) if reaches(job.who, each)]


def one_tenant(job: Job, level: str, words: str) -> Tenant:
    """The one with this id, name or label."""
    if not job.who.is_bound:
        return tenant.find(job.store, level, words)
    known = tenants(job, level)
    for names in ([each.id for each in known], [each.label for each in known],
                  [each.name for each in known]):  # fmt: skip
        found = [each for each, name in zip(known, names, strict=True) if name == words]
        if len(found) == 1:
            return found[0]
    raise _unseen(job.who, level, words)


def all_keys(job: Job) -> list[Key]:
    """All keys that can be seen, revoked ones too."""
    return [key for key in keys.listing(job.store) if reaches(job.who, key.team)]


def one_key(job: Job, words: str) -> Key:
    """The key with this id, living or not, or the living one with this name."""
    known = all_keys(job)
    for key in known:
        if key.id == words:
            return key
    living = [key for key in known if key.name == words and key.revoked_us is None]
    if len(living) == 1:
        return living[0]
    if job.who.is_bound and not living:
        raise _unseen(job.who, "key", words)
    return keys.living(job.store, words)


def house_wide(who: Warrant, what: str) -> None:
    """Refuse whoever is bound to a part of the house."""
    if who.is_bound:
        raise Refused(
            403,
            f"{what} concerns the whole house, and {who.name!r} is bound to {who.bounds()}",
            "it takes an admin or auditor without scopes such as team:NAME",
        )


def within(job: Job, organisation: Tenant) -> None:
    """Refuse to put anything into an organisation that is out of reach."""
    if not reaches(job.who, organisation):
        raise _unseen(job.who, ORGANISATION, organisation.name)


def page(found: Iterable[Item], asked: Page) -> tuple[Sequence[Item], str | None]:
    """The part that was asked for, and where the next one begins."""
    every = list(found)
    first = 0
    if asked.after:
        ids = [each.id for each in every]
        if asked.after not in ids:
            raise Refused(
                400, f"after: nothing listed has the id {asked.after!r}", "begin anew"
            )
        first = ids.index(asked.after) + 1
    shown = every[first : first + asked.limit]
    more = len(every) > first + asked.limit
    return shown, shown[-1].id if more else None


def _unseen(who: Warrant, level: str, words: str) -> Refused:
    what = f"there is no {level} {words!r} in what {who.name!r} is bound to"
    return Refused(404, what, f"bound to: {who.bounds()}")
