"""The proxies of docs/guides/unbuffered-sse.md, run for real with the text of the guide itself.

Rule 1: the configuration under test is cut out of the guide; only addresses are replaced.
Rule 2: events are stamped when sent, so "unbuffered" is a measured delay, not an impression.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.peers import dialled, listening

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "unbuffered-sse.md").read_text()
MINIFLARE = ROOT / ".cache" / "clients" / "node_modules" / "miniflare"

EVENTS = 8
PACE_S = 0.1
BIG_BODY = 20 * 1024 * 1024

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def from_guide(fence: str) -> str:
    """The one code block of the guide that opens with this fence."""
    blocks = re.findall(rf"^```{fence}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"the guide has {len(blocks)} blocks of {fence}"
    return str(blocks[0])


@dataclass
class Origin:
    """Stands where Headgate would: paced events, a cut reply, a 426, and what it saw."""

    port: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    bodies: list[int] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await self.one(reader, writer)

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.heads.append(head)
        self.bodies.append(await count_body(reader, head))
        self.asked.set()
        path = head.split()[1]
        if "upgrade: websocket" in head:
            writer.write(b"HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n")
        elif path.startswith("/cut"):
            writer.write(STREAM_HEAD + chunk(b"data: half\n\n"))
            await writer.drain()
            await asyncio.sleep(PACE_S)
            raise ConnectionError("cut on purpose")
        elif path.startswith("/thinking"):
            await self.until_gone(reader, 30)
        elif path.startswith("/endless"):
            await self.stream(reader, writer, 100)
        else:
            await self.stream(reader, writer, EVENTS)
        await writer.drain()

    async def stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events: int
    ) -> None:
        writer.write(STREAM_HEAD)
        for _ in range(events):
            writer.write(chunk(b"data: %d\n\n" % time.monotonic_ns()))
            await self.until_gone(reader, PACE_S)
        writer.write(b"0\r\n\r\n")

    async def until_gone(self, reader: asyncio.StreamReader, seconds: float) -> None:
        """Wait; nothing is sent meanwhile, so a readable connection is a closed one."""
        try:
            await asyncio.wait_for(reader.read(1), seconds)
        except TimeoutError:
            return
        except ConnectionError:
            pass
        self.lost.set()
        raise ConnectionError("the client has gone")


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def count_body(reader: asyncio.StreamReader, head: str) -> int:
    length = re.search(r"content-length: (\d+)", head)
    if length:
        return len(await reader.readexactly(int(length[1])))
    size = 0
    while "transfer-encoding: chunked" in head:
        step = int(await reader.readuntil(b"\r\n"), 16)
        size += len((await reader.readexactly(step + 2))[:-2])
        if not step:
            break
    return size


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    seen = Origin()
    async with listening(seen.answer) as seen.port:
        yield seen


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def aim(text: str, origin: Origin, port: int) -> str:
    """The guide's addresses, replaced by the test's."""
    assert "8080" in text
    text = text.replace("127.0.0.1:4100", f"127.0.0.1:{origin.port}")
    text = text.replace("port: 4100", f"port: {origin.port}")
    return text.replace("listen(8080)", f'listen({port}, "127.0.0.1")').replace(
        "8080", f"127.0.0.1:{port}" if "listen 8080" in text else str(port)
    )


NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f;
  uwsgi_temp_path u; scgi_temp_path s;
  {server}
}}
"""


