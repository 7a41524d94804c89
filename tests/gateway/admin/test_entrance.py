"""Who is let in: this host until there is a token, key or issuer; then those who are known."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.admin.desk import TOKEN, opened, problem
from tests.kit import Field, request, running, with_key

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]

OIDC = """
[admin.oidc]
issuer = "http://127.0.0.1:9"
client_id = "headgate"
[admin.oidc.roles."groups=ops"]
role = "admin"
"""


async def plain(field: Field, **headers: str) -> int:
    got = await request(field.opened.server.port, "GET", "/admin/whoami", None, headers)
    return got.status


async def test_this_host_alone_is_let_in_while_nothing_else_is_there() -> None:
    async with running("") as field:
        me = (await field.get("/admin/whoami")).json
        assert (me["name"], me["role"]) == ("loopback", "admin")
        assert await plain(field, host="evil.example") == 403
        assert await plain(field, origin="http://localhost") == 403


async def test_the_first_token_closes_that_way_and_so_does_the_first_key() -> None:
    async with opened() as desk:  # with an operator's token it never was open
        assert (await desk.ask("GET", "/admin/whoami", token=None)).status == 401
    async with running("") as field:
        made = await request(
            field.opened.server.port,
            "POST",
            "/admin/tokens",
            {"name": "first", "role": "auditor"},
        )
        secret = made.json["secret"]
        assert await plain(field) == 401
        assert await plain(field, authorization=f"Bearer {secret}") == 200
    async with running("") as field:
        await asyncio.to_thread(with_key, field.ledger)
        field.opened.house.keys.refresh()
        got = await field.get("/admin/whoami")
        assert (got.status, "headgate admin token create" in problem(got)) == (403, True)


async def test_an_issuer_closes_that_way_too() -> None:
    async with running(OIDC) as field:
        got = await field.get("/admin/whoami")
        assert (got.status, "/admin/login" in problem(got)) == (401, True)


async def test_only_bearer_is_understood_and_nothing_is_said_of_what_was_sent() -> None:
    async with opened() as desk:
        for value in (
            f"Basic {TOKEN}",
            TOKEN,
            "Bearer",
            "Bearer ",
            f"Token {TOKEN}",
            "Bearer é",
        ):
            got = await desk.ask(
                "GET", "/admin/whoami", token=None, headers={"authorization": value}
            )
            assert got.status == 401, value
            assert TOKEN.encode() not in got.body
            assert got.headers["www-authenticate"].startswith("Bearer")
        assert (await desk.ask("GET", "/admin/whoami", token=f"  {TOKEN} ")).status == 200


async def test_whoever_is_turned_away_is_in_the_log_of_the_gateway_without_what_was_sent() -> (
    None
):
    async with opened() as desk:
        reader = await desk.token("reader", "auditor")
        await desk.ask("GET", "/admin/keys/hg-wrong-secret", token="hga-wrong-secret")
        await desk.ask("POST", "/admin/orgs", {"name": "x"}, reader)
        await desk.ask("GET", "/admin/orgs/lost", token=reader)
        said = [line for line in desk.field.logged() if line["event"] == "admin_refused"]
        assert [(line["status"], line["method"], line["path"]) for line in said] == [
            (401, "GET", "/admin/keys/{id}"),
            (403, "POST", "/admin/orgs"),
        ]
        assert "'reader' is auditor" in said[1]["message"]
        assert "wrong-secret" not in str(said)
