"""A probe by hand sends what no client of ours sends, and gives up in time."""

from __future__ import annotations

import asyncio

import pytest

from headgate.conformance.case import Sending
from headgate.conformance.raw import by_hand, probe
from headgate.gateway import serve
from tests.conformance.plays import idle
from tests.peers import listening

HEAD = Sending("/api/hello", headers=[(b"user-agent", b"a")], method="HEAD")
UPGRADE = Sending("/v1/responses", headers=[(b"upgrade", b"websocket")], method="GET")


def test_only_what_our_client_cannot_send_is_sent_by_hand() -> None:
    assert by_hand(HEAD)
    assert by_hand(UPGRADE)
    assert not by_hand(Sending("/v1/models", method="GET"))


@pytest.mark.parametrize("sending", [HEAD, UPGRADE])
async def test_the_head_of_the_reply_is_read(sending: Sending) -> None:
    server = await serve.start(idle, serve.Listen())
    try:
        got = await probe(sending, server.url, 2.0)
    finally:
        await server.stop(at_once=True)
    assert (got.status, got.broke) == (200, "")
    assert got.header(b"content-type") == "application/json"


async def test_silence_and_nonsense_and_nobody_are_told() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\r\n\r\n")

    for answer, told in ((mute, "no answer within"), (odd, "no answer: IndexError")):
        async with listening(answer) as port:
            got = await probe(HEAD, f"http://127.0.0.1:{port}", 0.05)
        assert told in got.broke
        gone = await probe(HEAD, f"http://127.0.0.1:{port}", 1.0)
        assert "no answer: ConnectionRefusedError" in gone.broke
