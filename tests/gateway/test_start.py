"""Opening and closing a gateway: nothing listens that should not, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from headgate import config as configuration
from headgate.engine import story
from headgate.gateway.serve import Listen, start
from headgate.gateway.start import Opened, open_gateway
from headgate.sim.app import Simulator
from headgate.store.sqlite import StoreError
from tests.kit import (
    ENV,
    PROVIDERS,
    Field,
    Got,
    chat,
    message,
    read_head,
    request,
    response,
    running,
    send,
    with_key,
)

pytestmark = [pytest.mark.slow]
HEADGATE = Path(sys.executable).with_name("headgate")
PLANTED = "the-heron-waits-beside-the-quiet-weir"
ANSWERED = "seven-otters-crossed-the-frozen-lock"


@contextlib.asynccontextmanager
async def reloadable(folder: Path, text: str) -> AsyncIterator[tuple[Field, Path]]:
    """A gateway whose configuration is a file, as `headgate up` reads it."""
    sim = Simulator()
    server = await start(sim, Listen())
    path, ledger, log = folder / "headgate.toml", folder / "headgate.db", folder / "log"
    path.write_text("[server]\nport = 0\n" + (text + PROVIDERS).replace("{sim}", server.url))
    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def read() -> configuration.Config:
        return configuration.load_file(path, ENV)

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


async def opened_on(host: str, ledger: Path) -> Opened:
    text = f'[server]\nport = 0\nhost = "{host}"\n' + PROVIDERS.replace(
        "{sim}", "http://[::1]:9"
    )
    config = await asyncio.to_thread(configuration.load, text, ENV, source="test")
    return await open_gateway(config, ledger, log_descriptor=os.open(os.devnull, os.O_WRONLY))


async def test_without_a_key_it_listens_on_loopback_only_whatever_the_host(
    tmp_path: Path,
) -> None:
    opened = await opened_on("0.0.0.0", tmp_path / "headgate.db")  # noqa: S104 - the point
    assert opened.keyless
    assert opened.server.host == "127.0.0.1"
    await opened.close(at_once=True)


async def test_without_a_key_the_other_loopback_is_loopback_too(tmp_path: Path) -> None:
    opened = await opened_on("::1", tmp_path / "headgate.db")
    try:
        assert opened.server.host == "::1"
        assert opened.server.url.startswith("http://[::1]:")
    finally:
        await opened.close(at_once=True)


async def test_with_a_key_it_listens_where_it_was_told_and_asks_for_the_key(
    tmp_path: Path,
) -> None:
    secret = await asyncio.to_thread(with_key, tmp_path / "headgate.db")
    opened = await opened_on("0.0.0.0", tmp_path / "headgate.db")  # noqa: S104 - the point
    assert not opened.keyless
    assert opened.server.host == "0.0.0.0"  # noqa: S104 - the point
    port = opened.server.port
    assert (await request(port, "POST", "/v1/messages", message())).status == 401
    assert (await request(port, "GET", "/v1/models", None, {"x-api-key": secret})).status == 200
    await opened.close(at_once=True)


async def test_a_ledger_that_cannot_be_used_is_said_before_anything_listens(
    tmp_path: Path,
) -> None:
    (tmp_path / "headgate.db").write_text("this is no database at all, whatever its name says")
    with pytest.raises(StoreError, match="not an SQLite database"):
        await opened_on("127.0.0.1", tmp_path / "headgate.db")


async def test_calls_left_open_by_a_dead_process_are_named_at_the_next_start(
    tmp_path: Path,
) -> None:
    code = """
