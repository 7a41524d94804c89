"""Organisations and teams over HTTP: made, changed, closed, opened, each within its reach."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.gateway.admin.desk import Desk, opened, problem

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    async with opened() as found:
        yield found


async def test_an_organisation_is_made_shown_changed_closed_and_opened_again(
    desk: Desk,
) -> None:
    caps = {"budgets": [{"usd": "25.50", "period": "month"}], "limits": {"requests": 60}}
    made = await desk.make("/admin/orgs", name="acme", cost_centre="4711", caps=caps)
    assert (made["state"], made["archived"], made["cost_centre"]) == ("open", None, "4711")
    assert made["caps"]["budgets"] == [{"usd": "25.50", "period": "month", "kind": "hard"}]
    assert made["caps"]["limits"] == {"requests": 60}
    for words in ("acme", made["id"]):
        assert await desk.get(f"/admin/orgs/{words}") == made
    changed = await desk.ask(
        "PATCH", "/admin/orgs/acme", {"tags": ["a=b"], "metadata": {"x": 1}}
    )
    assert changed.json == {**made, "tags": ["a=b"], "metadata": {"x": 1}}
    for _ in range(2):  # to ask twice is to ask once
        closed = await desk.ask("POST", "/admin/orgs/acme/archive")
        assert (closed.status, closed.json["state"]) == (200, "archived")
    for _ in range(2):
        back = await desk.ask("POST", "/admin/orgs/acme/restore")
        assert (back.status, back.json["state"], back.json["archived"]) == (200, "open", None)
    told = [deed for deed in await desk.deeds() if deed[2] == f"organisation:{made['id']}"]
    assert [action for _, action, _ in told] == [
        f"organisation.{verb}" for verb in ("create", "update", "archive", "restore")
    ]
    assert {actor for actor, _, _ in told} == {"server.admin_token"}


async def test_a_team_belongs_to_its_organisation_and_is_listed_by_it(desk: Desk) -> None:
    await desk.make("/admin/orgs", name="beta", models=["claude-*"])
    made = await desk.make("/admin/teams", name="search", organisation="beta")
    assert made["organisation"]["name"] == "beta"
    found = await desk.get("/admin/teams?organisation=beta")
    assert [team["name"] for team in found["data"]] == ["search"]
    wide = await desk.ask("PATCH", "/admin/teams/search", {"models": ["gpt-*"]})
    assert (wide.status, "does not allow the model" in problem(wide)) == (400, True)
    await desk.ask("POST", "/admin/orgs/beta/archive")
    assert (await desk.get("/admin/teams/search"))["state"] == "organisation archived"
    late = await desk.ask("POST", "/admin/teams", {"name": "late", "organisation": "beta"})
    assert (late.status, "is archived" in problem(late)) == (409, True)


async def test_a_name_that_is_taken_or_unknown_or_meant_twice_is_told_apart(desk: Desk) -> None:
    await desk.make("/admin/orgs", name="gamma")
    await desk.make("/admin/orgs", name="delta")
    again = await desk.ask("POST", "/admin/orgs", {"name": "gamma"})
    assert (again.status, "exists already" in problem(again)) == (409, True)
    for organisation in ("gamma", "delta"):
        await desk.make("/admin/teams", name="twins", organisation=organisation)
    both = await desk.ask("GET", "/admin/teams/twins")
    assert (both.status, "say which" in problem(both)) == (409, True)
    lost = await desk.ask("GET", "/admin/orgs/gama")
    assert (lost.status, "did you mean 'gamma'?" in problem(lost)) == (404, True)


async def test_pages_follow_each_other_without_gap_or_repeat(desk: Desk) -> None:
    for number in range(5):
        await desk.make("/admin/orgs", name=f"page {number}")
    every = [each["id"] for each in (await desk.get("/admin/orgs?limit=1000"))["data"]]
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await desk.get(f"/admin/orgs?limit=2&after={after}")
        seen += [each["id"] for each in page["data"]]
        after = page["next"]
    assert seen == every
    lost = await desk.ask("GET", "/admin/orgs?after=o_none")
    assert (lost.status, "o_none" in problem(lost)) == (400, True)


async def test_whoever_is_bound_sees_and_changes_only_that(desk: Desk) -> None:
    await desk.make("/admin/orgs", name="one")
    await desk.make("/admin/orgs", name="two")
    mine = await desk.make("/admin/teams", name="mine", organisation="one")
    theirs = await desk.make("/admin/teams", name="theirs", organisation="two")
    boss = await desk.token("boss", "admin", "organisation:one")
    assert [o["name"] for o in (await desk.get("/admin/orgs", boss))["data"]] == ["one"]
    assert [t["name"] for t in (await desk.get("/admin/teams", boss))["data"]] == ["mine"]
    made = await desk.ask("POST", "/admin/teams", {"name": "new", "organisation": "one"}, boss)
    assert made.status == 201
    for method, path, body in (
        ("GET", f"/admin/teams/{theirs['id']}", None),
        ("GET", "/admin/teams/theirs", None),
        ("GET", "/admin/orgs/two", None),
        ("PATCH", "/admin/teams/theirs", {}),
        ("POST", "/admin/teams", {"name": "x", "organisation": "two"}),
        ("POST", "/admin/teams", {"name": "x", "organisation": "nowhere"}),
        ("GET", "/admin/teams?organisation=two", None),
    ):
        got = await desk.ask(method, path, body, boss)
        assert got.status == 404, (path, got.body)
        assert "bound to" in problem(got)
        assert theirs["id"] not in got.json["error"]["hint"]
    house = await desk.ask("POST", "/admin/orgs", {"name": "three"}, boss)
    assert (house.status, "whole house" in problem(house)) == (403, True)
    member = await desk.token("member", "member", "team:mine")
    assert (await desk.get("/admin/orgs", member))["data"] == []
    assert (await desk.get("/admin/teams", member))["data"] == [mine]
