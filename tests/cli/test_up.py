"""`headgate up`, as a user starts it: a process of its own, real signals, real ports."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from headgate.cli.up import _Up
from headgate.config import Config
from headgate.config.model import Archive
from headgate.gateway.lifeline import Post
from headgate.store.adminlog import Wanted, entries
from headgate.store.place import connect_reader

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

KEY = {"ANTHROPIC_API_KEY": "sk-ant-api03-" + "t" * 80}


@contextmanager
def up(*words: str, folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "headgate", "up", "--port", "0", "--json", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **env},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    line: dict[str, object] = json.loads(process.stdout.readline())
    return line


def status(url: object) -> int:
    with urllib.request.urlopen(f"{url}/healthz", timeout=5) as reply:  # noqa: S310 - loopback
        return int(reply.status)


def test_it_says_where_it_listens_serves_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    with up(folder=tmp_path, env=KEY) as process:
        started = time.monotonic()
        said = first_line(process)
        assert status(said["url"]) == 200
        assert time.monotonic() - started < 5
        assert said["keyless"] is True
        process.terminate()
        out, err = process.communicate(timeout=10)
        assert process.returncode == 0
        assert out == ""
        assert "ANTHROPIC_BASE_URL=" in err
        assert "listens on loopback only" in err
        assert "Traceback" not in err


def rows(ledger: Path, table: str) -> list[sqlite3.Row]:
    with contextlib.closing(sqlite3.connect(ledger)) as db:
        db.row_factory = sqlite3.Row
        return list(db.execute(f"SELECT * FROM {table}"))  # noqa: S608 - a name of ours


def test_a_second_signal_ends_running_calls_settled_within_about_a_second(
    tmp_path: Path,
) -> None:
    """The upstream takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent, contextlib.ExitStack() as stack:
        file = tmp_path / "headgate.toml"
        file.write_text(
            '[ledger]\npath = "book.db"\n[providers.anthropic]\napi_key ='
            f' "env:ANTHROPIC_API_KEY"\nbase_url = "http://127.0.0.1:{silent.getsockname()[1]}"\n'
        )
        process = stack.enter_context(up("--config", str(file), folder=tmp_path, env=KEY))
        port = int(str(first_line(process)["url"]).rpartition(":")[2])
        silent.settimeout(5)
        clients = []
        for stream in (True, False):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            ask = {"model": "claude-haiku-5-5", "max_tokens": 9, "messages": []}
            body = json.dumps({**ask, "stream": stream})
            head = "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n"
            head += f"content-length: {len(body)}\r\n\r\n"
            client.sendall((head + body).encode())
            asked, _ = silent.accept()
            stack.enter_context(asked)
            assert asked.recv(100).startswith(b"POST /v1/messages")
            clients.append(client)
        process.terminate()
        time.sleep(0.5)
        assert process.poll() is None, "the first signal lets running calls finish"
        began = time.monotonic()
        process.terminate()
        _, err = process.communicate(timeout=10)
        assert time.monotonic() - began < 2
        assert process.returncode == 130
        assert "2 running calls are finished first" in err
        assert "Traceback" not in err
        for client in clients:
            assert client.recv(100).startswith(b"HTTP/1.1 503 ")
    found = rows(tmp_path / "book.db", "call")
    assert [(row["ending"], row["fault"]) for row in found] == [("error", "busy")] * 2
    assert [row["maybe_billed"] for row in found] == [1, 1]
    assert rows(tmp_path / "book.db", "intent") == []


def test_without_any_provider_it_says_what_to_set(tmp_path: Path) -> None:
    with up(folder=tmp_path, env={}) as process:
        _, err = process.communicate(timeout=10)
        assert process.returncode == 1
        assert "no provider is configured" in err
        assert "hint: export ANTHROPIC_API_KEY" in err


def test_a_key_that_cannot_be_used_is_named_when_it_was_the_only_one(tmp_path: Path) -> None:
    quoted = {"ANTHROPIC_API_KEY": f'"{KEY["ANTHROPIC_API_KEY"]}"'}
    with up(folder=tmp_path, env=quoted) as process:
        _, err = process.communicate(timeout=10)
        assert process.returncode == 1
        assert "ANTHROPIC_API_KEY has quotes around it" in err


