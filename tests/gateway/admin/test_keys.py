"""Virtual keys over HTTP: they work at once, secrets are shown once, an end is the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from tests.gateway.admin.desk import Desk, opened, problem
from tests.kit import message

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    async with opened() as found:
        yield found


NONE: dict[str, object] = {"limits": {}}


async def call(desk: Desk, secret: str) -> int:
    got = await desk.field.post("/v1/messages", message(), {"x-api-key": secret})
    return got.status


async def test_a_key_works_from_the_answer_on_and_opens_nothing_once_it_is_revoked(
    desk: Desk,
) -> None:
    made = await desk.make("/admin/keys", name="alice", metadata={"owner": "ana"})
    secret = made["secret"]
    assert await call(desk, secret) == 200
    shown = await desk.ask("GET", "/admin/keys/alice")
    assert secret.encode() not in shown.body
    assert {**shown.json, "secret": secret} == made
    assert shown.json["secrets"][0]["last4"] == secret[-4:]
    for _ in range(2):  # to ask twice is to ask once
        gone = await desk.ask("POST", f"/admin/keys/{made['id']}/revoke")
        assert (gone.status, gone.json["state"]) == (200, "revoked")
    assert await call(desk, secret) == 401
    assert (await desk.get(f"/admin/keys/{made['id']}"))["state"] == "revoked"
    by_name = await desk.ask("GET", "/admin/keys/alice")
    assert (by_name.status, "no living key" in problem(by_name)) == (404, True)
    dead = await desk.ask("PATCH", f"/admin/keys/{made['id']}", {"tags": []})
    assert dead.status == 404


async def test_rotation_gives_a_second_secret_and_ends_the_first_when_asked(desk: Desk) -> None:
    made = await desk.make("/admin/keys", name="bob")
    first = made["secret"]
    second = (await desk.ask("POST", "/admin/keys/bob/rotate")).json["secret"]
    assert [await call(desk, s) for s in (first, second)] == [200, 200]
    third = await desk.ask("POST", "/admin/keys/bob/rotate", {"overlap_s": 60})
    assert (third.status, "two live secrets" in problem(third)) == (409, True)
    last = (await desk.ask("POST", "/admin/keys/bob/rotate", {"overlap_s": 0})).json["secret"]
    assert [await call(desk, s) for s in (first, second, last)] == [401, 401, 200]
    body = (await desk.ask("GET", "/admin/log?limit=1000")).body
    assert not [s for s in (first, second, last) if s.encode() in body]


async def test_what_a_key_is_given_can_be_changed_and_is_held_at_once(desk: Desk) -> None:
    made = await desk.make("/admin/keys", name="carol")
    until = datetime.now(UTC) + timedelta(days=1)
    change = {"models": ["claude-opus-*"], "expires": until.isoformat()}
    changed = (await desk.ask("PATCH", "/admin/keys/carol", change)).json
    assert changed["models"] == ["claude-opus-*"]
    assert datetime.fromisoformat(changed["expires"]) == until
    assert await call(desk, made["secret"]) == 403
    caps = {"budgets": [{"usd": "10", "period": "day", "kind": "soft"}], "lower_output": True}
    changed = (await desk.ask("PATCH", "/admin/keys/carol", {"caps": caps})).json
    assert changed["caps"]["budgets"] == [{"usd": "10.00", "period": "day", "kind": "soft"}]
    again = (await desk.ask("PATCH", "/admin/keys/carol", {"caps": changed["caps"]})).json
    assert again == changed  # what is shown can be sent back
    assert (await desk.ask("PATCH", "/admin/keys/carol", {"caps": {}})).json["caps"] == NONE


async def test_keys_are_listed_by_organisation_team_and_state(desk: Desk) -> None:
    await desk.make("/admin/orgs", name="acme")
    await desk.make("/admin/teams", name="search", organisation="acme")
    await desk.make("/admin/keys", name="in search", team="search")
    gone = await desk.make("/admin/keys", name="gone", team="search")
    await desk.ask("POST", f"/admin/keys/{gone['id']}/revoke")

    async def names(query: str) -> list[str]:
        return [key["name"] for key in (await desk.get(f"/admin/keys?{query}"))["data"]]

    assert await names("team=search") == ["in search", "gone"]
    assert await names("organisation=acme&state=living") == ["in search"]
    assert await names("team=acme/search&state=revoked") == ["gone"]
    page = await desk.get("/admin/keys?team=search&limit=1")
    assert page["next"] == page["data"][0]["id"]
    assert await names(f"team=search&after={page['next']}") == ["gone"]


async def test_a_member_with_the_scope_makes_and_ends_keys_of_his_teams_alone(
    desk: Desk,
) -> None:
    await desk.make("/admin/teams", name="ours", caps={"limits": {"requests": 100}})
    await desk.make("/admin/teams", name="others")
    other = await desk.make("/admin/keys", name="other", team="others")
    reader = await desk.token("reader", "member", "team:ours")
    writer = await desk.token("writer", "member", "team:ours", "keys:write")
    new = {"name": "mine", "team": "ours"}
    refused = await desk.ask("POST", "/admin/keys", new, reader)
    assert (refused.status, "keys:write" in problem(refused)) == (403, True)
    made = await desk.ask("POST", "/admin/keys", new, writer)
    assert made.status == 201, made.body
    assert await call(desk, made.json["secret"]) == 200
    assert (await desk.ask("POST", "/admin/keys/mine/rotate", {}, writer)).status == 200
    seen = (await desk.get("/admin/keys", reader))["data"]
    assert [key["name"] for key in seen] == ["mine"]
    for method, path, body in (
        ("GET", f"/admin/keys/{other['id']}", None),
        ("POST", "/admin/keys/other/rotate", {}),
        ("POST", f"/admin/keys/{other['id']}/revoke", None),
        ("GET", "/admin/keys/other/spend", None),
        ("POST", "/admin/keys", {"name": "x", "team": "others"}),
        ("POST", "/admin/keys", {"name": "x"}),
    ):
        got = await desk.ask(method, path, body, writer)
        assert got.status == 404, (path, got.body)
    limits = await desk.ask("PATCH", "/admin/keys/mine", {"caps": {}}, writer)
    assert (limits.status, "role admin" in problem(limits)) == (403, True)
    assert (await desk.ask("POST", "/admin/keys/mine/revoke", None, writer)).status == 200
    told = [(who, what) for who, what, _ in await desk.deeds() if who == "writer"]
    assert told == [("writer", f"key.{verb}") for verb in ("create", "rotate", "revoke")]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "missing required field `name`"),
        ({"name": ""}, "length >= 1"),
        ({"name": "x", "colour": "red"}, "unknown field `colour`"),
        ({"name": "x", "surfaces": ["fax"]}, "'fax'"),
        ({"name": "x", "tags": ["a b"]}, "is no tag"),
        ({"name": "x", "expires": "2001-01-01T00:00:00Z"}, "expired already"),
        ({"name": "x", "expires": "2099-01-01T00:00:00"}, "timezone"),
        ({"name": "x", "caps": {"budgets": [{"usd": "0", "period": "day"}]}}, "more than $0"),
        ({"name": "x", "caps": {"budgets": [{"usd": "1", "period": "year"}]}}, "'year'"),
        ({"name": "x", "caps": {"limits": {"burst": 5}}}, "requests are not limited"),
        ({"name": "x", "caps": {"limits": {"requests": -1}}}, ">= 0"),
        ({"name": "x", "metadata": {"a": "x" * 5000}}, "longer than 4096"),
        (b"{", "the body"),
        (b"\xff", "the body"),
        (b"[" * 20_000, "the body"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_place(
    desk: Desk, body: object, says: str
) -> None:
    got = await desk.ask("POST", "/admin/keys", body)
    assert (got.status, says in problem(got)) == (400, True), got.body


async def test_a_body_without_end_is_not_read_to_its_end(desk: Desk) -> None:
    got = await desk.ask("POST", "/admin/keys", b'{"name": "' + b"x" * 100_000)
    assert got.status == 413