def nginx(origin: Origin, port: int, folder: Path) -> list[str]:
    server = aim(from_guide("nginx"), origin, port)
    (folder / "nginx.conf").write_text(NGINX.format(server=server))
    return ["nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]


def caddy(origin: Origin, port: int, folder: Path, text: str = "") -> list[str]:
    site = aim(text or from_guide("caddyfile"), origin, port)
    quiet = "{\n admin off\n auto_https off\n default_bind 127.0.0.1\n}\n"
    (folder / "Caddyfile").write_text(quiet + site)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def node(origin: Origin, port: int, folder: Path) -> list[str]:
    (folder / "proxy.mjs").write_text(aim(from_guide("js node"), origin, port))
    return ["node", str(folder / "proxy.mjs")]


WORKER = """
import {{ readFileSync }} from "node:fs";
import {{ createRequire }} from "node:module";
const {{ Miniflare }} = createRequire("{package}/")("miniflare");
new Miniflare({{
  modules: true, script: readFileSync("{script}", "utf8"), cf: false,
  host: "127.0.0.1", port: {port},
  compatibilityDate: "2026-01-01", compatibilityFlags: ["enable_request_signal"],
  bindings: {{ HEADGATE_URL: "http://127.0.0.1:{origin}" }},
}});
"""


def worker(origin: Origin, port: int, folder: Path) -> list[str]:
    (folder / "worker.mjs").write_text(from_guide("js worker"))
    start = WORKER.format(
        package=MINIFLARE, script=folder / "worker.mjs", port=port, origin=origin.port
    )
    (folder / "start.mjs").write_text(start)
    return ["node", str(folder / "start.mjs")]


PROXIES = {"nginx": nginx, "caddy": caddy, "node": node, "worker": worker}

MISSING = {
    "nginx": "nginx is not installed: apt-get install nginx",
    "caddy": "Caddy is not installed: apt-get install caddy",
    "node": "Node.js is not installed: apt-get install nodejs",
    "worker": "workerd is not installed: make clients",
}


def present(name: str) -> bool:
    return MINIFLARE.is_dir() if name == "worker" else shutil.which(name) is not None


@contextlib.asynccontextmanager
async def running(command: list[str], port: int, folder: Path) -> AsyncIterator[int]:
    """The proxy as a process, from its first accepted connection to its end."""
    log = (folder / "log").open("wb")
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=os.environ | home,
    )
    log.close()
    try:
        await accepting(process, port, folder)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 1)
            except TimeoutError:  # Caddy waits for calls that run for nobody
                process.kill()
        await process.wait()


