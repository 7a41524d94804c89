"""Spans reach a collector that is busy, and one that refuses them is heard."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
import pytest_asyncio

from headgate.gateway.serve import Listen, start
from headgate.ledger.export.send import HEADERS, NotTaken, headers, send


class Collector:
    """Takes what is posted, as it was told to."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.got: list[tuple[str, dict[bytes, bytes], bytes]] = []
        self.url = ""

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.got.append((scope["path"], dict(scope["headers"]), body))
        status, answer = self.answers.pop(0) if self.answers else (200, b"{}")
        fields = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": answer})


@pytest_asyncio.fixture
async def collector() -> AsyncIterator[Collector]:
    it = Collector()
    running = await start(it, Listen(drain_s=1))
    it.url = running.url
    yield it
    await running.stop(at_once=True)


async def no_wait(seconds: float) -> None:
    pass


async def test_every_lot_is_posted_with_the_headers_of_the_environment(
    collector: Collector,
) -> None:
    env = {HEADERS: "authorization=Bearer%20x, x-team=a"}
    sent = await send(iter([b"{}", b"{}"]), collector.url, env, no_wait)
    assert (sent.requests, sent.rejected) == (2, 0)
    path, fields, _ = collector.got[0]
    assert path == "/v1/traces"
    assert fields[b"authorization"] == b"Bearer x"
    assert fields[b"content-type"] == b"application/json"


async def test_a_busy_collector_is_asked_again(collector: Collector) -> None:
    collector.answers = [(503, b""), (429, b"")]
    assert (await send(iter([b"{}"]), collector.url + "/v1/traces", {}, no_wait)).requests == 1
    assert [path for path, _, _ in collector.got] == ["/v1/traces"] * 3


async def test_what_a_collector_refuses_is_told_in_its_words(collector: Collector) -> None:
    collector.answers = [(401, b"who are you")]
    with pytest.raises(NotTaken, match=r"401.*who are you"):
        await send(iter([b"{}"]), collector.url, {}, no_wait)


async def test_spans_left_out_are_counted(collector: Collector) -> None:
    part = {"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old"}}
    collector.answers = [(200, json.dumps(part).encode())]
    sent = await send(iter([b"{}"]), collector.url, {}, no_wait)
    assert (sent.rejected, sent.said) == (3, "too old")


def test_headers_that_cannot_be_read_are_named() -> None:
    with pytest.raises(NotTaken, match=HEADERS):
        headers({HEADERS: "nonsense"})