import os, sys
from pathlib import Path
from headgate.ledger.record import Intent
from headgate.ledger.writer import Writer
writer = Writer(Path(sys.argv[1]))
writer.start()
writer.intend(Intent("lost-1", 1, "", "messages", "m", "anthropic", "claude-x", 10, 20))
writer.flush()
os._exit(9)
"""
    ledger = tmp_path / "headgate.db"
    ran = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(ledger))
    assert await ran.wait() == 9
    opened = await opened_on("127.0.0.1", ledger)
    assert [(o.id, o.provider, o.model_sent) for o in opened.orphans] == [
        ("lost-1", "anthropic", "claude-x")
    ]
    await opened.close(at_once=True)
    again = await opened_on("127.0.0.1", ledger)
    assert again.orphans == []
    await again.close(at_once=True)


async def test_other_processes_that_open_and_close_the_ledger_leave_its_log_alone() -> None:
    """Once, they took themselves for the last one and deleted it under the writer."""
    async with running("") as field:
        wal = field.ledger.with_name("headgate.db-wal")
        before = wal.stat().st_ino
        for _ in range(2):
            listed = await asyncio.create_subprocess_exec(
                *(str(HEADGATE), "keys", "list", "--json", "--ledger", str(field.ledger)),
                stdout=asyncio.subprocess.DEVNULL,
            )
            assert await listed.wait() == 0
            await field.post("/v1/messages", message())
        assert wal.stat().st_ino == before
        await field.rows(2)


async def test_closing_commits_every_row_of_the_calls_it_let_finish(tmp_path: Path) -> None:
    async with reloadable(tmp_path, "") as (field, _):
        slow = {"x-headgate-sim": "head-delay=0.3"}
        calls = [
            asyncio.ensure_future(field.post("/v1/messages", message(), slow)) for _ in range(5)
        ]
        while field.sim.running < 5:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        await field.opened.close()
        assert [(await call).status for call in calls] == [200] * 5
        await field.rows(5)
        assert field.sim.open_connections == 0


# ---- reload


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
        (shut,) = (await field.get("/admin/targets")).json
        assert shut["target"] == "pool:claude-haiku-5-5"
        assert 0 < shut["cooling_s"] <= 300
        assert (await reload(field))[0] == 200
        assert (await field.get("/admin/targets")).json == []
        again = await field.post("/v1/messages", call)
        assert "x-headgate-tries" not in again.headers
        rows = await field.rows(2)
        first = [note["credential"] for note in json.loads(rows[0]["tries_json"])]
        assert first[0] == shut["account"] == rows[1]["credential"]
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
        assert json.loads(said)["reloaded"] is False
        assert "did you mean" in json.loads(said)["errors"].lower()
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
                + "\n[ledger]\nlinger_ms = 1\n"
            ),
        )
        _, said = await reload(field)
        notes = " ".join(json.loads(said)["notes"])
        assert "server.ping_s takes effect after a restart" in notes
        assert "[ledger]" in notes


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


# ---- a stop that does not wait


async def begun(
    field: Field, script: str, id: str, *, stream: bool = False
) -> asyncio.Future[Got]:
    """A call on its way."""
    asked = {"x-headgate-sim": script, "x-request-id": id}
    call = asyncio.ensure_future(
        field.post("/v1/messages", message(stream=stream, max_tokens=400), asked)
    )
    async with asyncio.timeout(5):
        while id not in (t.call.id for t in field.opened.house.ground.running):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    return call


@pytest.mark.parametrize("how", ["hurry", "at_once", "drain_s"])
async def test_calls_for_which_there_is_no_more_time_are_told_so_and_settled(how: str) -> None:
    toml = f"drain_s = {0.5 if how == 'drain_s' else 60}\n[retry]\nwaits_s = [30]\njitter = 0\n"
    async with running(toml) as field:
        whole = await begun(field, "silence=head", "whole")
        early = await begun(field, "silence=head", "early", stream=True)
        late = await begun(field, "output=400;pace=0.05", "late", stream=True)
        pause = await begun(field, "529", "pause")
        hurry = asyncio.Event()
        begin = asyncio.get_running_loop().time()
        if how == "at_once":
            closing = asyncio.ensure_future(field.opened.close(at_once=True))
        else:
            closing = asyncio.ensure_future(field.opened.close(hurry=hurry))
            await asyncio.sleep(0.3)
            assert len(field.opened.house.ground.running) == 4
            begin += 0.3 if how == "hurry" else 0.5
        if how == "hurry":
            hurry.set()
        await closing
        assert asyncio.get_running_loop().time() - begin < 1.5
        for call in (whole, early):
            got = await call
            assert got.status == 503
            assert "told to stop" in got.json["error"]["message"]
        got = await late
        assert (got.status, got.whole) == (200, True)
        assert "told to stop" in got.events[-1]["error"]["message"]
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await pause
        found = {row["id"]: row for row in await field.rows(4)}
        for id, status, billed in (
            ("whole", 503, 1),
            ("early", 503, 1),
            ("late", 200, 1),
            ("pause", 0, 0),
        ):
            row = found[id]
            assert (row["ending"], row["fault"]) == ("error", "busy")
            assert (row["status"], row["maybe_billed"]) == (status, billed)
        assert found["late"]["output"] > 0
        assert await asyncio.to_thread(intents, field.ledger) == 0


def intents(ledger: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM intent").fetchone()[0])


async def test_a_client_that_refuses_to_read_does_not_keep_a_stop_waiting() -> None:
    async with running("drain_s = 60\n") as field, contextlib.AsyncExitStack() as stack:
        raw = stack.enter_context(socket.socket())
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        raw.connect(("127.0.0.1", field.opened.server.port))
        while not (edges := field.opened.server.connections()):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
        accepted = edges[0].transport.get_extra_info("socket")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        body = json.dumps(message(stream=True, max_tokens=128_000)).encode()
        raw.sendall(
            b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n"
            b"x-headgate-sim: output=128000\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        ground = field.opened.house.ground
        async with asyncio.timeout(10):
            while not any(t.sink.stalled() for t in ground.running):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        hurry = asyncio.Event()
        hurry.set()
        begin = asyncio.get_running_loop().time()
        await field.opened.close(hurry=hurry)
        assert asyncio.get_running_loop().time() - begin < 2
        row = await field.row()
        assert (row["ending"], row["fault"], row["status"]) == ("error", "busy", 200)


# ---- what is on the disk


async def test_no_word_of_a_request_or_a_reply_is_ever_on_the_disk(tmp_path: Path) -> None:
    toml = (
        '[models]\nsafe = { ladder = ["anthropic:x"], canned = "C" }\n[retry]\nwaits_s = [0]\n'
    )
    async with reloadable(tmp_path, toml) as (field, _):
        say = f'text="{ANSWERED}"'
        for stream in (False, True):
            for script in (
                say,
                f"{say};reset=1500",
                f"{say};cut=2",
                f"{say};error-after=1;message={ANSWERED}",
                f"400;message={ANSWERED}",
                f"529;message={ANSWERED}",
                f"{say};malformed=1",
                "html",
                "truncated=60",
            ):
                headers = {"x-headgate-sim": script, "authorization": f"Bearer {PLANTED}"}
                told = [{"role": "user", "content": PLANTED}]
                tools = [{"name": "look", "description": PLANTED, "input_schema": {}}]
                body = message(stream=stream, messages=told, system=PLANTED, tools=tools)
                await field.post(f"/v1/messages?q={PLANTED}", body, headers)
                await field.post(
                    "/v1/chat/completions", chat(stream=stream, messages=told), headers
                )
                body = response(stream=stream, input=PLANTED, instructions=PLANTED)
                await field.post("/v1/responses", body, headers)
        bad = b'{"model": "claude-x", "messages": "' + PLANTED.encode() + b'", ]}'
        await field.post("/v1/messages", bad)
        await field.post("/v1/messages", {"model": "claude-x", "stream": PLANTED})
        await field.post(
            "/v1/messages", message("safe", system=PLANTED), {"x-headgate-sim": "529"}
        )
        asked = {"x-headgate-sim": f"{say};pace=0.2"}
        body = message(stream=True, system=PLANTED)
        reader, writer = await send(
            field.opened.server.port, "POST", "/v1/messages", body, asked
        )
        await reader.readuntil(b"content_block_start")
        writer.transport.abort()
        assert len(field.logged()) > 50
        before = await asyncio.to_thread(everything, tmp_path)
    assert {path.name for path in before} >= {"headgate.db", "headgate.db-wal", "log"}
    for found in (before, await asyncio.to_thread(everything, tmp_path)):
        for path, content in found.items():
            for word in (PLANTED, ANSWERED):
                for spelled in (word, word[::-1], word.encode("utf-16-le").decode("latin-1")):
                    assert spelled.encode("latin-1") not in content, path.name
            assert ENV["ANTHROPIC_API_KEY"].encode() not in content


def everything(folder: Path) -> dict[Path, bytes]:
    """Every file's bytes, read by another process: closing a file here would drop its locks."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path: subprocess.run(["cat", str(path)], check=True, capture_output=True).stdout
        for path in paths
    }


