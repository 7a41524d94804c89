"""Long bodies: read whole up to their limit, refused before they are sent, never a hang."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import openai
import pytest

from tests.kit import Field, chat, message, read_reply, running, send, with_key

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

MIB = 1024 * 1024


def too_large(size: int) -> bytes:
    start = b'{"model":"claude-haiku-5-5","max_tokens":5,"messages":[{"role":"user","content":"'
    return start + b"x" * (size - len(start) - 4) + b'"}]}'


async def test_a_body_of_exactly_32_mib_is_served_and_one_byte_more_is_a_413(
    street: Field,
) -> None:
    got = await street.post("/v1/messages", too_large(32 * MIB), {"x-headgate-sim": "output=1"})
    assert got.status != 413 or "x-headgate-simulated" in got.headers
    assert street.sim.calls[-1].body == too_large(32 * MIB)
    street.sim.calls.clear()
    got = await street.post("/v1/messages", too_large(32 * MIB + 1))
    assert got.status == 413
    assert got.json["error"]["type"] == "request_too_large"
    assert "32 MB" in got.json["error"]["message"]
    assert got.headers["x-should-retry"] == "false"
    assert not street.sim.calls


async def test_the_official_client_hears_the_413_of_33_mb(street: Field) -> None:
    def ask() -> None:
        with openai.OpenAI(
            base_url=f"{street.url}/v1", api_key="sk-x", max_retries=0
        ) as client:
            client.chat.completions.create(
                model="gpt-6-luna", messages=[{"role": "user", "content": "x" * 33 * MIB}]
            )

    with pytest.raises(openai.APIStatusError) as caught:
        await asyncio.to_thread(ask)
    assert caught.value.status_code == 413
    assert "32 MB" in caught.value.message


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_httpx_hears_the_413_and_may_go_on_with_its_connection(
    street: Field, is_chunked: bool
) -> None:
    data = too_large(33 * MIB)
    async with httpx2.AsyncClient(base_url=street.url) as client:

        async def pieces() -> Any:
            for at in range(0, len(data), MIB):
                yield data[at : at + MIB]

        got = await client.post("/v1/messages", content=pieces() if is_chunked else data)
        assert got.status_code == 413
        assert (await client.get("/healthz")).status_code == 200


async def curl(field: Field, *more: str) -> tuple[str, bytes]:
    """(status, body) of 33 MB sent with curl."""
    process = await asyncio.create_subprocess_exec(
        *("curl", "-sS", "-o", "-", "-w", "%{stderr}%{http_code}", "--data-binary", "@-"),
        *(*more, f"{field.url}/v1/messages"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, status = await process.communicate(too_large(33 * MIB))
    return status.decode(), out


async def test_curl_hears_the_413_whether_it_asks_first_or_not(street: Field) -> None:
    for more in ((), ("-H", "Expect: 100-continue"), ("-H", "Expect:"), ("--http1.0",)):
        status, out = await curl(street, *more)
        assert status == "413", (more, status, out)
        assert json.loads(out)["error"]["type"] == "request_too_large"


async def test_a_body_announced_as_absurdly_large_is_refused_as_soon_as_it_begins(
    street: Field,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", street.opened.server.port)
    writer.write(
        b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n"
        + b" " * MIB
    )
    async with asyncio.timeout(2):
        assert (await read_reply(reader)).status == 413
    writer.close()


@pytest.mark.parametrize("length", [300_000, 30 * MIB, 33 * MIB, 9 * 1024 * MIB])
async def test_who_may_not_send_is_told_before_a_byte_of_a_long_body_came(length: int) -> None:
    async with running("") as field:
        await asyncio.to_thread(with_key, field.ledger)
        await until_keys_are_known(field)
        reader, writer = await asyncio.open_connection("127.0.0.1", field.opened.server.port)
        writer.write(
            b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nx-api-key: hg-wrong\r\n"
            b"content-length: %d\r\n\r\n" % length
        )
        async with asyncio.timeout(2):
            got = await read_reply(reader)
        assert (got.status, got.json["error"]["type"]) == (401, "authentication_error")
        assert ("connection" in got.headers) == (length > 128 * MIB)
        writer.close()


async def test_30_mb_and_a_wrong_key_are_answered_at_once_and_read_away_afterwards() -> None:
    """The answer comes before the body, and the connection serves the next call."""
    async with running("") as field:
        secret = await asyncio.to_thread(with_key, field.ledger)
        await until_keys_are_known(field)
        reader, writer = await asyncio.open_connection("127.0.0.1", field.opened.server.port)
        writer.write(
            b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nx-api-key: hg-wrong\r\n"
            b"content-length: %d\r\n\r\n" % (30 * MIB)
        )
        async with asyncio.timeout(5):
            assert (await read_reply(reader)).status == 401
            for _ in range(30):
                writer.write(b"x" * MIB)
                await writer.drain()
            data = json.dumps(message()).encode()
            writer.write(
                b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nx-api-key: %b\r\n"
                b"content-length: %d\r\n\r\n%b" % (secret.encode(), len(data), data)
            )
            assert (await read_reply(reader)).status == 200
        (connection,) = field.opened.server.connections()
        assert connection.transport.get_write_buffer_size() == 0
        writer.close()


async def test_curl_hears_the_401_of_30_mb_whether_it_asks_first_or_not() -> None:
    async with running("") as field:
        await asyncio.to_thread(with_key, field.ledger)
        await until_keys_are_known(field)
        for more in ((), ("-H", "Expect: 100-continue"), ("-H", "Expect:"), ("--http1.0",)):
            status, out = await curl(field, *more, "-H", "x-api-key: hg-wrong")
            assert status == "401", (more, status, out)
            assert json.loads(out)["error"]["type"] == "authentication_error"


async def test_a_wrong_key_that_asks_before_sending_is_told_not_to() -> None:
    async with running("") as field:
        await asyncio.to_thread(with_key, field.ledger)
        await until_keys_are_known(field)
        head = {"expect": "100-continue", "content-length": "50", "x-api-key": "hg-wrong"}
        port = field.opened.server.port
        reader, writer = await send(port, "POST", "/v1/messages", b"", head)
        async with asyncio.timeout(2):
            got = await read_reply(reader)
            assert (got.status, got.headers["connection"]) == (401, "close")
            assert await reader.read() == b""
        writer.close()


async def test_a_chunked_body_beyond_the_limit_is_refused_while_it_is_still_sent(
    street: Field,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", street.opened.server.port)
    writer.write(
        b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    async with asyncio.timeout(5):
        for _ in range(33):
            writer.write(b"100000\r\n" + b"x" * MIB + b"\r\n")
            await writer.drain()
        assert (await read_reply(reader)).status == 413
    writer.close()


async def test_whoever_asks_before_sending_too_much_is_told_not_to(street: Field) -> None:
    head = {"expect": "100-continue", "content-length": str(33 * MIB)}
    port = street.opened.server.port
    reader, writer = await send(port, "POST", "/v1/messages", b"", head)
    async with asyncio.timeout(2):
        got = await read_reply(reader)
        assert (got.status, got.headers["connection"]) == (413, "close")
        assert await reader.read() == b""
    writer.close()


async def test_whoever_asks_before_sending_is_told_to_go_on(street: Field) -> None:
    body = json.dumps(message()).encode()
    head = {"expect": "100-continue", "content-length": str(len(body))}
    reader, writer = await send(street.opened.server.port, "POST", "/v1/messages", b"", head)
    async with asyncio.timeout(2):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await read_reply(reader)).status == 200
    writer.close()


async def test_a_smaller_limit_of_the_operators_is_kept_and_named() -> None:
    async with running("max_body_bytes = 2048\n") as field:
        got = await field.post("/v1/chat/completions", chat(pad="x" * 4000))
        assert got.status == 413
        assert "0.00195" in got.json["error"]["message"]
        assert (await field.post("/v1/chat/completions", chat())).status == 200


async def until_keys_are_known(field: Field) -> None:
    while not field.opened.house.keys.defined:  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("size", [300_000, 2 * MIB])
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_long_bodies_sent_back_to_back_are_all_answered_in_order(
    street: Field, size: int, is_chunked: bool
) -> None:
    """Reading rests while a long body waits for its turn; it must go on when its turn comes."""

    def one(id: str) -> bytes:
        data = json.dumps(message(pad="y" * size)).encode()
        head = b"POST /v1/messages HTTP/1.1\r\nhost: x.localhost\r\nx-request-id: %b\r\n"
        head %= id.encode()
        if is_chunked:
            chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
            return head + b"transfer-encoding: chunked\r\n\r\n" + chunk
        return head + b"content-length: %d\r\n\r\n" % len(data) + data

    ids = [f"long-{size}-{is_chunked}-{n}" for n in range(3)]
    reader, writer = await asyncio.open_connection("127.0.0.1", street.opened.server.port)
    async with asyncio.timeout(10):
        writer.write(b"".join(one(id) for id in ids))
        for id in ids:
            got = await read_reply(reader)
            assert (got.status, got.headers["x-request-id"]) == (200, id)
    writer.close()
