"""A street for real clients: `headgate sim` and `headgate up` as processes, and their callers.

Rule 1: everything is started as a user would start it; nothing reaches into a process.
Rule 2: a client gets a fresh home, a closed stdin and a time limit, and its output is kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / ".cache" / "clients" / "node_modules" / ".bin"
SDKS = ROOT / ".cache" / "sdks"
HEADGATE = Path(sys.executable).with_name("headgate")
START_S = 20.0
CLIENT_S = 90.0

CONFIG = """
[retry]
waits_s = [0.05, 0.1]

[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"

[providers.openai]
base_url = "{sim}/v1"
api_key = "env:HOUSE_OPENAI"

[providers.elsewhere]
kind = "openai-compatible"
base_url = "{sim}/v1"
api_key = "env:HOUSE_OPENAI"

[providers.modern]
kind = "openai"
base_url = "{sim}/v1"
api_key = "env:HOUSE_OPENAI"
paths = {{ chat = "" }}

[models]
"over-chat" = "elsewhere:gpt-4.1"
"over-responses" = "modern:gpt-5.6-terra"
"over-messages" = "anthropic:claude-opus-5-5"
"gpt-6.1-terra" = "anthropic:claude-opus-5-5"
"thinker" = "elsewhere:qwen-4"
"blind" = "elsewhere:llama-5"
"sturdy" = ["anthropic:claude-opus-5-5 x1", "anthropic:claude-haiku-5-5 x1"]

[capabilities."elsewhere:qwen-4"]
reasoning_text = true
[capabilities."elsewhere:llama-5"]
images = false
"""

HOUSE_KEYS = {
    "HOUSE_ANTHROPIC": "sk-ant-api03-" + "e" * 80,
    "HOUSE_OPENAI": "sk-proj-" + "e" * 80,
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """A call as the simulated provider got it."""

    path: str
    body: bytes
    lost: bool
    """was the connection closed before the reply was whole"""

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass(frozen=True)
class Street:
    """A running gateway in front of a running simulator."""

    url: str
    sim_url: str
    key: str
    state: Path

    def direct(self, words: str) -> None:
        """Tell the simulator how the next calls shall go; empty words: as usual."""
        self._ask_sim("/sim/scenario", words.encode(), method="PUT")

    def _ask_sim(self, path: str, body: bytes | None = None, method: str = "GET") -> bytes:
        request = urllib.request.Request(  # noqa: S310 - loopback, our own simulator
            f"{self.sim_url}{path}", data=body, method=method
        )
        with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310 - the same
            return bytes(reply.read())

    def seen(self) -> int:
        """How many calls the simulator has had; `arrived` counts from there."""
        return int(json.loads(self._ask_sim("/sim"))["calls"])

    def arrived(self, since: int) -> list[Arrival]:
        """What reached the simulator after the first `since` calls, byte for byte."""
        listed = json.loads(self._ask_sim("/sim/calls"))
        return [
            Arrival(each["path"], self._ask_sim(f"/sim/calls/{each['n']}"), each["lost"])
            for each in listed
            if each["n"] > since and each["method"] == "POST"
        ]

    def _read(self, question: str, *values: object) -> list[Row]:
        uri = f"file:{self.state / 'headgate.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as ledger:
            ledger.row_factory = sqlite3.Row
            return [dict(row) for row in ledger.execute(question, values)]

    def mark(self) -> int:
        """The place in the ledger from which `rows_after` counts."""
        return int(self._read("SELECT coalesce(max(rowid), 0) AS n FROM call")[0]["n"])

    def rows_after(self, mark: int, at_least: int = 1) -> list[Row]:
        """The rows of every call since the mark, once that many are there and it is quiet."""
        until = time.monotonic() + 5
        rows: list[Row] = []
        while time.monotonic() < until:
            before = len(rows)
            rows = self._read("SELECT * FROM call WHERE rowid > ? ORDER BY rowid", mark)
            if len(rows) >= at_least and len(rows) == before:
                return rows
            time.sleep(0.05)
        pytest.fail(f"{len(rows)} ledger rows instead of {at_least} or more: {rows}")


def launch(command: list[str], env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command in the folder of its log; it prints one JSON object when it is ready."""
    with log.open("wb") as err:
        return subprocess.Popen(
            [str(HEADGATE), *command, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            env=env,
            cwd=log.parent,
        )


@contextlib.contextmanager
def started(command: list[str], env: dict[str, str], folder: Path) -> Iterator[dict[str, Any]]:
    """A command that prints one JSON object when it is ready; stopped as by Ctrl-C."""
    log = folder / f"{command[0]}.log"
    process = launch(command, env, log)
    try:
        yield first_object(process, log)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def first_object(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    until, got = time.monotonic() + START_S, b""
    while time.monotonic() < until and process.poll() is None:
        got += process.stdout.read() or b""
        with contextlib.suppress(ValueError):
            return dict(json.loads(got))
        time.sleep(0.02)
    process.kill()
    pytest.fail(f"headgate did not start:\n{got.decode()}\n{log.read_text()}")


def outside_env() -> dict[str, str]:
    """What a process needs of ours, and nothing that belongs to us."""
    kept = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}


@contextlib.contextmanager
def open_street(folder: Path, more: str = "") -> Iterator[Street]:
    """`more`: what its headgate.toml says beside the usual."""
    env = outside_env() | HOUSE_KEYS | {"HOME": str(folder), "HEADGATE_HOME": str(folder / "s")}
    made = subprocess.run(
        [str(HEADGATE), "keys", "create", "--name", "tester", "--json"],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    key = json.loads(made.stdout)["secret"]
    with started(["sim", "--port", "0"], env, folder) as sim:
        (folder / "headgate.toml").write_text(CONFIG.format(sim=sim["url"]) + more)
        with started(["up", "--config", "headgate.toml", "--port", "0"], env, folder) as up:
            yield Street(up["url"], sim["url"], key, folder / "s")


@dataclass(frozen=True)
class Ran:
    """A client's run."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object that the client printed."""
        try:
            return dict(json.loads(self.out))
        except ValueError:
            pytest.fail(f"no JSON from the client (exit {self.code}):\n{self.out}\n{self.err}")

    @property
    def events(self) -> list[dict[str, Any]]:
        """One JSON object per line."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]


def run_client(command: list[str], env: dict[str, str], home: Path) -> Ran:
    begun = time.monotonic()
    done = subprocess.run(
        command,
        env=outside_env() | {"HOME": str(home)} | env,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CLIENT_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)


def need(path: Path, what: str) -> None:
    if not path.exists():
        pytest.skip(f"{what} is not installed: make clients")


def claude_code(street: Street, home: Path, *args: str, **env: str) -> Ran:
    """Claude Code, headless: `claude -p … --output-format json`."""
    need(CLIENTS / "claude", "Claude Code")
    settings = {
        "ANTHROPIC_BASE_URL": street.url,
        "ANTHROPIC_AUTH_TOKEN": street.key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    command = [str(CLIENTS / "claude"), "-p", *args, "--output-format", "json"]
    return run_client(command, settings | env, home)


def codex(street: Street, home: Path, *args: str, **env: str) -> Ran:
    """Codex, headless: `codex exec --json …`."""
    need(CLIENTS / "codex", "Codex")
    settings = {"CODEX_HOME": str(home), "HEADGATE_KEY": street.key}
    command = [str(CLIENTS / "codex"), "exec", "--json", "--skip-git-repo-check", *args]
    return run_client(command, settings | env, home)


def sdk_python(name: str) -> str:
    """The interpreter that has this SDK; empty name: the newest, which is our own."""
    if not name:
        return sys.executable
    need(SDKS / name / "bin" / "python", name)
    return str(SDKS / name / "bin" / "python")


MODELS = {"messages": "over-messages", "chat": "over-chat", "responses": "over-responses"}
"""for each surface a model whose calls go out on it"""
THINKERS = MODELS | {"chat": "thinker"}
"""the same, of those that show their thoughts: OpenAI's do not in Chat Completions"""
SENT = {
    "over-messages": "claude-opus-5-5",
    "over-chat": "gpt-4.1",
    "over-responses": "gpt-5.6-terra",
    "thinker": "qwen-4",
}
OVERFLOW = {
    "messages": "400;message=prompt is too long: 300000 tokens > 200000 maximum",
    "chat": "400;code=context_length_exceeded",
    "responses": "400;code=context_length_exceeded",
}
"""how a conversation that does not fit is refused there"""


def once(words: str) -> str:
    """A scenario in which only the first call goes this way."""
    return f"title = 'once'\n[[step]]\ncalls = '1'\ndo = '''{words}'''\n"


def tool_calls(*steps: tuple[str, object], extra: str = "") -> str:
    """A scenario: the first calls ask for these tools, later ones are answered in words.

    A list of arguments asks for the tool as often as it is long, in one reply.
    """
    lines = ["title = 'a session with tools'"]
    for n, (tool, arguments) in enumerate(steps, 1):
        do = f"{extra}tool={tool};tool-again;tool-input={json.dumps(arguments)}"
        lines += ["[[step]]", f"calls = '{n}'", f"do = '''{do}'''"]
    return "\n".join(lines)


def tiny_png() -> bytes:
    """A red square of two by two."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        sum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sum)

    rows = zlib.compress((b"\0" + b"\xff\0\0" * 2) * 2)
    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
