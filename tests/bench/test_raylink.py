"""An address that is no cluster's is told soon, with what to name instead."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from headgate.bench import raylink
from headgate.bench.raylink import link
from headgate.sandbox.model import Refused, Unavailable
from tests.servers import free_port


@pytest.mark.parametrize(
    "address",
    ["", "foo", "ray://", "ray://host", "http://host:1", "host:0", "host:99999", "a b:1"],
)
async def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="no address") as told:
        await link(address)
    assert "ray start" in told.value.remedy


@pytest.mark.parametrize("kind", ["ray://127.0.0.1", "127.0.0.1"])
async def test_where_nothing_answers_it_is_told_at_once(kind: str) -> None:
    with pytest.raises(Unavailable, match="nothing answers"):
        await link(f"{kind}:{free_port()}")


async def test_without_ray_it_is_told_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable) as told:
            await link(f"ray://127.0.0.1:{port}")
    assert told.value.remedy == "pip install 'headgate[ray]'"
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert os.environ["RAY_ENABLE_AUTO_CONNECT"] == "0"
    for name in raylink.QUIET:
        monkeypatch.delenv(name)