async def accepting(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            async with dialled(port):
                return
        if process.returncode is not None:
            break
        await asyncio.sleep(0.05)
    pytest.fail(f"the proxy did not start:\n{(folder / 'log').read_text()}")


@pytest.fixture(params=list(PROXIES))
async def proxy(
    request: pytest.FixtureRequest, origin: Origin, tmp_path: Path
) -> AsyncIterator[int]:
    name = request.param
    if not present(name):
        pytest.skip(MISSING[name])
    port = free_port()
    async with running(PROXIES[name](origin, port, tmp_path), port, tmp_path):
        yield port


HEADERS = "x-api-key: hg-test\r\nanthropic-beta: a-2025-01-01,b-2025-02-02\r\n"


async def ask(
    port: int, path: str = "/v1/messages?beta=true", body: bytes = b"{}"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: llm.example\r\n{HEADERS}content-length: {len(body)}\r\n"
    )
    writer.write(head.encode() + b"accept-encoding: gzip, br\r\n\r\n" + body)
    await writer.drain()
    return reader, writer, (await reader.readuntil(b"\r\n\r\n")).decode()


def stamps(line: bytes) -> Iterator[float]:
    """How long after it was sent each event of the line arrived."""
    for sent in re.findall(rb"data: (\d+)", line):
        yield (time.monotonic_ns() - int(sent)) / 1e9


async def delays(reader: asyncio.StreamReader) -> list[float]:
    found: list[float] = []
    while len(found) < EVENTS:
        line = await asyncio.wait_for(reader.readline(), 10)
        assert line, f"the stream ended after {len(found)} events"
        found += stamps(line)
    return found


async def test_events_arrive_one_by_one_and_headers_pass(proxy: int, origin: Origin) -> None:
    reader, writer, head = await ask(proxy)
    late = await delays(reader)
    writer.close()
    assert head.startswith("HTTP/1.1 200")
    assert "text/event-stream" in head.lower()
    assert max(late) < PACE_S, f"held back: {[round(s, 3) for s in late]}"
    assert "anthropic-beta: a-2025-01-01,b-2025-02-02" in origin.heads[-1]
    assert "x-api-key: hg-test" in origin.heads[-1]
    assert origin.heads[-1].startswith("post /v1/messages?beta=true ")


async def left_alone(origin: Origin) -> float:
    """How long the origin took to learn that the client has left."""
    left = time.monotonic()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(origin.lost.wait(), 2)
    return time.monotonic() - left


async def test_a_client_that_leaves_ends_the_call_within_a_second(
    proxy: int, origin: Origin
) -> None:
    reader, writer, _ = await ask(proxy, "/endless")
    await reader.readuntil(b"data: ")
    writer.transport.abort()
    assert await left_alone(origin) < 1, "the call went on for nobody"


async def leave_before_the_head(port: int, origin: Origin) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /thinking HTTP/1.1\r\nhost: llm.example\r\ncontent-length: 2\r\n\r\n{}")
    await asyncio.wait_for(origin.asked.wait(), 5)
    writer.transport.abort()


@pytest.mark.parametrize("proxy", ["nginx", "caddy", "node"], indirect=True)
async def test_a_client_that_leaves_before_the_first_byte_ends_the_call_too(
    proxy: int, origin: Origin
) -> None:
    await leave_before_the_head(proxy, origin)
    assert await left_alone(origin) < 1, "the call went on for nobody"


@pytest.mark.parametrize("proxy", ["nginx", "node"], indirect=True)
async def test_a_cut_reply_looks_cut(proxy: int) -> None:
    reader, writer, _ = await ask(proxy, "/cut")
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while more := await asyncio.wait_for(reader.read(1000), 5):
            got += more
            if b"\r\n0\r\n" in got:
                break
    writer.close()
    assert b"half" in got
    assert b"\r\n0\r\n" not in got, "half an answer looked whole"


async def test_the_websocket_attempt_of_codex_sees_our_426(proxy: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy)
    writer.write(
        b"GET /v1/responses HTTP/1.1\r\nhost: llm.example\r\nconnection: Upgrade\r\n"
        b"upgrade: websocket\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)
    writer.close()
    assert b" 426 " in head


async def test_a_body_of_20_megabytes_passes_whole(proxy: int, origin: Origin) -> None:
    _, writer, head = await ask(proxy, body=b" " * BIG_BODY)
    writer.close()
    assert head.startswith("HTTP/1.1 200")
    assert origin.bodies[-1] == BIG_BODY


async def test_this_would_notice_a_proxy_that_buffers(origin: Origin, tmp_path: Path) -> None:
    """The guide's own Node proxy, made to collect the reply first."""
    if not present("node"):
        pytest.skip(MISSING["node"])
    collect = "const all = []; reply.on('data', (part) => all.push(part)); reply.on('end', "
    send = "() => response.end(Buffer.concat(all)));"
    port = free_port()
    command = node(origin, port, tmp_path)
    script = tmp_path / "proxy.mjs"
    script.write_text(script.read_text().replace("reply.pipe(response);", collect + send))
    async with running(command, port, tmp_path):
        reader, writer, _ = await ask(port)
        late = await delays(reader)
        writer.close()
    assert max(late) > PACE_S


async def test_caddy_with_flush_interval_would_let_a_call_run_for_nobody(
    origin: Origin, tmp_path: Path
) -> None:
    """Why the guide warns of the usual advice."""
    if not present("caddy"):
        pytest.skip(MISSING["caddy"])
    text = from_guide("caddyfile").replace("transport", "flush_interval -1\n        transport")
    port = free_port()
    async with running(caddy(origin, port, tmp_path, text), port, tmp_path):
        await leave_before_the_head(port, origin)
        assert await left_alone(origin) > 1
