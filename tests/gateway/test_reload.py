"""Another configuration for a running gateway: it holds at once, and no call is dropped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from headgate import config as configuration
from headgate.gateway.serve import Listen, start
from headgate.gateway.start import open_gateway
from headgate.sim.app import Simulator
from tests.kit import ENV, PROVIDERS, Field, message, read_head, request, send

pytestmark = [pytest.mark.slow]
HEADGATE = Path(sys.executable).with_name("headgate")


@contextlib.asynccontextmanager
async def reloadable(folder: Path, text: str) -> AsyncIterator[tuple[Field, Path]]:
    """A gateway whose configuration is a file, as `headgate up` reads it."""
    sim = Simulator()
    server = await start(sim, Listen())
    path, ledger, log = folder / "headgate.toml", folder / "headgate.db", folder / "log"
    path.write_text("[server]\nport = 0\n" + (text + PROVIDERS).replace("{sim}", server.url))
    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def read() -> configuration.Config:
        return configuration.load_file(path, ENV | {"STORE": "postgresql://db.example/gate"})

    config = await asyncio.to_thread(read)
    opened = await open_gateway(config, ledger, log_descriptor=descriptor, reread=read)
    try:
        yield Field(sim, server, opened, ledger, log), path
    finally:
        await opened.close(at_once=True)
        await server.stop(at_once=True)
        os.close(descriptor)


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()))


async def reload(field: Field) -> tuple[int, str]:
    got = await request(field.opened.server.port, "POST", "/admin/reload")
    return got.status, got.body.decode()


async def test_a_reload_asks_accounts_again_that_were_passed_over(tmp_path: Path) -> None:
    text = """[providers.pool]
