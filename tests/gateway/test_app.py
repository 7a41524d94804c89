"""Which path is answered by what, and that nothing but a call ever reaches a provider."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.wire import SURFACES
from tests.kit import Field, Got, chat, message, read_reply, request, running

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

CALLS = [surface.path for surface in SURFACES.values()]
BODIES: dict[str, dict[str, object]] = {
    "/v1/messages": message(),
    "/v1/messages/count_tokens": message(),
    "/v1/chat/completions": chat(),
    "/v1/responses": {"model": "gpt-6-luna", "input": "hi"},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "hi"},
}


def error_of(got: Got, path: str) -> tuple[str, str]:
    """(type, message) of one of our errors, in the dialect that the path's callers read."""
    body = got.json
    if "/messages" in path:
        assert body["type"] == "error"
        assert body["request_id"] == got.headers["request-id"]
    assert got.headers["content-type"] == "application/json"
    return body["error"]["type"], body["error"]["message"]


@pytest.mark.parametrize(
    "path",
    ["/", "/api/hello", "/v1/messages", "/v1/models", "/healthz", "/admin/x", "/a%20b?c=d"],
)
async def test_head_is_answered_at_once_on_any_path_and_touches_no_upstream(
    street: Field, path: str
) -> None:
    before = street.sim.total_calls
    async with asyncio.timeout(0.5):
        got = await request(street.opened.server.port, "HEAD", path)
    assert (got.status, got.body) == (200, b"")
    assert street.sim.total_calls == before


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/", "/v1/models"])
async def test_pages_of_our_own_touch_no_upstream(street: Field, path: str) -> None:
    before = street.sim.total_calls
    assert (await street.get(path)).status == 200
    assert street.sim.total_calls == before
    assert street.opened.house.ground.door.open_sockets() == street.sim.open_connections


async def test_health_pages_say_so_in_json(street: Field) -> None:
    assert (await street.get("/healthz")).json == {"status": "ok"}
    assert (await street.get("/readyz")).json == {"status": "ready"}


async def test_a_gateway_that_is_shutting_down_is_not_ready_but_alive() -> None:
    async with running() as field:
        field.opened.house.draining = True
        ready = await field.get("/readyz")
        assert ready.status == 503
        assert "shutting down" in ready.json["why"]
        assert (await field.get("/healthz")).status == 200


@pytest.mark.parametrize("path", ["/v1/responses", "/responses"])
async def test_the_websocket_upgrade_of_codex_gets_426(street: Field, path: str) -> None:
    got = await street.get(
        path,
        {
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
            "openai-beta": "responses_websockets=2026-02-06",
        },
    )
    assert got.status == 426
    assert "upgrade" in got.headers


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("query", ["", "?beta=true", "?a=1&b=%20;x&&", "?"])
@pytest.mark.parametrize("prefix", [True, False])
async def test_every_surface_answers_with_any_query_and_with_or_without_v1(
    street: Field, path: str, query: str, prefix: bool
) -> None:
    asked = path if prefix else path.removeprefix("/v1")
    got = await street.post(asked + query, BODIES[path])
    assert got.status == 200, got.body
    arrived = street.sim.calls[-1]
    assert arrived.path == path
    assert arrived.query == query.removeprefix("?")


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_a_wrong_method_is_a_405_in_the_callers_dialect(
    street: Field, path: str, method: str
) -> None:
    got = await request(street.opened.server.port, method, path)
    assert got.status == 405
    assert "POST" in got.headers["allow"]
    assert method in got.json["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/x", "/healthz", "/metrics"])
async def test_pages_that_are_read_take_nothing_else(street: Field, path: str) -> None:
    got = await request(street.opened.server.port, "POST", path, {"model": "x"})
    assert got.status == 405
    assert got.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/v1/messages/batches", "/v1/nothing", "/inference-profiles"])
