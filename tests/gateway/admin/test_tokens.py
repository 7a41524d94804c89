"""Administrators' tokens over HTTP: nobody gives away more than he has; an end is at once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from headgate.policy.role import RIGHTS
from tests.gateway.admin.desk import Desk, opened, problem

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    async with opened() as found:
        yield found


async def test_a_token_is_made_shown_once_listed_and_revoked(desk: Desk) -> None:
    made = await desk.make("/admin/tokens", name="ci", role="admin", scopes=["keys:write"])
    secret = made["secret"]
    assert secret.startswith("hga-")
    me = await desk.get("/admin/whoami", secret)
    assert (me["name"], me["rights"]) == ("ci", ["keys:read", "keys:write"])
    listed = await desk.ask("GET", "/admin/tokens")
    assert secret.encode() not in listed.body
    assert {**listed.json["data"][0], "secret": secret} == made
    for _ in range(2):  # to ask twice is to ask once
        gone = await desk.ask("POST", f"/admin/tokens/{made['id']}/revoke")
        assert (gone.status, gone.json["state"]) == (200, "revoked")
    refused = await desk.ask("GET", "/admin/whoami", token=secret)
    assert (refused.status, "revoked" in problem(refused)) == (401, True)


async def test_a_token_ends_by_itself(desk: Desk) -> None:
    soon = time.time_ns() // 1000 + 300_000
    secret = await desk.token("short", "auditor", expires_us=soon)
    assert (await desk.ask("GET", "/admin/whoami", token=secret)).status == 200
    while time.time_ns() // 1000 < soon:
        await desk.get("/admin/whoami")
    refused = await desk.ask("GET", "/admin/whoami", token=secret)
    assert (refused.status, "expired" in problem(refused)) == (401, True)


async def test_nobody_gives_away_or_ends_what_he_has_not(desk: Desk) -> None:
    whole = await desk.make("/admin/tokens", name="whole", role="admin")
    minter = await desk.token("minter", "admin", "tokens:write", "keys:write")
    for role, scopes in (
        ("admin", []),
        ("auditor", []),
        ("admin", ["keys:change"]),
        ("admin", ["keys:write", "log:read"]),
    ):
        body = {"name": "more", "role": role, "scopes": scopes}
        got = await desk.ask("POST", "/admin/tokens", body, minter)
        assert (got.status, "more than" in problem(got)) == (403, True), body
    ended = await desk.ask("POST", f"/admin/tokens/{whole['id']}/revoke", None, minter)
    assert ended.status == 403
    less = {"name": "less", "role": "admin", "scopes": ["keys:read", "team:default"]}
    assert (await desk.ask("POST", "/admin/tokens", less, minter)).status == 201
    bound = await desk.token("bound", "admin", "team:default")
    got = await desk.ask("POST", "/admin/tokens", {"name": "x", "role": "admin"}, bound)
    assert (got.status, "whole house" in problem(got)) == (403, True)


async def test_a_token_that_could_not_work_is_refused(desk: Desk) -> None:
    for body, status, says in (
        ({"name": "x", "role": "member"}, 400, "bound to nothing"),
        ({"name": "x", "role": "owner"}, 400, "'owner'"),
        ({"name": "x", "role": "admin", "scopes": ["keys:writ"]}, 400, "did you mean"),
        ({"name": "x", "role": "member", "scopes": ["team:none"]}, 404, "no team named"),
        ({"name": "a:b", "role": "admin"}, 400, "holds a :"),
        ({"name": "x", "role": "admin", "expires": "2001-01-01T00:00:00Z"}, 400, "expired"),
    ):
        got = await desk.ask("POST", "/admin/tokens", body)
        assert (got.status, says in problem(got)) == (status, True), got.body
    await desk.make("/admin/tokens", name="taken", role="auditor")
    again = await desk.ask("POST", "/admin/tokens", {"name": "taken", "role": "auditor"})
    assert (again.status, "living token" in problem(again)) == (409, True)
    lost = await desk.ask("POST", "/admin/tokens/nobody/revoke")
    assert (lost.status, "no living token" in problem(lost)) == (404, True)


async def test_whoami_tells_role_scopes_rights_and_bounds(desk: Desk) -> None:
    me = await desk.get("/admin/whoami")
    assert (me["name"], me["role"]) == ("server.admin_token", "admin")
    assert me["rights"] == list(RIGHTS)
    member = await desk.token("m", "member", "team:default", "keys:write")
    me = await desk.get("/admin/whoami", member)
    assert me["rights"] == ["orgs:read", "teams:read", "keys:read", "keys:write"]
    assert me["bound_to"] == ["team:t_default"]
