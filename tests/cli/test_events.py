"""`headgate events`: what happened, what became of it, and whether the webhook takes it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.cli.events import as_line
from headgate.policy.event import event
from headgate.store import event as table
from headgate.store.event import Noted
from headgate.store.sqlite import connect

SECRET = "a secret of both sides"
AT_US = 1_763_740_800_000_000


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["events", *words])


def ledger() -> Path:
    return Path(os.environ["HEADGATE_HOME"]) / "headgate.db"


def note(once: str) -> None:
    with closing(connect(ledger())) as connection:
        detail = {"what": "identical", "amount": 20, "call": ""}
        table.note(connection, event(AT_US, "loop_stopped", "session:s", once, detail))


def test_events_are_shown_oldest_first_with_what_became_of_them() -> None:
    note("a")
    note("b")
    with closing(connect(ledger())) as connection:
        (taken,) = table.claim(connection, ["loop_stopped"], AT_US, 1000, 1)
        table.delivered(connection, taken, "200", AT_US)
    first, second = run().stdout.splitlines()
    assert "loop_stopped            session:s  what identical, amount 20  [delivered]" in first
    assert second.endswith("[not sent]")
    assert run("-n", "0").stdout == ""


def test_json_is_what_the_webhook_gets_and_what_became_of_it() -> None:
    note("a")
    (line,) = run("--json").stdout.splitlines()
    found = json.loads(line)
    assert found["event"] == "loop_stopped"
    assert found["detail"]["amount"] == 20
    assert (found["attempts"], found["delivered_us"]) == (0, None)


def test_an_empty_table_is_said_to_be_empty() -> None:
    connect(ledger()).close()
    assert "nothing has happened yet" in run().stderr
    assert run("--json").stdout == ""


def test_a_ledger_that_is_not_there_is_told_with_its_remedy() -> None:
    result = run()
    assert result.exit_code == 1
    assert "headgate up" in result.stderr


@pytest.mark.parametrize(
    ("due_us", "attempts", "said"),
    [
        (AT_US, 3, "[3 attempts, last: 500]"),
        (None, 27, "[given up after 27 attempts, last: 500]"),
    ],
)
def test_failures_are_told_with_the_last_answer(
    due_us: int | None, attempts: int, said: str
) -> None:
    noted = Noted(1, AT_US, "test", "a\x1bb", "o", "{}", due_us, None, attempts, "500")
    assert as_line(noted).endswith(said)
    assert "\x1b" not in as_line(noted)


@pytest.mark.slow
def test_following_shows_what_comes_until_it_is_stopped() -> None:
    note("a")
    command = [sys.executable, "-m", "headgate", "events", "--follow", "--json", "-n", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert '"seq"' not in process.stdout.readline()
        note("b")
        began = time.monotonic()
        assert json.loads(process.stdout.readline())["event"] == "loop_stopped"
        assert time.monotonic() - began < 5
    finally:
        process.terminate()
        process.communicate()


# ---- the webhook


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]], list[int]]]:
    """(address, what it got, statuses it shall answer with before 200)"""
    got: list[tuple[dict[str, str], bytes]] = []
    statuses: list[int] = []

    class Receiving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(({name.lower(): it for name, it in self.headers.items()}, body))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiving) as server:
        thread = threading.Thread(target=partial(server.serve_forever, 0.01))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/in?s=s3cr3t", got, statuses
        finally:
            server.shutdown()
            thread.join()


def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> str:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    path = tmp_path / "headgate.toml"
    path.write_text(f'[events]\nwebhook = "{address}"\nsecret = "env:HOOK_SECRET"\n')
    return str(path)


@pytest.mark.slow
def test_a_test_event_arrives_and_is_signed_as_the_help_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    receiver: tuple[str, list[tuple[dict[str, str], bytes]], list[int]],
) -> None:
    address, got, _ = receiver
    result = run("test", "--config", configured(tmp_path, monkeypatch, address))
    assert result.exit_code == 0, result.stderr
    assert "127.0.0.1 took the test event: 200 in" in result.stderr
    ((headers, body),) = got
    assert json.loads(body)["event"] == headers["x-headgate-event"] == "test"
    # from here on as in --help
    signature, secret = headers["x-headgate-signature"], SECRET.encode()
    parts = dict(part.split("=", 1) for part in signature.split(","))
    mac = hmac.new(secret, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(mac, parts["v1"])
    assert abs(time.time_ns() // 10**9 - int(parts["t"])) < 300


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "said"), [(401, "signature"), (302, "redirects"), (500, "receiver's log")]
)
def test_a_receiver_that_refuses_is_told_with_a_hint_and_without_its_secrets(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    receiver: tuple[str, list[tuple[dict[str, str], bytes]], list[int]],
    status: int,
    said: str,
) -> None:
    address, _, statuses = receiver
    statuses.append(status)
    result = run("test", "--config", configured(tmp_path, monkeypatch, address))
    assert result.exit_code == 1
    assert str(status) in result.stderr
    assert said in result.stderr
    assert "s3cr3t" not in result.stderr


@pytest.mark.slow
def test_nobody_there_and_no_webhook_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run("test", "--config", configured(tmp_path, monkeypatch, "http://127.0.0.1:1/"))
    assert result.exit_code == 1
    assert "firewall" in result.stderr
    (tmp_path / "headgate.toml").write_text("")
    result = run("test", "--config", str(tmp_path / "headgate.toml"))
    assert "no webhook is configured" in result.stderr
