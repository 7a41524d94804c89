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
from pathlib import Path

import pytest

from headgate import config as configuration
from headgate.engine import story
from headgate.gateway.start import Opened, open_gateway
from headgate.store.sqlite import StoreError
from tests.gateway.test_reload import reloadable
from tests.kit import (
    ENV,
    PROVIDERS,
    Field,
    Got,
    chat,
    message,
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
        for call in (whole, early, pause):
            got = await call
            assert got.status == 503
            assert "told to stop" in got.json["error"]["message"]
        got = await late
        assert (got.status, got.whole) == (200, True)
        assert "told to stop" in got.events[-1]["error"]["message"]
        found = {row["id"]: row for row in await field.rows(4)}
        for id, status, billed in (
            ("whole", 503, 1),
            ("early", 503, 1),
            ("late", 200, 1),
            ("pause", 503, 0),
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
