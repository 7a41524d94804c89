"""What a key may use: refused in the caller's words, listed, charged, changed while we run."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from headgate.store import keys as store
from headgate.store import tenant as tenants
from headgate.store.sqlite import connect
from headgate.store.tenant import TEAM
from headgate.store.traits import Changes
from tests.kit import HASTE, Field, chat, message, running

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
HEADGATE = Path(sys.executable).with_name("headgate")
ALIAS = """
[models]
swift = "anthropic:claude-haiku-5-5"
"""


def now_us() -> int:
    return time.time_ns() // 1000


def make(ledger: Path, team: Changes, key: Changes) -> str:
    """The secret of a key of the team search, as another process would make it."""
    with contextlib.closing(connect(ledger)) as connection:
        tenants.create(connection, "search", parent="default", changes=team, now_us=now_us())
        made = store.create(connection, "alice", team="search", changes=key, now_us=now_us())
        return made[1]


async def keyed(field: Field, team: Changes, key: Changes = Changes()) -> dict[str, str]:  # noqa: B008 - frozen
    secret = await asyncio.to_thread(make, field.ledger, team, key)
    field.opened.house.keys.refresh()
    return {"x-api-key": secret}


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/v1/messages", message(model="gpt-6-luna"), "permission_error"),
        (
            "/v1/messages/count_tokens",
            {"model": "gpt-6-luna", "messages": []},
            "permission_error",
        ),
        ("/v1/chat/completions", chat(model="gpt-6-luna"), None),
        ("/v1/responses", {"model": "gpt-6-luna", "input": "hi", "stream": True}, None),
        ("/v1/embeddings", {"model": "gpt-6-luna", "input": "hi"}, None),
    ],
)
async def test_a_model_that_is_not_allowed_is_a_403_in_every_dialect_and_a_row(
    path: str, body: dict[str, Any], kind: str | None
) -> None:
    async with running() as field:
        headers = await keyed(field, Changes(models=("claude-haiku-*", "swift")))
        got = await field.post(path, body, headers)
        assert (got.status, got.headers["x-should-retry"]) == (403, "false")
        said = got.json["error"]["message"]
        assert "team 'search' may not use model 'gpt-6-luna'" in said
        assert said.endswith("this key may use claude-haiku-*, swift")
        if kind is not None:
            assert got.json["error"]["type"] == kind
        row = await field.row()
        assert (row["status"], row["fault"], row["tries"]) == (403, "forbidden", 0)
        assert (row["model_asked"], row["team"]) == ("gpt-6-luna", "search")
        assert field.sim.total_calls == 0


async def test_a_surface_that_is_not_allowed_is_refused_and_the_others_work() -> None:
    async with running() as field:
        headers = await keyed(field, Changes(), Changes(surfaces=("messages",)))
        got = await field.post("/v1/chat/completions", chat(), headers)
        assert got.status == 403
        assert got.json["error"]["message"].endswith("this key may use messages")
        assert (await field.post("/v1/messages", message(), headers)).status == 200


async def test_the_name_the_caller_sent_counts_whatever_it_leads_to() -> None:
    async with running(HASTE + ALIAS) as field:
        headers = await keyed(field, Changes(models=("swift",)))
        assert (await field.post("/v1/messages", message(model="swift"), headers)).status == 200
        for other in ("claude-haiku-5-5", "anthropic:claude-haiku-5-5", "SWIFT", "swift "):
            got = await field.post("/v1/messages", message(model=other), headers)
            assert got.status == 403, other


async def test_the_list_of_models_holds_only_what_the_key_may_use() -> None:
    async with running(HASTE + ALIAS) as field:
        headers = await keyed(field, Changes(models=("claude-haiku-*", "swift")))
        for more in ({}, {"anthropic-version": "2023-06-01"}):
            listed = (await field.get("/v1/models?limit=1000", headers | more)).json["data"]
            names = [each["id"] for each in listed]
            assert "swift" in names
            assert "claude-haiku-5-5" in names
            assert all(name == "swift" or name.startswith("claude-haiku-") for name in names)
        assert (await field.get("/v1/models/swift", headers)).status == 200
        got = await field.get("/v1/models/gpt-6-luna", headers)
        assert got.status == 403
        assert "this key may use" in got.json["error"]["message"]


async def test_a_row_tells_who_is_charged_and_whose_tags_are_whose() -> None:
    async with running() as field:
        team = Changes(cost_centre="4711", tags=("squad=ir",))
        headers = await keyed(field, team, Changes(tags=("own=1",)))
        declared = {"x-headgate-tags": "nightly, own=1,squad=other"}
        await field.post("/v1/messages", message(), headers | declared)
        row = await field.row()
        charged = ("organisation", "team", "cost_centre", "key_tags", "tags")
        assert [row[name] for name in charged] == [
            "default",
            "search",
            "4711",
            "own=1,squad=ir",
            "own=1,squad=ir,nightly,squad=other",
        ]


async def test_without_keys_nobody_is_charged_and_nothing_is_forbidden() -> None:
    async with running() as field:
        assert (await field.post("/v1/messages", message())).status == 200
        row = await field.row()
        assert (row["organisation"], row["team"], row["key_tags"]) == ("", "", "")


class Kept:
    """A client connection that stays open from call to call."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._headers = {"content-type": "application/json", **headers}

    def ask(self) -> int:
        body = json.dumps(message())
        self._connection.request("POST", "/v1/messages", body, self._headers)
        reply = self._connection.getresponse()
        reply.read()
        return reply.status

    def close(self) -> None:
        self._connection.close()