kind = "anthropic"
base_url = "{sim}"
api_keys = ["env:ANTHROPIC_API_KEY", "env:OPENAI_API_KEY"]
"""
    async with reloadable(tmp_path, text) as (field, _):
        call = message("pool:claude-haiku-5-5")
        field.sim.next("401")
        assert (await field.post("/v1/messages", call)).headers["x-headgate-tries"] == "2"
        (pool,) = (await field.get("/admin/targets")).json
        (shut,) = [it for it in pool["accounts"] if it["state"] == "quarantined"]
        assert 0 < shut["tried_again_in_s"] <= 60
        assert (await reload(field))[0] == 200
        (pool,) = (await field.get("/admin/targets")).json
        assert {it["state"] for it in pool["accounts"]} == {"live"}
        again = await field.post("/v1/messages", call)
        assert "x-headgate-tries" not in again.headers
        rows = await field.rows(2)
        first = [note["credential"] for note in json.loads(rows[0]["tries_json"])]
        assert first[0] == shut["account"]
        assert first[1] == rows[0]["credential"] == rows[1]["credential"]  # it is warm there
        assert sorted(first) == ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"]


async def test_a_reload_serves_new_names_and_drops_no_running_stream(tmp_path: Path) -> None:
    text = '[models]\nold = ["anthropic:claude-haiku-5-5"]\n'
    async with reloadable(tmp_path, text) as (field, path):
        port = field.opened.server.port
        asked = {"x-headgate-sim": "events=10;pace=0.05", "x-request-id": "across"}
        reader, writer = await send(
            port, "POST", "/v1/messages", message("old", stream=True), asked
        )
        assert (await read_head(reader))[0] == 200
        rewrite(path, lambda text: text.replace("old =", "new ="))
        status, said = await reload(field)
        assert (status, json.loads(said)["reloaded"]) == (200, True)
        assert (await field.post("/v1/messages", message("new"))).status == 200
        assert (await field.post("/v1/messages", message("old"))).status == 404
        async with asyncio.timeout(3):
            await reader.readuntil(b"message_stop")
        writer.close()
        assert (await field.row_of("across"))["ending"] == "complete"
        assert [line for line in field.logged() if line["event"] == "reloaded"]


async def test_a_mistake_in_the_new_configuration_changes_nothing(tmp_path: Path) -> None:
    text = '[models]\nold = ["anthropic:claude-haiku-5-5"]\n'
    async with reloadable(tmp_path, text) as (field, path):
        engine, cors = field.opened.house.engine, field.opened.house.cors
        rewrite(path, lambda text: text.replace("old =", "new =") + '\n[retrry]\ntries = "x"\n')
        status, said = await reload(field)
        assert status == 400
        error = json.loads(said)["error"]
        assert "did you mean" in error["message"].lower()
        assert "the old one stays" in error["hint"]
        assert (field.opened.house.engine, field.opened.house.cors) == (engine, cors)
        assert (await field.post("/v1/messages", message("old"))).status == 200
        path.unlink()
        assert (await reload(field))[0] == 400
        assert (await field.post("/v1/messages", message("old"))).status == 200


async def test_what_only_a_restart_can_change_is_said(tmp_path: Path) -> None:
    async with reloadable(tmp_path, "") as (field, path):
        rewrite(
            path,
            lambda text: (
                text.replace("port = 0", "port = 0\nping_s = 3\n")
                + '\n[ledger]\nlinger_ms = 1\n[store]\nurl = "env:STORE"\n'
                + "[sandbox]\nspares = 3\n"
            ),
        )
        _, said = await reload(field)
        notes = " ".join(json.loads(said)["notes"])
        assert "server.ping_s takes effect after a restart" in notes
        assert "[ledger]" in notes
        assert "[store] url and redis take effect after a restart" in notes
        assert "[sandbox] takes effect after a restart" in notes


async def test_new_prices_and_origins_hold_after_a_reload(tmp_path: Path) -> None:
    async with reloadable(tmp_path, "") as (field, path):
        await field.post("/v1/messages", message(), {"x-request-id": "before"})
        dear = 'port = 0\ncors_origins = ["https://a.example"]\n'
        dear += '[prices.overrides."anthropic:claude-haiku-5-5"]\ninput = 1000\noutput = 1000\n'
        rewrite(path, lambda text: text.replace("port = 0", dear))
        assert (await reload(field))[0] == 200
        headers = {"x-request-id": "after", "origin": "https://a.example"}
        got = await field.post("/v1/messages", message(), headers)
        assert got.headers["access-control-allow-origin"] == "https://a.example"
        before, after = [await field.row_of(id) for id in ("before", "after")]
        assert after["cost_nusd"] > 100 * before["cost_nusd"]


async def test_sighup_reloads_a_running_gateway(tmp_path: Path) -> None:
    sim = Simulator()
    server = await start(sim, Listen())
    path = tmp_path / "headgate.toml"
    path.write_text(
        '[models]\nold = ["anthropic:claude-haiku-5-5"]\n'
        + PROVIDERS.replace("{sim}", server.url)
    )
    up = await asyncio.create_subprocess_exec(
        *(str(HEADGATE), "up", "--config", str(path), "--port", "0", "--json"),
        env={**os.environ, **ENV},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert up.stdout is not None
    assert up.stderr is not None
    port = int(json.loads(await up.stdout.readline())["url"].rpartition(":")[2])
    assert (await request(port, "POST", "/v1/messages", message("old"))).status == 200
    await asyncio.to_thread(rewrite, path, lambda text: text.replace("old =", "new ="))
    up.send_signal(1)
    async with asyncio.timeout(5):
        while b"reloaded" not in await up.stderr.readline():
            pass
    assert (await request(port, "POST", "/v1/messages", message("new"))).status == 200
    await asyncio.to_thread(rewrite, path, lambda text: text + "\n[nonsense]\n")
    up.send_signal(1)
    async with asyncio.timeout(5):
        while b"refused" not in await up.stderr.readline():
            pass
    assert (await request(port, "POST", "/v1/messages", message("new"))).status == 200
    up.terminate()
    await up.communicate()
    await server.stop(at_once=True)
    assert up.returncode == 0
