"""What end-to-end tests share: a simulator and a gateway on loopback, and a plain HTTP client.

Everything here is the real thing: real sockets, the real server, the real ledger file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate import config as configuration
from headgate.conformance.grammar.check import check
from headgate.conformance.grammar.verdict import Wish
from headgate.gateway import serve
from headgate.gateway.start import Opened, open_gateway
from headgate.sim.app import Options, Simulator
from headgate.store import keys
from headgate.store.sqlite import connect

ENV = {
    "ANTHROPIC_API_KEY": "sk-ant-api03-" + "t" * 80,
    "OPENAI_API_KEY": "sk-proj-" + "t" * 80,
}
PROVIDERS = """
[providers.anthropic]
base_url = "{sim}"
api_key = "env:ANTHROPIC_API_KEY"
[providers.openai]
base_url = "{sim}/v1"
api_key = "env:OPENAI_API_KEY"
"""
HASTE = """
[retry]
waits_s = [0.02, 0.04]
"""

HEARS_CTRL_C = ("env", "--default-signal=INT")
"""before a command: what a shell starts in the background ignores Ctrl-C, and so would that"""


@dataclass(slots=True)
class Got:
    """A reply as the plain client saw it."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool
    """did the connection deliver the reply to its proper end"""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        lines = [b[6:] for b in self.body.split(b"\n") if b.startswith(b"data: ")]
        return [json.loads(line) for line in lines if line != b"[DONE]"]


@dataclass(slots=True)
class Field:
    """A simulator and a gateway in front of it."""

    sim: Simulator
    sim_server: serve.Running
    opened: Opened
    ledger: Path
    log: Path
    extra: list[serve.Running] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.opened.url

    async def post(
        self, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> Got:
        return await request(self.opened.server.port, "POST", path, body, headers)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Got:
        return await request(self.opened.server.port, "GET", path, None, headers)

    async def rows(self, count: int) -> list[sqlite3.Row]:
        """The ledger's rows, once there are `count` of them."""
        found: list[sqlite3.Row] = []
        for _ in range(200):
            found = await asyncio.to_thread(read_rows, self.ledger)
            if len(found) >= count:
                break
            await asyncio.sleep(0.02)
        assert len(found) == count, [dict(row) for row in found]
        return found

    async def row(self) -> sqlite3.Row:
        return (await self.rows(1))[0]

    async def row_of(self, id: str) -> sqlite3.Row:
        """The one row of the call with this request id."""
        found: list[sqlite3.Row] = []
        for _ in range(200):
            rows = await asyncio.to_thread(read_rows, self.ledger)
            found = [row for row in rows if row["id"] == id]
            if found:
                break
            await asyncio.sleep(0.02)
        assert len(found) == 1, [dict(row) for row in found]
        return found[0]

    def logged(self) -> list[dict[str, Any]]:
        self.opened.house.ground.settlement.flush()
        journal, mark = self.opened.house.ground.settlement.journal, "so far"
        journal.say(mark)
        journal.flush()
        lines: list[dict[str, Any]] = []
        while not lines or lines[-1]["event"] != mark:  # a thread of its own writes them
            text = self.log.read_text()
            whole = text[: text.rfind("\n") + 1]  # the last line may still be on its way
            lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if line["event"] != mark]


def with_key(ledger: Path) -> str:
    """The secret of a virtual key, made as another process would."""
    with contextlib.closing(connect(ledger)) as connection:
        return keys.create(connection, "a", now_us=1)[1]


def read_rows(ledger: Path) -> list[sqlite3.Row]:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        return list(db.execute("SELECT * FROM call ORDER BY seq"))


@contextlib.asynccontextmanager
async def running(
    toml: str = HASTE, *, options: Options | None = None, env: Mapping[str, str] = ENV
) -> AsyncIterator[Field]:
    """A gateway with the simulator as both vendors; `{sim}` in the text is its address."""
    sim = Simulator(options)
    async with contextlib.AsyncExitStack() as stack:
        server = await serve.start(sim, serve.Listen())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ledger, log = folder / "headgate.db", folder / "log"
        descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        stack.callback(os.close, descriptor)
        providers = "" if "[providers" in toml else PROVIDERS
        text = "[server]\nport = 0\n" + (toml + providers).replace("{sim}", server.url)
        config = await asyncio.to_thread(configuration.load, text, env, source="test")
        try:
            opened = await open_gateway(config, ledger, log_descriptor=descriptor)
        except BaseException:
            await server.stop(at_once=True)
            raise
        try:
            yield Field(sim, server, opened, ledger, log)
        finally:
            await asyncio.gather(opened.close(at_once=True), server.stop(at_once=True))


async def send(
    port: int, method: str, path: str, body: object, headers: Mapping[str, str] | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send one request and hand over the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024 * 1024)
    data = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    fields = {
        "host": f"127.0.0.1:{port}",
        "content-type": "application/json",
        "content-length": str(len(data)),
        **{name.lower(): value for name, value in (headers or {}).items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    try:
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data)
        await writer.drain()
    except BaseException:
        writer.close()  # nobody else knows of it
        raise
    return reader, writer


async def request(
    port: int,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Got:
    async with asyncio.timeout(20):
        reader, writer = await send(port, method, path, body, headers)
        try:
            got = await read_reply(reader, method)
        finally:
            writer.close()
    judge(path, body, got)
    return got


SPEAKS = {
    "/v1/messages": "anthropic",
    "/v1/chat/completions": "openai_chat",
    "/v1/responses": "openai_responses",
}


def judge(path: str, body: object, got: Got) -> None:
    """Every stream of every test is one that a client can read, or ends in an error."""
    dialect = SPEAKS.get(path.partition("?")[0])
    if dialect is None or not got.headers.get("content-type", "").startswith(
        "text/event-stream"
    ):
        return
    options = body.get("stream_options") if isinstance(body, dict) else None
    wanted = isinstance(options, dict) and bool(options.get("include_usage"))
    verdict = check(dialect, got.body, Wish(usage_chunk=wanted, ours=False))
    assert not verdict.violations or not got.whole, verdict.complaints


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields: dict[str, str] = {}
    for name, value in (line.split(": ", 1) for line in lines[1:] if line):
        before = f"{fields[name]}\n" if name == "set-cookie" and name in fields else ""
        fields[name] = before + value
    return int(lines[0].split()[1]), fields


async def read_reply(reader: asyncio.StreamReader, method: str = "POST") -> Got:
    status, headers = await read_head(reader)
    if method == "HEAD" or status in (204, 304):
        return Got(status, headers, b"", True)
    if "content-length" in headers:
        return Got(
            status, headers, await reader.readexactly(int(headers["content-length"])), True
        )
    body, whole = b"", False
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
        while size := int(await reader.readline() or b"x", 16):
            body += (await reader.readexactly(size + 2))[:-2]
        whole = await reader.readline() == b"\r\n"
    return Got(status, headers, body, whole)


def message(model: str = "claude-haiku-5-5", **more: object) -> dict[str, object]:
    """A small Messages request."""
    turns = [{"role": "user", "content": "hi"}]
    return {"model": model, "max_tokens": 64, "messages": turns, **more}


def chat(model: str = "gpt-6-luna", **more: object) -> dict[str, object]:
    """A small Chat Completions request."""
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}


def response(model: str = "gpt-6-luna", **more: object) -> dict[str, object]:
    """A small Responses request."""
    return {"model": model, "input": "hi", **more}
