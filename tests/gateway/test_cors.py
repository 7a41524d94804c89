"""Which web pages may call: none at first, then those that were named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.cors import Cors, is_rebound
from tests.kit import Got, message, request, running

PAGE = "https://app.example"
ASKED = (
    "authorization, x-api-key, anthropic-version, anthropic-beta, x-stainless-lang,"
    " X-Stainless-Retry-Count, content-type, x-request-id, openai-beta,"
    " anthropic-dangerous-direct-browser-access, x-headgate-tags, x-evil, cookie"
)
REFUSED = ("x-evil", "cookie")


def test_a_page_that_is_not_named_is_told_nothing() -> None:
    asked = [(b"origin", PAGE.encode())]
    for cors in (Cors(()), Cors(("https://other.example",))):
        assert cors.reply_headers(asked) == []
        assert cors.preflight(asked) is None
        assert cors.is_foreign(asked)


def test_a_named_page_and_a_star_are_allowed_and_the_origin_is_echoed() -> None:
    asked = [(b"origin", PAGE.encode())]
    for cors in (Cors((PAGE,)), Cors(("*",))):
        assert not cors.is_foreign(asked)
        assert dict(cors.reply_headers(asked))[b"access-control-allow-origin"] == PAGE.encode()
        assert dict(cors.reply_headers(asked))[b"vary"] == b"origin"


def test_origins_are_compared_whole() -> None:
    cors = Cors((PAGE,))
    for near in ("http://app.example", PAGE + ".evil.example", PAGE + ":444", "app.example"):
        assert cors.reply_headers([(b"origin", near.encode())]) == []


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:4100",
        "app.localhost:1",
        "127.0.0.1",
        "10.0.0.7:80",
        "[::1]:4100",
    ],
)
def test_addresses_and_localhost_cannot_be_rebound(host: str) -> None:
    assert not is_rebound([(b"host", host.encode())])


@given(
    st.from_regex(
        r"[a-z][a-z0-9-]{0,20}(\.[a-z][a-z0-9-]{0,9}){1,3}(:[0-9]{1,5})?", fullmatch=True
    )
)
def test_every_other_name_may_have_been_pointed_here(host: str) -> None:
    ours = host.partition(":")[0].endswith(".localhost")
    assert is_rebound([(b"host", host.encode())]) is not ours


def test_a_caller_older_than_the_host_field_is_no_browser() -> None:
    assert not is_rebound([])


async def preflight(port: int, path: str, origin: str = PAGE) -> Got:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": ASKED,
    }
    return await request(port, "OPTIONS", path, None, asked)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/models"])
async def test_a_named_page_gets_through_preflight_call_and_error(path: str) -> None:
    toml = f'cors_origins = ["{PAGE}"]\n'
    async with running(toml) as field:
        port = field.opened.server.port
        before = await preflight(port, path)
        assert (before.status, before.body) == (204, b"")
        allowed = before.headers["access-control-allow-headers"].split(", ")
        asked = [name.strip().lower() for name in ASKED.split(",")]
        assert allowed == [name for name in asked if name not in REFUSED]
        methods = before.headers["access-control-allow-methods"].split(", ")
        assert {"POST", "PUT", "DELETE"} <= set(methods)  # files and sessions need them
        assert before.headers["access-control-allow-origin"] == PAGE
        for body in (message(), message(stream=True), {}):
            got = await field.post("/v1/messages", body, {"origin": PAGE})
            assert got.status == (200 if body else 400)
            assert got.headers["access-control-allow-origin"] == PAGE
            assert "x-headgate-target" in got.headers["access-control-expose-headers"]
        assert (await preflight(port, path, "https://evil.example")).status == 403


@pytest.mark.slow
async def test_with_cors_off_no_page_gets_through_preflight() -> None:
    async with running("") as field:
        got = await preflight(field.opened.server.port, "/v1/messages")
        assert got.status == 403
        assert not [name for name in got.headers if name.startswith("access-control")]
        plain = await field.post("/v1/messages", message())
        assert not [name for name in plain.headers if name.startswith("access-control")]