# ---- a ledger in trouble


async def readiness(field: Field, wanted: int) -> Got:
    """The first answer of /readyz with this status."""
    async with asyncio.timeout(9):
        got = await field.get("/readyz")
        while got.status != wanted:
            await asyncio.sleep(0.1)
            got = await field.get("/readyz")
    return got


async def test_a_ledger_that_cannot_be_written_refuses_calls_and_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(story, "ROOM_S", 0.2)
    async with running("[ledger]\nqueue_rows = 16\nlinger_ms = 0\n") as field:
        blocker = await asyncio.to_thread(
            sqlite3.connect, field.ledger, isolation_level=None, check_same_thread=False
        )
        await asyncio.to_thread(blocker.execute, "BEGIN EXCLUSIVE")
        answers = []
        for _ in range(20):
            answers.append(await field.post("/v1/messages", message()))
            if answers[-1].status == 503:
                break
        refused = answers[-1]
        assert refused.status == 503
        assert "ledger" in refused.json["error"]["message"]
        assert all(got.status == 200 for got in answers[:-1])
        assert field.sim.total_calls == len(answers) - 1
        ready = await readiness(field, 503)
        assert "write lock" in ready.json["why"]
        assert b"headgate_ledger_trouble 1" in (await field.get("/metrics")).body
        await asyncio.to_thread(blocker.execute, "ROLLBACK")
        await readiness(field, 200)
        assert (await field.post("/v1/messages", message())).status == 200
        await field.rows(len(answers) + 1)
        await asyncio.to_thread(blocker.close)
        events = [line["event"] for line in field.logged()]
        assert "ledger_trouble" in events
        assert "ledger_works_again" in events
