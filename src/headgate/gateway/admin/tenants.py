"""What can be asked about organisations and teams.

Rule 1: archiving what is archived, or restoring what is open, is no error: it is done already.
Rule 2: a new organisation is a matter of the whole house, a new team one of its organisation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from headgate.gateway.admin import reading, shape
from headgate.gateway.admin.operation import Job, Operation
from headgate.gateway.admin.reach import house_wide, one_tenant, page, tenants
from headgate.gateway.admin.spending import spending
from headgate.store import tenant
from headgate.store.tenant import ORGANISATION, TEAM, Tenant
from headgate.store.traits import Already

Shown = shape.Organisation | shape.Team
NAMES = {ORGANISATION: "orgs", TEAM: "teams"}
_SHOW: dict[str, Callable[[Tenant], Shown]] = {
    ORGANISATION: reading.organisation,
    TEAM: reading.team,
}


def _list_organisations(job: Job) -> object:
    found, following = page(tenants(job, ORGANISATION), job.query)
    return shape.Organisations([reading.organisation(each) for each in found], following)


def _list_teams(job: Job) -> object:
    known = tenants(job, TEAM)
    if job.query.organisation:
        owner = one_tenant(job, ORGANISATION, job.query.organisation)
        known = [each for each in known if each.organisation == owner]
    found, following = page(known, job.query)
    return shape.Teams([reading.team(each) for each in found], following)


def _create_organisation(job: Job) -> object:
    house_wide(job.who, "a new organisation")
    given = reading.changes(job.body)
    made = tenant.create(job.store, job.body.name, changes=given, now_us=job.now_us)
    return reading.organisation(made)


def _create_team(job: Job) -> object:
    owner = one_tenant(job, ORGANISATION, job.body.organisation)
    given = reading.changes(job.body)
    made = tenant.create(
        job.store, job.body.name, parent=owner.id, changes=given, now_us=job.now_us
    )
    return reading.team(made)


def _show(level: str, job: Job) -> object:
    return _SHOW[level](one_tenant(job, level, job.names["id"]))


def _update(level: str, job: Job) -> object:
    found = one_tenant(job, level, job.names["id"])
    return _SHOW[level](tenant.update(job.store, level, found.id, reading.changes(job.body)))


def _archive(level: str, job: Job) -> object:
    return _close(level, job, job.now_us)


def _restore(level: str, job: Job) -> object:
    return _close(level, job, None)


def _close(level: str, job: Job, now_us: int | None) -> object:
    found = one_tenant(job, level, job.names["id"])
    try:
        found = tenant.archive(job.store, level, found.id, now_us=now_us)
    except Already:
        found = tenant.find(job.store, level, found.id)
    return _SHOW[level](found)


def _spend(level: str, job: Job) -> object:
    found = one_tenant(job, level, job.names["id"])
    account = f"{level}:{found.id}"
    return spending(job, account, reading.state(found), found.traits.caps)


def _operations(level: str, one: type[Shown]) -> list[Operation]:
    """What organisations and teams have in common."""
    name = NAMES[level]
    path, read, write = f"/admin/{name}/{{id}}", f"{name}:read", f"{name}:write"

    def of(run: Callable[[str, Job], object]) -> Callable[[Job], object]:
        return partial(run, level)

    return [
        Operation("GET", path, read, f"One {level}, by id or name", one, of(_show),
                  also=(404, 409)),
        Operation("PATCH", path, write, f"Change what a {level} is given", one, of(_update),
                  body=shape.Traits, also=(404, 409)),
        Operation("POST", f"{path}/archive", write, f"Close a {level} with all its keys", one,
                  of(_archive), also=(404, 409)),
        Operation("POST", f"{path}/restore", write, f"Open an archived {level} again", one,
                  of(_restore), also=(404, 409)),
        Operation("GET", f"{path}/spend", read, f"What a {level} spent and has left",
                  shape.Spend, of(_spend), query=shape.Days, also=(404, 409)),
    ]  # fmt: skip


OPERATIONS = [
    Operation("GET", "/admin/orgs", "orgs:read", "Organisations, archived ones too",
              shape.Organisations, _list_organisations, query=shape.Page),
    Operation("POST", "/admin/orgs", "orgs:write", "A new organisation", shape.Organisation,
              _create_organisation, body=shape.NewOrganisation, status=201, also=(409,)),
    *_operations(ORGANISATION, shape.Organisation),
    Operation("GET", "/admin/teams", "teams:read", "Teams, archived ones too", shape.Teams,
              _list_teams, query=shape.TeamPage, also=(404, 409)),
    Operation("POST", "/admin/teams", "teams:write", "A new team of an organisation",
              shape.Team, _create_team, body=shape.NewTeam, status=201, also=(404, 409)),
    *_operations(TEAM, shape.Team),
]  # fmt: skip
