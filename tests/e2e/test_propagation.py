"""What is changed on a host holds in every one of its workers within a second."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.crew import Fan, Host, host, until_all
from tests.kit import message, request

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

WITHIN_S = 1.0
ADMIN = "a" * 32


def secret(at: Host, *words: str) -> str:
    return str(json.loads(at.run("keys", "create", *words, "--json"))["secret"])


def test_keys_and_teams_reach_every_worker_within_a_second(tmp_path: Path) -> None:
    async def play(at: Host) -> dict[str, float]:
        took: dict[str, float] = {}
        async with Fan(at.port) as fan:
            at.run("teams", "create", "--name", "crew")
            key = secret(at, "--name", "first", "--team", "crew")

            async def reach(name: str, status: int) -> None:
                took[name] = await until_all(
                    lambda: fan.ask("GET", "/v1/models", key=key),
                    lambda got: got.status == status,
                )
                answers = await fan.ask("GET", "/v1/models", key=key)
                assert {got.status for got in answers} == {status}

            await reach("new key", 200)
            at.run("teams", "archive", "crew")
            await reach("team archived", 401)
            at.run("teams", "archive", "crew", "--undo")
            await reach("team opened again", 200)
            at.run("keys", "revoke", "first")
            await reach("key revoked", 401)
        return took

    with host(tmp_path, 3) as at:
        secret(at, "--name", "keep")
        took = asyncio.run(play(at))
        print(took)
        assert max(took.values()) < WITHIN_S, took


def test_limits_and_budgets_reach_every_worker_within_a_second(tmp_path: Path) -> None:
    async def play(at: Host, key: str) -> dict[str, float]:
        took: dict[str, float] = {}
        async with Fan(at.port) as fan:
            for name, words, served in (
                ("budget", ["--budget", "0.000001/day"], False),
                ("budget gone", ["--no-budgets"], True),
                ("limit", ["--limit", "requests=1", "--limit", "burst=1"], False),
                ("limit gone", ["--no-limits"], True),
            ):
                at.run("keys", "update", "keep", *words)
                took[name] = await until_all(
                    lambda: fan.ask("POST", "/v1/messages", message(max_tokens=9), key),
                    lambda got, served=served: (got.status == 200) is served,  # type: ignore[misc]
                )
        return took

    with host(tmp_path, 3) as at:
        took = asyncio.run(play(at, secret(at, "--name", "keep")))
        print(took)
        assert max(took.values()) < WITHIN_S, took


def test_a_reload_of_one_worker_or_by_signal_reaches_all_and_is_said_once(
    tmp_path: Path,
) -> None:
    async def play(at: Host) -> dict[str, float]:
        took: dict[str, float] = {}
        async with Fan(at.port) as fan:

            async def reach(name: str, model: bytes) -> None:
                took[name] = await until_all(
                    lambda: fan.ask("GET", "/v1/models"), lambda got: model in got.body
                )

            at.toml.write_text(at.toml.read_text() + '[models]\nfresh = "anthropic:c-1"\n')
            bearer = {"authorization": f"Bearer {ADMIN}"}
            got = await request(at.port, "POST", "/admin/reload", None, bearer)
            assert got.status == 200, got.body
            await reach("reload of one", b'"fresh"')
            at.toml.write_text(at.toml.read_text().replace("fresh", "fresher"))
            at.up.send_signal(signal.SIGHUP)
            await reach("SIGHUP", b'"fresher"')
        return took

    with host(tmp_path, 3, server='admin_token = "env:ADMIN"', ADMIN=ADMIN) as at:
        took = asyncio.run(play(at))
        print(took)
        assert max(took.values()) < WITHIN_S, took
        until = time.monotonic() + 5
        while at.log.read_text().splitlines().count("reloaded") < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(0.2)
        assert at.log.read_text().splitlines().count("reloaded") == 2