def test_a_port_in_use_is_named_with_its_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with up("--port", port, folder=tmp_path, env=KEY) as process:
            _, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert f"127.0.0.1:{port}" in err
    assert "--port" in err
    assert "Traceback" not in err


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "headgate.toml"
    file.write_text('[server]\ntls_cert = "none.pem"\ntls_key = "key.pem"\n')
    with up("--config", str(file), folder=tmp_path, env=KEY) as process:
        _, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "server.tls_cert: none.pem cannot be read" in err


def test_sighup_takes_up_a_new_file_and_refuses_a_broken_one(tmp_path: Path) -> None:
    file = tmp_path / "headgate.toml"
    file.write_text('[providers.anthropic]\napi_key = "env:ANTHROPIC_API_KEY"\n')
    with up("--config", str(file), folder=tmp_path, env=KEY) as process:
        url = first_line(process)["url"]
        file.write_text(file.read_text() + '[models]\nfresh = "anthropic:claude-haiku-5-5"\n')
        process.send_signal(signal.SIGHUP)
        with urllib.request.urlopen(f"{url}/v1/models", timeout=5) as reply:  # noqa: S310 - loopback
            names = [model["id"] for model in json.load(reply)["data"]]
        assert "fresh" in names
        file.write_text("[models\n")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert status(url) == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "reload refused, the old configuration stays" in err
    assert deeds(tmp_path) == [(f"signal:{socket.gethostname()}", "config.reload")]


def test_a_sighup_to_several_workers_is_told_once_to_the_log_of_administrators(
    tmp_path: Path,
) -> None:
    file = tmp_path / "headgate.toml"
    file.write_text('[providers.anthropic]\napi_key = "env:ANTHROPIC_API_KEY"\n')
    with up("--config", str(file), "--workers", "2", folder=tmp_path, env=KEY) as process:
        first_line(process)
        process.send_signal(signal.SIGHUP)
        ends = time.monotonic() + 10
        while not deeds(tmp_path) and time.monotonic() < ends:
            time.sleep(0.05)
        process.terminate()
        _, err = process.communicate(timeout=10)
    assert "reloaded" in err
    assert deeds(tmp_path) == [(f"signal:{socket.gethostname()}", "config.reload")]


def deeds(folder: Path) -> list[tuple[str, str]]:
    """(who, what) of the log of administrators."""
    with contextlib.closing(connect_reader(next(folder.rglob("headgate.db")))) as store:
        return [(row.actor, row.action) for row in entries(store, Wanted())[::-1]]


def test_a_sighup_at_the_moment_it_begins_to_listen_is_a_reload_not_the_end(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with up("--port", str(port), folder=tmp_path, env=KEY) as process:
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
        process.send_signal(signal.SIGHUP)
        assert status(first_line(process)["url"]) == 200
        process.terminate()
        assert "reloaded" in process.communicate(timeout=10)[1]


@pytest.mark.parametrize(("seal", "place"), [("off", 0), ("off", 1), ("on", 2), ("on", 3)])
def test_the_archive_is_tended_by_one_worker_and_only_where_that_is_wanted(
    seal: str, place: int
) -> None:
    config = Config(archive=Archive(seal=seal))
    post = Post(place, 3, 0, 0, 0) if place else None
    one = _Up(config, lambda: config, 2, None, post)
    unused: Any = None
    assert one._tend(unused) is None


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_stopped_while_its_sandbox_is_being_opened_it_leaves_no_process(
    tmp_path: Path, name: str
) -> None:
    config = "[sandbox]\nenabled = true\n[providers.anthropic]\n"
    (tmp_path / "headgate.toml").write_text(config)
    for after_s in (0.0, 0.05, 0.15):
        with up(folder=tmp_path, env=KEY) as process:
            first_line(process)
            time.sleep(after_s)
            begun = _descendants(process.pid)
            process.send_signal(getattr(signal, name))
            _, said = process.communicate(timeout=15)
            assert process.returncode == 0, said
            assert "Traceback" not in said
            assert "is closed" not in said, "asyncio's word for a child that nobody waited for"
        until = time.monotonic() + 5
        while left := [pid for pid in begun if _lives(pid)]:
            assert time.monotonic() < until, left
            time.sleep(0.02)


def _descendants(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False