async def test_an_unknown_path_is_a_404_that_says_where_calls_go(
    street: Field, path: str
) -> None:
    got = await street.post(path, message())
    assert got.status == 404
    assert got.headers["x-should-retry"] == "false"
    kind, text = error_of(got, path)
    assert kind == ("not_found_error" if "/messages" in path else "invalid_request_error")
    assert path in text
    assert all(call in text for call in CALLS)
    assert got.json["error"].get("code") is None, "no model was asked for"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/messages", 405),
        ("DELETE", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("POST", "/v1/nothing", 404),
        ("POST", "/v1/messages", 400),
        ("POST", "/v1/embeddings", 400),
        ("GET", "/v1/models/nobody-serves-it", 404),
        ("GET", "/v1/models?limit=0", 400),
        ("GET", "/admin/nothing", 404),
        ("PUT", "/admin/reload", 405),
    ],
)
async def test_every_error_of_our_own_has_an_id_and_says_that_trying_again_is_no_use(
    street: Field, method: str, path: str, status: int
) -> None:
    port, sent = street.opened.server.port, {"anthropic-version": "2023-06-01"}
    for id in ("kept-by-caller", "not safe"):
        got = await request(port, method, path, b"[]", {**sent, "x-request-id": id})
        assert got.status == status
        assert got.headers["x-should-retry"] == "false"
        named = got.headers["x-request-id"]
        assert named == id if id == "kept-by-caller" else named.startswith("hg_")
        if "/admin/" not in path:
            assert got.headers.get("request-id", named) == got.json.get("request_id", named)
            assert got.headers.get("request-id", named) == named


async def test_the_upgrade_that_is_refused_is_named_and_final_too(street: Field) -> None:
    fields = {"upgrade": "websocket", "connection": "Upgrade", "x-request-id": "up"}
    got = await street.get("/v1/responses", fields)
    assert (got.status, got.headers["x-request-id"]) == (426, "up")
    assert got.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "path",
    ["/v1/models", "/v1/models/gpt-6-luna", "/healthz", "/readyz", "/metrics", "/",
     "/admin/config"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_every_page_names_the_request_it_answers(
    street: Field, method: str, path: str
) -> None:
    port = street.opened.server.port
    got = await request(port, method, path, None, {"x-request-id": "mine-7"})
    assert (got.status, got.headers["x-request-id"]) == (200, "mine-7")
    assert "x-should-retry" not in got.headers
    ours = {(await request(port, method, path)).headers["x-request-id"] for _ in range(2)}
    assert len(ours) == 2


@pytest.mark.parametrize("path", CALLS)
async def test_an_unknown_model_is_a_404_that_lists_the_known_ones(
    street: Field, path: str
) -> None:
    got = await street.post(path, {**BODIES[path], "model": "claud-nothing"})
    assert got.status == 404
    _, text = error_of(got, path)
    assert "claud-nothing" in text
    assert "claude-*" in text
    assert "gpt-*" in text


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"{", "not valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b'"x"', "must be a JSON object"),
        (b'{"model": 7}', "model: must be a string"),
        (b"{}", "model: is required"),
        (b'{"model": null}', "model: is required"),
        (b'{"model": ""}', "model: is required"),
        (b'{"model": "claude-x", "a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"model": "\xff"}', "model: must be a string"),
        (b'{"model": "a\\nb: c"}', "control characters"),
        (b'{"model": "\\ud800"}', "JSON"),
        (b'{"model": "' + b"m" * 5000 + b'"}', "characters"),
    ],
)
async def test_a_body_that_makes_no_sense_is_a_400_that_says_what_is_wrong(
    street: Field, path: str, body: bytes, said: str
) -> None:
    before = street.sim.total_calls
    got = await street.post(path, body)
    assert got.status == 400
    kind, text = error_of(got, path)
    assert kind == "invalid_request_error"
    assert said in text
    assert len(text) < 500
    assert street.sim.total_calls == before


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
async def test_a_stream_flag_of_the_wrong_type_is_named(street: Field, path: str) -> None:
    got = await street.post(path, {**BODIES[path], "stream": "yes"})
    assert got.status == 400
    assert "stream: must be true or false" in error_of(got, path)[1]


