"""What can be asked about virtual keys.

Rule 1: a secret is in the answer to the request that made it, and in no other.
Rule 2: revoking what is revoked is done already: that is no error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headgate.gateway.admin import reading, shape
from headgate.gateway.admin.operation import Job, Operation
from headgate.gateway.admin.reach import all_keys, one_key, one_tenant, page
from headgate.gateway.admin.spending import spending
from headgate.store import keys
from headgate.store.keys import Key
from headgate.store.tenant import ORGANISATION, TEAM
from headgate.store.traits import Missing


def _list(job: Job) -> object:
    asked, known = job.query, all_keys(job)
    if asked.organisation:
        owner = one_tenant(job, ORGANISATION, asked.organisation)
        known = [key for key in known if key.team.organisation == owner]
    if asked.team:
        team = one_tenant(job, TEAM, asked.team)
        known = [key for key in known if key.team.id == team.id]
    if asked.state:
        wanted = "" if asked.state == "living" else asked.state
        known = [key for key in known if key.refusal(job.now_us) == wanted]
    found, following = page(known, asked)
    return shape.Keys([_shown(job, key) for key in found], following)


def _create(job: Job) -> object:
    team = one_tenant(job, TEAM, job.body.team)
    given = reading.changes(job.body)
    key, secret = keys.create(
        job.store, job.body.name, team=team.id, changes=given, now_us=job.now_us
    )
    return shape.KeyMade(secret=secret, **_facts(job, key))


def _show(job: Job) -> object:
    return _shown(job, one_key(job, job.names["id"]))


def _update(job: Job) -> object:
    found = one_key(job, job.names["id"])
    given = reading.changes(job.body)
    return _shown(job, keys.update(job.store, found.id, given, now_us=job.now_us))


def _rotate(job: Job) -> object:
    found = one_key(job, job.names["id"])
    overlap_us = (job.body or shape.Rotation()).overlap_s * 1_000_000
    key, secret = keys.rotate(job.store, found.id, overlap_us=overlap_us, now_us=job.now_us)
    return shape.KeyMade(secret=secret, **_facts(job, key))


def _revoke(job: Job) -> object:
    found = one_key(job, job.names["id"])
    try:
        keys.revoke(job.store, found.id, now_us=job.now_us)
    except Missing:  # it was found above, so it was revoked before, or meanwhile
        return _shown(job, one_key(job, found.id))
    return _shown(job, replace(found, revoked_us=job.now_us))


def _spend(job: Job) -> object:
    found = one_key(job, job.names["id"])
    state = found.refusal(job.now_us) or "living"
    return spending(job, f"key:{found.id}", state, found.traits.caps)


def _shown(job: Job, key: Key) -> shape.Key:
    return shape.Key(**_facts(job, key))


def _facts(job: Job, key: Key) -> dict[str, Any]:
    return reading.key(job.store, key, job.now_us)


OPERATIONS = [
    Operation("GET", "/admin/keys", "keys:read", "Virtual keys, revoked ones too", shape.Keys,
              _list, query=shape.KeyPage, also=(404, 409)),
    Operation("POST", "/admin/keys", "keys:write", "A new key; its secret is shown this once",
              shape.KeyMade, _create, body=shape.NewKey, status=201, also=(404, 409)),
    Operation("GET", "/admin/keys/{id}", "keys:read", "One key, by id or name", shape.Key,
              _show, also=(404, 409)),
    Operation("PATCH", "/admin/keys/{id}", "keys:change", "Change what a key is given",
              shape.Key, _update, body=shape.KeyChanges, also=(404, 409)),
    Operation("POST", "/admin/keys/{id}/rotate", "keys:write", "A second secret for a key; the "
              "old one ends by itself", shape.KeyMade, _rotate, body=shape.Rotation | None,
              also=(404, 409)),
    Operation("POST", "/admin/keys/{id}/revoke", "keys:write", "Close a key for good",
              shape.Key, _revoke, also=(404, 409)),
    Operation("GET", "/admin/keys/{id}/spend", "keys:read", "What a key spent and has left",
              shape.Spend, _spend, query=shape.Days, also=(404, 409)),
]  # fmt: skip