async def headgate(ledger: Path, *words: str) -> str:
    """Another process: the operator's command line."""
    process = await asyncio.create_subprocess_exec(
        *(str(HEADGATE), *words, "--ledger", str(ledger)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode().strip()


async def test_what_another_process_changes_counts_within_a_second_on_open_connections() -> (
    None
):
    """Every step is measured on one connection that was let in before the change."""
    async with running() as field:
        headers = await keyed(field, Changes())
        with contextlib.closing(Kept(field.opened.server.port, headers)) as kept:
            assert await asyncio.to_thread(kept.ask) == 200
            for words, status in (
                (("teams", "update", "search", "--model", "gpt-*"), 403),
                (("teams", "update", "search", "--any-model"), 200),
                (("keys", "update", "alice", "--surface", "chat"), 403),
                (("keys", "update", "alice", "--any-surface"), 200),
                (("teams", "archive", "search"), 401),
                (("teams", "archive", "search", "--undo"), 200),
                (("keys", "revoke", "alice"), 401),
            ):
                await headgate(field.ledger, *words)
                await asyncio.sleep(0.9)
                assert await asyncio.to_thread(kept.ask) == status, words


async def test_a_rotated_secret_works_beside_the_old_one_until_that_is_ended() -> None:
    async with running() as field:
        old = await keyed(field, Changes())
        with contextlib.closing(Kept(field.opened.server.port, old)) as kept:
            assert await asyncio.to_thread(kept.ask) == 200
            new = {"x-api-key": await headgate(field.ledger, "keys", "rotate", "alice")}
            await asyncio.sleep(0.9)
            assert await asyncio.to_thread(kept.ask) == 200
            assert (await field.post("/v1/messages", message(), new)).status == 200
            words = ("keys", "rotate", "alice", "--overlap", "0h")
            last = {"x-api-key": await headgate(field.ledger, *words)}
            await asyncio.sleep(0.9)
            assert await asyncio.to_thread(kept.ask) == 401
            got = await field.post("/v1/messages", message(), new)
            assert "another has replaced it" in got.json["error"]["message"]
            assert (await field.post("/v1/messages", message(), last)).status == 200


def days_of_use(ledger: Path) -> list[int]:
    with contextlib.closing(connect(ledger)) as connection:
        key = store.living(connection, "alice")
        return [each.used_day for each in store.secrets_of(connection, key.id)]


async def test_the_day_of_last_use_is_written_once_while_calls_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headgate.gateway.start.STAMP_S", 0.05)
    async with running() as field:
        headers = await keyed(field, Changes())
        assert await asyncio.to_thread(days_of_use, field.ledger) == [0]
        await field.post("/v1/messages", message(), headers)
        for _ in range(100):
            if not field.opened.house.keys.used():
                break
            await asyncio.sleep(0.02)
        assert await asyncio.to_thread(days_of_use, field.ledger) == [now_us() // store.DAY_US]
        await field.post("/v1/messages", message(), headers)
        assert field.opened.house.keys.used() == []


async def test_narrowing_a_team_narrows_keys_that_were_given_more_before() -> None:
    async with running() as field:
        headers = await keyed(field, Changes(), Changes(models=("claude-*", "gpt-*")))

        def narrow() -> None:
            with contextlib.closing(connect(field.ledger)) as connection:
                tenants.update(connection, TEAM, "search", Changes(models=("gpt-*",)))

        await asyncio.to_thread(narrow)
        field.opened.house.keys.refresh()
        got = await field.post("/v1/messages", message(), headers)
        assert got.json["error"]["message"].endswith("this key may use gpt-*")
