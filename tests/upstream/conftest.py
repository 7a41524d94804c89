"""Every promise of the door is tested on both event loops, against real sockets."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import uvloop

from headgate.upstream import Door
from tests.upstream.scripted import BlackHole, Step, Upstream


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A door that must be left without an open socket."""
    opened = Door()
    yield opened
    await asyncio.wait_for(opened.close(), 2)
    assert opened.open_sockets() == 0


Start = Callable[..., Coroutine[Any, Any, Upstream]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts scripted upstreams: `await start((OK,), (b"…", End.RST))`."""
    started: list[Upstream] = []

    async def begin(*answers: Sequence[Step], **options: Any) -> Upstream:
        upstream = Upstream(*answers)
        context = options.pop("context", None)
        for name, value in options.items():
            setattr(upstream, name, value)
        await upstream.start(context)
        started.append(upstream)
        return upstream

    yield begin
    for upstream in started:
        await upstream.stop()


@pytest.fixture
def black_hole() -> Iterator[BlackHole]:
    hole = BlackHole()
    yield hole
    hole.close()


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority (ca.pem), and its certificate for 127.0.0.1 (cert.pem, key.pem)."""
    folder = tmp_path_factory.mktemp("papers")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        *(folder, "req", "-x509", *curve, "-days", "2", "-subj", "/CN=Test authority"),
        *("-keyout", "ca.key", "-out", "ca.pem"),
        *("-addext", "keyUsage=critical,keyCertSign"),
    )
    openssl(
        *(folder, "req", *curve, "-subj", "/CN=upstream", "-keyout", "key.pem"),
        *("-out", "cert.csr", "-addext", "subjectAltName=IP:127.0.0.1"),
    )
    openssl(
        *(folder, "x509", "-req", "-in", "cert.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-days", "2", "-out", "cert.pem", "-copy_extensions", "copy"),
    )
    return folder


@pytest.fixture
def server_tls(papers: Path) -> ssl.SSLContext:
    """How an upstream with that certificate speaks TLS; it would like HTTP/2 better."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / "cert.pem", papers / "key.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context
