"""The benchmark's own tools: they compile, understand each other, and count what happened."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or shutil.which("cc") is None,
        reason="the benchmark needs Linux and a C compiler: apt-get install gcc libc6-dev",
    ),
]

BODIES = """
import json, sys
from pathlib import Path
from benchmarks import bodies
print(json.dumps(bodies.write(Path(sys.argv[1])).upstream_arguments()))
"""


def run(*command: str) -> Any:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tools() -> dict[str, str]:
    return dict(run(sys.executable, "-m", "benchmarks.toolbox"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bodies")


@pytest.fixture(scope="module")
def url(tools: dict[str, str], folder: Path) -> Iterator[str]:
    served = run(sys.executable, "-c", BODIES, str(folder))
    command = [tools["upstream"], "--pace-us", "2000", *served]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def ask(tools: dict[str, str], url: str, body: Path, *words: str) -> dict[str, Any]:
    return dict(run(tools["load"], "--url", url, "--body", str(body), *words))


@pytest.mark.parametrize("size", ["1k", "100k", "1m"])
def test_every_size_is_answered_whole(
    tools: dict[str, str], url: str, folder: Path, size: str
) -> None:
    body = folder / f"messages-{size}.json"
    words = ("--connections", "4", "--requests", "40", "--must", "msg_01BenchmarkReply")
    seen = ask(tools, url + "/v1/messages", body, *words)
    assert (seen["done"], seen["errors"], seen["unfinished"]) == (40, 0, 0)


def test_no_two_requests_ask_the_same(tools: dict[str, str], folder: Path) -> None:
    asked: list[bytes] = []

    class Listener(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1/messages"
        words = ("--connections", "3", "--requests", "30")
        seen = ask(tools, url, folder / "messages-1k.json", *words)
        server.shutdown()
    assert seen["started"] == len(asked) == len(set(asked)) == 30
    assert len({len(body) for body in asked}) == 1
    assert all(json.loads(body) for body in asked)


def test_a_reply_without_what_it_must_hold_is_an_error(
    tools: dict[str, str], url: str, folder: Path
) -> None:
    body = folder / "messages-1k.json"
    seen = ask(tools, url + "/v1/messages", body, "--requests", "3", "--must", "no such text")
    assert (seen["done"], seen["wrong_body"]) == (0, 3)


def test_a_path_nobody_serves_is_an_error(
    tools: dict[str, str], url: str, folder: Path
) -> None:
    seen = ask(tools, url + "/v1/other", folder / "messages-1k.json", "--requests", "3")
    assert (seen["done"], seen["wrong_status"], seen["first_wrong_status"]) == (0, 3, 404)


def test_a_fixed_rate_asks_as_often_as_it_says(
    tools: dict[str, str], url: str, folder: Path
) -> None:
    body = folder / "chat-1k.json"
    words = ("--connections", "4", "--rate", "100", "--seconds", "0.5")
    seen = ask(tools, url + "/v1/chat/completions", body, *words)
    assert (seen["started"], seen["errors"], seen["unfinished"]) == (50, 0, 0)
    assert 0 < seen["latency_us"]["p50"] <= seen["latency_us"]["p99"]


@pytest.mark.parametrize("name", ["messages", "chat"])
def test_a_stream_arrives_whole_and_its_delay_is_read_from_it(
    tools: dict[str, str], url: str, folder: Path, name: str
) -> None:
    path = "/v1/messages" if name == "messages" else "/v1/chat/completions"
    words = ("--stream", "--connections", "5", "--requests", "5")
    seen = ask(tools, url + path, folder / f"{name}-1k-stream.json", *words)
    assert (seen["completed"], seen["errors"], seen["stalled"]) == (5, 0, 0)
    assert seen["events"] == 5 * 50
    assert 0 < seen["delay_us"]["p50"] < 100_000
    assert seen["first_byte_us"]["p50"] < seen["first_content_us"]["p50"] + 1


def test_cut_streams_leave_nothing_running_upstream(
    tools: dict[str, str], url: str, folder: Path
) -> None:
    words = ("--stream", "--cut", "5", "--connections", "10", "--requests", "100")
    seen = ask(tools, url + "/v1/messages", folder / "messages-1k-stream.json", *words)
    assert (seen["cut"], seen["errors"]) == (100, 0)
