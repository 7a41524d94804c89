"""What every test stands on: no outside world, a loop that never blocks, no user settings.

Rule 1: a test reaches loopback and nothing else; an attempt fails it, whoever swallowed it.
Rule 2: code of Headgate that blocks the event loop fails the test that ran it.
Rule 3: no test sees or touches the credentials, settings or state of whoever runs it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from blockbuster import blockbuster_ctx

pytest_plugins = [
    "pytester",  # the guards below are tested by running tests inside tests
    "tests.servers",
    "tests.databases",
    "tests.stores",
    "tests.buckets",
    "tests.toolchains",
    "tests.sieges",
]

MAY_BLOCK: tuple[tuple[str, str, str, str], ...] = (
    # what blocks, in which file, in which function, and why that is right
    ("os.stat", "gateway/serve.py", "_read_stamp", "two local inodes, twice a second"),
    ("*", "gateway/start.py", "_lay_ground", "start-up: nothing is served yet"),
    ("*", "gateway/start.py", "_take_up", "the operator asked for a reload: one small file"),
    ("*", "store/keys.py", "refresh", "two look-ups of a page in memory, ten times a second"),
    ("*", "store/keys.py", "close", "the end: nothing is served any more"),
    ("*", "sandbox/verdict/inside/peer.py", "ask", "the tests' loop waits for the code"),
)

UNREACHABLE_NAMES = (".invalid", ".test")  # RFC 6761: nobody ever answers for these

_attempts: list[str] = []


class OutboundRefused(ConnectionRefusedError):
    """A test tried to leave this machine."""


def _is_local(host: object) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_outbound(event: str, args: tuple[object, ...]) -> None:
    """An audit hook, because a patched method can be walked around and this cannot."""
    if event in ("socket.connect", "socket.sendto"):
        sock, address = args[0], args[1]
        family = sock.family if isinstance(sock, socket.socket) else None
        if family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            host = address[0]
            if not _is_local(host):
                _attempts.append(f"{host}:{address[1]}")
                raise OutboundRefused(f"tests reach loopback only, not {host}:{address[1]}")
    elif event == "socket.getaddrinfo":
        name = args[0]
        text = name.decode() if isinstance(name, bytes) else str(name)
        if _is_local(name) or _is_address(text):
            return
        if not text.endswith(UNREACHABLE_NAMES):
            _attempts.append(f"the name {text}")
        raise socket.gaierror(socket.EAI_NONAME, f"tests look up no names, not {text} either")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _guard_uvloop() -> None:
    """uvloop connects in C, below the audit events."""
    try:
        import uvloop
    except ImportError:
        return
    connect: Any = uvloop.Loop.create_connection

    async def create_connection(
        self: uvloop.Loop,
        protocol_factory: object,
        host: str | None = None,
        port: int | None = None,
        **options: object,
    ) -> object:
        if host is not None and not _is_local(host):
            if not host.endswith(UNREACHABLE_NAMES):
                _attempts.append(f"{host}:{port}")
            raise OutboundRefused(f"tests reach loopback only, not {host}:{port}")
        return await connect(self, protocol_factory, host, port, **options)

    pytest.MonkeyPatch().setattr(uvloop.Loop, "create_connection", create_connection)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden-update",
        action="store_true",
        help="rewrite the expected results below tests/golden; read the difference",
    )


def pytest_configure() -> None:
    sys.addaudithook(_refuse_outbound)
    _guard_uvloop()


hypothesis.settings.register_profile(
    "dev", max_examples=100, deadline=None
)  # a shared core makes deadlines lie
hypothesis.settings.register_profile(
    "ci", max_examples=50, deadline=None, derandomize=True, print_blob=True
)
hypothesis.settings.register_profile("soak", max_examples=5_000, deadline=None)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)


@pytest.fixture(autouse=True)
def no_outside_world() -> Iterator[None]:
    """Fail a test that tried to reach beyond loopback, even if the refusal was swallowed."""
    _attempts.clear()
    yield
    if _attempts:
        pytest.fail(f"the test tried to leave this machine: {', '.join(_attempts)}")


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[None]:
    """Blocking calls made by Headgate's own code inside a running loop raise."""
    with blockbuster_ctx("headgate") as watch:
        for function, file, caller, _why in MAY_BLOCK:
            every = watch.functions.values()
            for guarded in every if function == "*" else (watch.functions[function],):
                guarded.can_block_in(f"headgate/{file}", caller)
        yield


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def nobody_home(_homes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home and state folder, and no credential, proxy or setting from outside."""
    for name in list(os.environ):
        if name.upper().endswith(("_API_KEY", "_AUTH_TOKEN", "_PROXY")) or name.startswith(
            ("ANTHROPIC_", "OPENAI_", "CLAUDE_", "CODEX_", "HEADGATE_", "XDG_")
        ):
            monkeypatch.delenv(name)
    home = _homes / str(sum(1 for _ in _homes.iterdir()))
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HEADGATE_HOME", str(home / "headgate"))
    return home
