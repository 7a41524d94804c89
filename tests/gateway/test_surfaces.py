"""From an HTTP request to a call: bodies, fields and ids arrive as they were sent."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kit import Field, chat, message, read_reply, response, running, send

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

MIB = 1024 * 1024
PATHS = ["/v1/messages", "/v1/chat/completions", "/v1/responses"]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
SPACE = st.sampled_from(["", " ", "\n", "\t \r\n"])


@st.composite
def bodies(draw: st.DrawFn, model: str) -> tuple[bytes, bytes]:
    """(a JSON object with a model, written in any way, and the same with the model renamed)"""
    members: dict[str, str] = {}
    for name, value in draw(st.dictionaries(st.text(), VALUES, max_size=5)).items():
        if name not in ("model", "stream", "stream_options"):
            members[name] = json.dumps(value, ensure_ascii=draw(st.booleans()))
    order = draw(st.permutations([*members, "model"]))
    around = draw(st.tuples(SPACE, SPACE, SPACE, SPACE))

    def written(value: str) -> bytes:
        parts = []
        for name in order:
            inner = members.get(name, json.dumps(value))
            parts.append(
                f"{around[0]}{json.dumps(name)}{around[1]}:{around[2]}{inner}{around[3]}"
            )
        return (around[0] + "{" + ",".join(parts) + "}" + around[1]).encode(
            "utf-8", "surrogatepass"
        )

    return written(model), written("claude-haiku-5-5")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies("claude-haiku-5-5"))
async def test_a_body_of_the_providers_own_dialect_arrives_byte_for_byte(
    street: Field, pair: tuple[bytes, bytes]
) -> None:
    await street.post("/v1/messages", pair[0], {"x-headgate-sim": "output=1"})
    assert street.sim.calls[-1].body == pair[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def aliased() -> AsyncIterator[Field]:
    toml = '[retry]\nwaits_s = [0]\n[models]\n"an alias" = ["anthropic:claude-haiku-5-5"]\n'
    async with running(toml) as field:
        yield field


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies("an alias"))
async def test_an_alias_changes_the_models_value_and_no_other_byte(
    aliased: Field, pair: tuple[bytes, bytes]
) -> None:
    await aliased.post("/v1/messages", pair[0], {"x-headgate-sim": "output=1"})
    assert aliased.sim.calls[-1].body == pair[1]


async def test_a_key_sent_twice_reaches_the_provider_once_with_the_value_we_acted_on(
    street: Field,
) -> None:
    body = b'{"model":"gpt-6-luna","model":"claude-haiku-5-5","max_tokens":5,"messages":[]}'
    await street.post("/v1/messages", body)
    arrived = street.sim.calls[-1].body
    assert arrived.count(b'"model"') == 1
    assert json.loads(arrived)["model"] == "claude-haiku-5-5"


@pytest.mark.parametrize("asked", [None, {"include_usage": False}, {"include_usage": True}])
async def test_usage_is_asked_for_on_chat_streams_and_shown_only_to_whoever_asked(
    street: Field, asked: dict[str, Any] | None
) -> None:
    body = chat(stream=True, user="u") | ({"stream_options": asked} if asked else {})
    got = await street.post("/v1/chat/completions", body)
    arrived = json.loads(street.sim.calls[-1].body)
    assert arrived == {**body, "stream_options": {"include_usage": True}}
    wants = bool(asked and asked["include_usage"])
    assert any(event.get("usage") for event in got.events) is wants
    assert got.body.endswith(b"data: [DONE]\n\n")
    if wants:
        assert street.sim.calls[-1].body == json.dumps(body).encode()


@pytest.mark.parametrize("asked", [None, {"include_usage": False}, {"include_usage": True}])
async def test_a_canned_stream_tells_its_usage_only_to_whoever_asked(
    asked: dict[str, Any] | None,
) -> None:
    toml = '[models]\nsafe = { ladder = ["openai:gpt-6-luna"], canned = "Nobody answers." }\n'
    async with running(toml) as field:
        body = chat("safe", stream=True) | ({"stream_options": asked} if asked else {})
        got = await field.post("/v1/chat/completions", body, {"x-headgate-sim": "529"})
        assert (got.status, got.headers["x-headgate-canned"]) == (200, "true")
    assert got.body.endswith(b"data: [DONE]\n\n")
    told = [event for event in got.events if event.get("usage")]
    assert len(told) == bool(asked and asked["include_usage"])
    assert all(e["choices"] == [] and e["usage"]["total_tokens"] == 0 for e in told)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_callers_fields_travel_on_and_its_credentials_do_not(
    street: Field, path: str, stream: bool
) -> None:
    passing = {
        "anthropic-beta": "claude-code-20250219,oauth-2025-04-20, unheard-of-2031-01-01",
        "anthropic-version": "2023-06-01",
        "x-stainless-lang": "js",
        "x-stainless-retry-count": "0",
        "x-claude-code-session-id": "11111111-2222-3333-4444-555555555555",
        "user-agent": "claude-cli/2.1.329 (external, sdk-cli)",
        "x-app": "cli",
        "x-unknown-to-everybody": "kept; as=is,  with  spaces",
        "openai-beta": "responses=v9",
        "originator": "codex_exec",
        "accept": "application/json",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    ending_here = {
        "authorization": "Bearer sk-callers-own-secret",
        "x-api-key": "sk-callers-own-secret",
        "cookie": "session=secret",
        "origin": "app://x",
        "connection": "keep-alive, X-Private",
        "x-private": "hop",
        "te": "trailers",
        "proxy-authorization": "Basic c2VjcmV0",
        "accept-encoding": "gzip, br",
        "x-headgate-tags": "team=a",
    }
    body = message() if "messages" in path else chat() if "chat" in path else response()
    got = await street.post(path, {**body, "stream": stream}, {**passing, **ending_here})
    assert got.status == 200
    arrived = street.sim.calls[-1]
    seen: dict[str, list[str]] = {}
    for raw_name, raw_value in arrived.headers:
        seen.setdefault(raw_name.decode(), []).append(raw_value.decode())
    for name, value in passing.items():
        assert seen[name] == [value]
    values = str(seen)
    assert "secret" not in values
    for name in (
        "cookie",
        "x-private",
        "te",
        "proxy-authorization",
        "x-headgate-tags",
        "origin",
    ):
        assert name not in seen
    assert seen["accept-encoding"] == ["identity"]
    assert seen["host"] == [f"127.0.0.1:{street.sim_server.port}"]


async def test_a_missing_version_is_added_for_providers_that_demand_one(street: Field) -> None:
    assert (await street.post("/v1/messages", message())).status == 200
    assert street.sim.calls[-1].header("anthropic-version") == "2023-06-01"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("id", ["req-1.2:3_x", "a", "Z" * 128])
async def test_a_safe_request_id_is_kept_forwarded_returned_and_stored(
    street: Field, path: str, id: str
) -> None:
    id = f"{id[:100]}{PATHS.index(path)}"
    body = message() if "messages" in path else chat() if "chat" in path else response()
    got = await street.post(path, body, {"x-request-id": id})
    assert got.headers["x-request-id"] == id
    assert street.sim.calls[-1].header("x-request-id") == id
    row = await street.row_of(id)
    upstream_id = got.headers["x-headgate-upstream-request-id"]
    assert upstream_id != id
    assert row["upstream_id"] == upstream_id
    if "messages" in path:
        assert got.headers["request-id"] == id


@pytest.mark.parametrize("id", ["", "a b", "x" * 129, "../../etc", 'a"b', "<x>", "-x", "é"])
async def test_an_unsafe_request_id_is_replaced_by_one_of_ours(street: Field, id: str) -> None:
    got = await street.post("/v1/messages", message(), {"x-request-id": id})
    ours = got.headers["x-request-id"]
    assert ours.startswith("hg_")
    assert street.sim.calls[-1].header("x-request-id") == ours
    assert (await street.row_of(ours))["status"] == 200


async def test_calls_without_an_id_get_different_ones(street: Field) -> None:
    got = [await street.post("/v1/messages", message()) for _ in range(5)]
    assert len({one.headers["x-request-id"] for one in got}) == 5


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
async def test_headroom_and_organisation_of_a_shared_credential_are_nobodys_business(
    street: Field, path: str, stream: bool
) -> None:
    body = message() if "messages" in path else chat() if "chat" in path else response()
    got = await street.post(path, {**body, "stream": stream})
    hidden = ("anthropic-ratelimit", "x-ratelimit", "openai-organization", "openai-project")
    assert not [name for name in got.headers if name.startswith(hidden)]
    assert "anthropic-organization-id" not in got.headers
    assert "set-cookie" not in got.headers
    assert got.headers["x-headgate-simulated"] == "true"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "Deflate"])
async def test_a_compressed_body_is_refused_with_the_remedy(
    street: Field, path: str, coding: str
) -> None:
    got = await street.post(path, b"\x1f\x8b\x08", {"content-encoding": coding})
    assert got.status == 400
    assert coding.lower() in got.json["error"]["message"]
    assert "uncompressed" in got.json["error"]["message"]
    assert (await street.post(path, {}, {"content-encoding": "Identity"})).status == 400


async def test_event_streams_are_neither_compressed_nor_held_back_by_anybody(
    street: Field,
) -> None:
    body, asked = message(stream=True), {"accept-encoding": "gzip, br"}
    got = await street.post("/v1/messages", body, asked)
    assert got.headers["content-type"].startswith("text/event-stream")
    assert got.headers["x-accel-buffering"] == "no"
    assert "no-transform" in got.headers["cache-control"]
    assert "content-encoding" not in got.headers
    assert "content-length" not in got.headers


async def arrival(field: Field) -> None:
    """Until a call is being answered by the simulator."""
    while not field.sim.running:  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0.01)


# ---- unusual ways to send a request


async def test_a_chunked_body_arrives_whole(street: Field) -> None:
    data = json.dumps(message(pad="y" * 300_000)).encode()
    chunks = b"".join(
        b"%x;note=1\r\n%b\r\n" % (len(part), part)
        for part in (data[at : at + 7001] for at in range(0, len(data), 7001))
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", street.opened.server.port)
    writer.write(
        b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
        + chunks
        + b"0\r\nx-checksum: 1\r\n\r\n"
    )
    async with asyncio.timeout(5):
        assert (await read_reply(reader)).status == 200
    assert street.sim.calls[-1].body == data
    assert street.sim.calls[-1].header("x-checksum") == ""
    writer.close()


async def old_request(port: int, body: dict[str, object]) -> tuple[bytes, bytes]:
    data = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/messages HTTP/1.0\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
    async with asyncio.timeout(5):
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return head, rest


async def test_an_http_1_0_client_gets_whole_replies_and_plain_streams(street: Field) -> None:
    port = street.opened.server.port
    head, body = await old_request(port, message())
    assert b" 200 " in head
    assert json.loads(body)["type"] == "message"
    head, body = await old_request(port, message(stream=True))
    assert b"transfer-encoding" not in head.lower()
    assert body.startswith(b"event: message_start\n")
    assert body.endswith(b'data: {"type":"message_stop"}\n\n')


async def test_calls_sent_back_to_back_on_one_connection_are_answered_in_order(
    street: Field,
) -> None:
    def one(model: str) -> bytes:
        data = json.dumps(message(model)).encode()
        head = b"POST /v1/messages HTTP/1.1\r\nhost: x.localhost\r\n"
        return head + b"content-length: %d\r\n\r\n" % len(data) + data

    names = ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "nothing"] * 4
    reader, writer = await asyncio.open_connection("127.0.0.1", street.opened.server.port)
    writer.write(b"".join(one(name) for name in names))
    async with asyncio.timeout(5):
        for name in names:
            got = await read_reply(reader)
            assert got.status == (404 if name == "nothing" else 200)
            assert got.json.get("model", "nothing") == name
    writer.close()


async def test_whoever_leaves_behind_calls_sent_back_to_back_stops_the_first_one(
    street: Field,
) -> None:
    port = street.opened.server.port
    slow = {"x-headgate-sim": "head-delay=20", "x-request-id": "first-of-two"}
    _, writer = await send(port, "POST", "/v1/messages", message(), slow)
    data = json.dumps(message()).encode()
    writer.write(
        b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"
        % len(data)
    )
    writer.write(data)
    await arrival(street)
    await asyncio.sleep(0.05)
    calls = street.sim.total_calls
    writer.transport.abort()
    await asyncio.sleep(0.05)
    assert street.sim.running == 0
    assert street.sim.total_calls == calls
    assert (await street.row_of("first-of-two"))["ending"] == "client_gone"


async def test_a_client_that_closes_its_sending_side_counts_as_gone(street: Field) -> None:
    port = street.opened.server.port
    slow = {"x-headgate-sim": "head-delay=20", "x-request-id": "half-closed"}
    reader, writer = await send(port, "POST", "/v1/messages", message(), slow)
    await arrival(street)
    writer.write_eof()
    await asyncio.sleep(0.05)
    assert street.sim.running == 0
    async with asyncio.timeout(2):
        assert await reader.read() == b""
    assert (await street.row_of("half-closed"))["ending"] == "client_gone"
    writer.close()


async def test_whoever_leaves_while_sending_a_body_is_no_call(street: Field) -> None:
    port = street.opened.server.port
    before = street.sim.total_calls
    headers = {"content-length": "100000", "x-request-id": "left-early"}
    _, writer = await send(port, "POST", "/v1/messages", b'{"model":', headers)
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.05)
    assert street.sim.total_calls == before
    assert not street.opened.house.ground.running
    assert not [line for line in street.logged() if line.get("id") == "left-early"]


async def test_both_ends_of_the_gateway_send_small_writes_at_once(street: Field) -> None:
    """TCP_NODELAY on the accepted socket; the upstream's is set by the dial."""
    reader, writer = await asyncio.open_connection("127.0.0.1", street.opened.server.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
    await read_reply(reader)
    for edge in street.opened.server.connections():
        raw = edge.transport.get_extra_info("socket")
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert street.opened.server.connections()
    writer.close()
