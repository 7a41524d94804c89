"""`headgate doctor --stream` against a real proxy that lets streams flow, or holds them."""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path

import pytest

from headgate.cli.probe import judge_ride, ride
from headgate.gateway import serve
from headgate.sim.app import Simulator
from tests.peers import dialled

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events {{}}
http {{
  access_log off; client_body_temp_path t1; proxy_temp_path t2;
  fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  {compression}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {origin};
      proxy_http_version 1.1;
      proxy_ignore_headers X-Accel-Buffering;
      proxy_buffering {buffering};
    }}
  }}
}}
"""
PACKED = "gzip on; gzip_types text/event-stream; gzip_proxied any; gzip_min_length 0;"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def accepts(port: int) -> None:
    for _ in range(100):
        try:
            async with dialled(port):
                return
        except OSError:
            await asyncio.sleep(0.05)
    pytest.fail("nginx did not start")


@pytest.mark.parametrize(
    ("buffering", "compression", "words"),
    [("off", "", "flows"), ("on", PACKED, "held back")],
    ids=["as-the-guide-says", "buffered-to-compress"],
)
async def test_a_proxy_that_holds_streams_back_is_told_from_one_that_does_not(
    tmp_path: Path, buffering: str, compression: str, words: str
) -> None:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not installed: apt-get install nginx")
    server = await serve.start(Simulator(), serve.Listen())
    port = free_port()
    (tmp_path / "nginx.conf").write_text(
        NGINX.format(port=port, origin=server.url, buffering=buffering, compression=compression)
    )
    arguments = ["-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr"]
    nginx = await asyncio.create_subprocess_exec(program, *arguments)
    try:
        await accepts(port)
        url = f"http://127.0.0.1:{port}"
        found = judge_ride(url, await ride(url, "claude-haiku-5-5", "any-key"))
    finally:
        nginx.terminate()
        await nginx.wait()
        await server.stop(at_once=True)
    assert words in found[-1].what, found
    assert any("compressed" in each.what for each in found) == bool(compression)