async def test_wrong_stream_options_are_named(street: Field) -> None:
    got = await street.post("/v1/chat/completions", chat(stream=True, stream_options=[1]))
    assert got.status == 400
    assert "stream_options" in error_of(got, "")[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["model", "stream", "messages", "input", "max_tokens", "tools", "stream_options", "system"]
)
MODELS = st.sampled_from(["claude-haiku-5-5", "gpt-6-luna", "claude-\x00", "gpt-\U0001f600"])
OBJECTS = st.dictionaries(NAMES | st.text(), JSON, max_size=6)
NAMED = st.builds(lambda body, model: {**body, "model": model}, OBJECTS, MODELS | st.text())
METHODS = st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS", "PROPFIND"])
PATHS = st.sampled_from([*CALLS, "/v1/models/x", "/admin/reload", "/metrics", "/v1/%ff%00"])
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))
FIELDS = st.dictionaries(
    st.sampled_from(
        [
            *("x-request-id", "authorization", "x-api-key", "x-headgate-key", "cookie"),
            *("origin", "anthropic-version", "accept", "content-encoding", "user-agent"),
        ]
    ),
    VALUE.map(str.strip),
    max_size=4,
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=METHODS, path=PATHS, body=NAMED | OBJECTS | JSON | st.binary(), fields=FIELDS)
async def test_no_request_whatever_gets_a_500_a_hang_or_a_trace(
    street: Field, method: str, path: str, body: object, fields: dict[str, str]
) -> None:
    latin = {name: value.encode().decode("latin-1") for name, value in fields.items()}
    async with asyncio.timeout(10):
        got = await request(street.opened.server.port, method, path, body, latin)
    assert got.whole
    assert got.status < 500 or got.status == 501  # counting tokens is not for every provider
    assert b"Traceback" not in got.body
    if got.status >= 400 and got.headers.get("x-headgate-simulated") is None:
        assert got.json["error"]["message"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=400), st.booleans())
async def test_no_bytes_whatever_hang_the_door_or_are_answered_with_a_500(
    street: Field, data: bytes, is_begun: bool
) -> None:
    port = street.opened.server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    start = b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n" if is_begun else b""
    writer.write(start + data)
    writer.write_eof()
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert b" 500 " not in answer[:30]
    assert b"Traceback" not in answer


async def test_a_bug_is_answered_in_the_callers_dialect_and_traced_only_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as field:

        def broken(*_: object) -> None:
            raise ZeroDivisionError("planted")

        monkeypatch.setattr("headgate.gateway.models.Models.listing", broken)
        got = await field.get("/v1/models", {"x-request-id": "call-1"})
        assert got.status == 500
        assert "call-1" in got.json["error"]["message"]
        assert b"planted" not in got.body
        (line,) = [line for line in field.logged() if line["event"] == "bug"]
        assert line["id"] == "call-1"
        assert "planted" in line["error"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/models", "/metrics", "/admin/config"])
async def test_a_name_somebody_else_may_own_opens_nothing_while_there_is_no_key(
    street: Field, host: str, path: str
) -> None:
    before = street.sim.total_calls
    method = "POST" if path == "/v1/messages" else "GET"
    got = await request(street.opened.server.port, method, path, message(), {"host": host})
    assert got.status in (401, 403)
    assert street.sim.total_calls == before
    if path == "/v1/messages":
        assert host in got.json["error"]["message"]
        assert "headgate keys create" in got.json["error"]["message"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:3000"])
async def test_a_web_page_nobody_named_may_not_use_a_keyless_gateway(
    street: Field, origin: str
) -> None:
    before = street.sim.total_calls
    fields = {"origin": origin, "content-type": "text/plain"}
    got = await street.post("/v1/messages", message(), fields)
    assert got.status == 403
    assert "cors_origins" in got.json["error"]["message"]
    assert "access-control-allow-origin" not in got.headers
    assert street.sim.total_calls == before
    assert (await street.get("/admin/config", fields)).status == 403
    assert (await street.get("/metrics", fields)).status == 401


async def test_programs_that_send_an_origin_of_their_own_kind_may(street: Field) -> None:
    got = await street.post("/v1/messages", message(), {"origin": "app://obsidian.md"})
    assert got.status == 200


async def test_metrics_are_not_for_whoever_comes_through_a_proxy(street: Field) -> None:
    assert (await street.get("/metrics", {"x-forwarded-for": "1.2.3.4"})).status == 401


async def test_requests_turned_away_are_counted_and_logged_by_kind(street: Field) -> None:
    await street.post("/v1/nothing", message(), {"x-request-id": "turned-away"})
    (line,) = [line for line in street.logged() if line.get("id") == "turned-away"]
    assert (line["event"], line["fault"]) == ("refused", "no_such_path")
    page = (await street.get("/metrics")).body
    assert b'headgate_refused_total{kind="not_found"}' in page


async def test_two_requests_on_one_connection_are_answered_in_order(street: Field) -> None:
    port = street.opened.server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    one = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
    two = b"GET /v1/nothing HTTP/1.1\r\nhost: localhost\r\n\r\n"
    writer.write(one + two + one)
    async with asyncio.timeout(5):
        assert [(await read_reply(reader)).status for _ in range(3)] == [200, 404, 200]
    writer.close()
