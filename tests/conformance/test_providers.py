"""Every provider's data file, driven through the gateway: right path, right key, priced.

The simulator stands in for each of them, below whatever path the vendor serves from.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from headgate.gateway import serve
from headgate.money.catalog import Catalog, PriceRules
from headgate.providers import Preset, read_all
from headgate.sim.app import Simulator
from tests.kit import running

ALL = list(read_all().values())
SENT: dict[str, dict[str, Any]] = {
    "messages": {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
    "count_tokens": {"messages": [{"role": "user", "content": "hi"}]},
    "chat": {"messages": [{"role": "user", "content": "hi"}]},
    "responses": {"input": "hi"},
    "embeddings": {"input": "hi"},
}
PATHS = {
    "messages": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
}


KEY = "a-key-of-the-house"
CARRIED = {"anthropic": (b"x-api-key", KEY.encode()), "api-key": (b"api-key", KEY.encode())}


class Vendor:
    """The simulator, reachable below any path; keeps what it was asked."""

    def __init__(self) -> None:
        self.sim = Simulator()
        self.asked: list[tuple[str, dict[bytes, bytes]]] = []

    async def __call__(
        self, scope: serve.Scope, receive: serve.Receive, send: serve.Send
    ) -> None:
        self.asked.append((scope["path"], dict(scope["headers"])))
        ours = next(each for each in PATHS.values() if each[3:] in scope["path"])
        if scope["path"].endswith("/count_tokens"):
            ours = PATHS["count_tokens"]
        await self.sim({**scope, "path": ours, "raw_path": ours.encode()}, receive, send)


def served(preset: Preset) -> list[str]:
    return [surface for surface in preset.paths if surface in SENT]


def prefix(preset: Preset) -> str:
    """Its own corner of the one vendor, then the path its address has."""
    return f"/{preset.kind}{urlsplit(preset.base_url or preset.base_url_example).path}"


def configuration(url: str) -> str:
    return "".join(
        f'[providers."{preset.kind}"]\nbase_url = "{url}{prefix(preset)}"\n'
        'api_key = "env:THE_KEY"\n'
        for preset in ALL
    )


@pytest.mark.slow
async def test_calls_reach_the_paths_the_vendor_documents_with_the_key_it_expects() -> None:
    vendor = Vendor()
    server = await serve.start(vendor, serve.Listen())
    wanted = [(preset, surface) for preset in ALL for surface in served(preset)]
    try:
        async with running(configuration(server.url), env={"THE_KEY": KEY}) as field:
            for preset, surface in wanted:
                body = {"model": f"{preset.kind}:claude-haiku-5-5", **SENT[surface]}
                got = await field.post(PATHS[surface], body)
                assert got.status == 200, (preset.kind, surface, got.body)
            rows = await field.rows(len(wanted))
    finally:
        await server.stop(at_once=True)
    for (preset, surface), (path, headers), row in zip(wanted, vendor.asked, rows, strict=True):
        assert path == prefix(preset) + preset.paths[surface]
        name, value = CARRIED.get(preset.auth, (b"authorization", f"Bearer {KEY}".encode()))
        assert headers[name] == value, preset.kind
        assert (row["provider"], row["surface"]) == (preset.kind, surface)
        assert row["model_sent"] == "claude-haiku-5-5"
        if surface != "count_tokens":  # counting is free everywhere
            assert (row["priced_by"] == "free") == preset.free


def test_every_price_list_that_is_named_exists() -> None:
    known = set(Catalog.load(PriceRules()).providers)
    assert {preset.prices for preset in ALL if preset.prices} <= known
