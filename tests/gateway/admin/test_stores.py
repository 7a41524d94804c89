"""The admin API is the same on a file and on a server: changes, roles, its log, spend."""

from __future__ import annotations

import asyncio
import contextlib
import os

import pytest

from headgate import config as configuration
from headgate.gateway.start import open_gateway
from headgate.store import admintoken
from headgate.store.admintoken import Wish
from headgate.store.place import Place, connect
from tests.gateway.admin.desk import TOKEN
from tests.kit import ENV, Got, request

pytestmark = pytest.mark.slow
TOML = """
[server]
port = 0
admin_token = "env:ADMIN"
[providers.anthropic]
base_url = "http://127.0.0.1:1"
api_key = "env:ANTHROPIC_API_KEY"
"""


async def test_everything_is_administered_alike_wherever_the_store_lies(store: Place) -> None:
    env = {**ENV, "ADMIN": TOKEN}
    config = await asyncio.to_thread(configuration.load, TOML, env, source="test")
    member = await asyncio.to_thread(member_of, store)
    descriptor = os.open(os.devnull, os.O_WRONLY)
    opened = await open_gateway(config, store, log_descriptor=descriptor)

    async def ask(method: str, path: str, body: object = None, token: str = TOKEN) -> Got:
        sent = {"authorization": f"Bearer {token}"}
        return await request(opened.server.port, method, path, body, sent)

    try:
        steps: list[tuple[str, str, object, int]] = [
            ("POST", "/admin/orgs", {"name": "acme"}, 201),
            ("POST", "/admin/orgs", {"name": "acme"}, 409),
            ("POST", "/admin/teams", {"name": "search", "organisation": "acme"}, 201),
            ("PATCH", "/admin/teams/search", {"caps": {"limits": {"requests": 5}}}, 200),
            ("POST", "/admin/keys", {"name": "a", "team": "search"}, 201),
            ("POST", "/admin/keys/a/rotate", None, 200),
            ("PATCH", "/admin/keys/a", {"tags": ["x=y"]}, 200),
            ("GET", "/admin/keys/a/spend?days=3", None, 200),
            ("POST", "/admin/keys/a/revoke", None, 200),
            ("POST", "/admin/teams/search/archive", None, 200),
            ("POST", "/admin/teams/search/restore", None, 200),
            ("POST", "/admin/tokens", {"name": "t", "role": "auditor"}, 201),
            ("POST", "/admin/tokens/t/revoke", None, 200),
            ("POST", "/admin/reload", None, 200),
        ]
        for method, path, body, status in steps:
            got = await ask(method, path, body)
            assert got.status == status, (path, got.body)
        assert (await ask("GET", "/admin/teams", token=member)).json["data"][0]["name"] == (
            "default"
        )
        made = await asyncio.gather(
            *(ask("POST", "/admin/orgs", {"name": f"o{number}"}) for number in range(8))
        )
        assert {each.status for each in made} == {201}
        same = await asyncio.gather(
            *(ask("POST", "/admin/keys", {"name": "same"}) for _ in range(4))
        )
        assert sorted(each.status for each in same) == [201, 409, 409, 409]
        found = (await ask("GET", "/admin/log/verify")).json
        assert (found["whole"], found["rows"]) == (True, 1 + 12 + 8 + 1)
        log = (await ask("GET", "/admin/log?limit=3&action=config")).json
        assert [row["action"] for row in log["data"]] == ["config.reload"]
    finally:
        await opened.close(at_once=True)
        os.close(descriptor)


def member_of(store: Place) -> str:
    with contextlib.closing(connect(store)) as held:
        wish = Wish("member", "member", ("team:default",))
        return admintoken.create(held, wish, now_us=1)[1]
