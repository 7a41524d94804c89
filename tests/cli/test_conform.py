"""`headgate doctor --client`: our gateway or a foreign one, a table, and an exit code."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.cli.conform import GATEWAY_PORT, own_gateway
from headgate.conformance.script import Scripted
from headgate.gateway import serve
from tests.conformance.plays import idle


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *words])


def headgate(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headgate", "doctor", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_our_own_gateway_is_started_and_keeps_its_promises() -> None:
    done = headgate("--client", "--family", "answers", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["gateway"] == "our own gateway"
    assert report["totals"]["fails"] == 0
    assert {case["family"] for case in report["cases"]} == {"answers"}


@pytest.mark.slow
def test_the_table_is_for_people() -> None:
    done = headgate("--client", "--family", "inputs")
    assert done.returncode == 0, done.stderr
    assert "What clients send arrives" in done.stdout
    assert "✓" in done.stdout
    assert "0 fail" in done.stderr


class Elsewhere:
    """A server on a loop and a thread of its own, as a foreign gateway would be."""

    def __enter__(self) -> str:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        starting = serve.start(idle, serve.Listen())
        self.server = asyncio.run_coroutine_threadsafe(starting, self.loop).result(10)
        return self.server.url

    def __exit__(self, *_: object) -> None:
        stopping = self.server.stop(at_once=True)
        asyncio.run_coroutine_threadsafe(stopping, self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.mark.slow
def test_a_foreign_gateway_is_told_what_it_needs_and_judged() -> None:
    port = str(free_port())
    words = ("--upstream-port", port, "--family", "inputs", "--model", "responses=")
    with Elsewhere() as url:
        done = headgate("--client", url, *words)
    assert done.returncode == 1, done.stderr
    assert (
        f"claude-conformance → claude-opus-4-8 through messages at http://127.0.0.1:{port}"
        in (done.stderr)
    )
    assert "✗ an image is seen (Claude Code, Messages → Messages)" in done.stdout
    assert "the upstream was asked through nothing" in done.stdout
    assert "0 hold" in done.stderr


@pytest.mark.slow
def test_nobody_there_is_one_error_and_not_four_hundred() -> None:
    done = headgate("--client", "http://127.0.0.1:9", "--upstream-port", str(free_port()))
    assert done.returncode == 1
    assert "nothing answers at http://127.0.0.1:9" in done.stderr
    assert "hint: start the gateway first" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--client", "ftp://x"), "must begin with http://"),
        (("--client", "--family", "answer"), "no family is called answer"),
        (("--client", "--model", "claude"), "--model claude: it names no surface"),
    ],
)
def test_words_that_cannot_be_meant_are_refused(words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize("name", ["headgate", "litellm"])
def test_a_ready_configuration_is_shown_with_the_way_to_start_it(name: str) -> None:
    result = run("--print-config", name, "--upstream-port", "4198")
    assert result.exit_code == 0, result.output
    assert "http://127.0.0.1:4198" in result.stdout
    assert f"headgate doctor --client http://127.0.0.1:{GATEWAY_PORT}" in result.stderr


async def test_our_own_gateway_leaves_nothing_behind() -> None:
    async with own_gateway(Scripted()) as gateway:
        assert gateway.url.startswith("http://127.0.0.1:")
        assert gateway.key.startswith("hg")
