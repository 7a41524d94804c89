"""The operator's door: closed to strangers, honest about its shape, and never a leak."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from headgate.gateway.admin import OPENAPI
from tests.kit import ENV, Field, message, request, running, with_key

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
TOKEN = "operators-own-token-é"
GUARDED = 'admin_token = "env:ADMIN"\n'
PAGES = [("GET", "/admin/config"), ("GET", "/admin/targets"), ("POST", "/admin/reload")]


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("method", "path"), PAGES)
async def test_without_a_token_it_is_open_to_this_host_while_no_key_is_defined(
    street: Field, method: str, path: str
) -> None:
    port = street.opened.server.port
    assert (await request(port, method, path)).status == 200
    for field, value in (
        ("x-forwarded-for", "1.2.3.4"),
        ("forwarded", "for=1.2.3.4"),
        ("x-real-ip", "1.2.3.4"),
        ("origin", "http://localhost:3000"),
        ("origin", "app://x"),
        ("host", "evil.example"),
    ):
        got = await request(port, method, path, None, {field: value})
        assert got.status == 403, (field, value)
        assert "server.admin_token" in got.json["error"]["message"]


async def test_a_virtual_key_closes_it_and_does_not_open_it() -> None:
    async with running("") as field:
        secret = await asyncio.to_thread(with_key, field.ledger)
        field.opened.house.keys.refresh()
        for headers in ({}, {"authorization": f"Bearer {secret}"}, {"x-api-key": secret}):
            assert (await field.get("/admin/config", headers)).status == 403


async def test_the_token_opens_it_from_anywhere_and_nothing_else_does() -> None:
    async with running(GUARDED, env={**ENV, "ADMIN": TOKEN}) as field:
        got = await field.get("/admin/config", {**bearer(), "x-forwarded-for": "1.2.3.4"})
        assert got.status == 200
        for headers in (
            {},
            bearer(TOKEN[:-1]),
            bearer(TOKEN + "x"),
            {"authorization": TOKEN},
            {"authorization": f"Basic {TOKEN}"},
            {"x-api-key": "operators-own-token"},
            {"authorization": "Bearer"},
        ):
            got = await field.get("/admin/config", headers)
            assert got.status == 401, headers
            assert TOKEN.encode() not in got.body


async def test_the_configuration_is_shown_without_a_secret() -> None:
    async with running(GUARDED, env={**ENV, "ADMIN": TOKEN}) as field:
        body = (await field.get("/admin/config", bearer())).body
        for secret in (*ENV.values(), TOKEN):
            assert secret.encode() not in body
        assert b'"admin_token":"***"' in body
        assert b'"api_key":"***"' in body


async def test_targets_show_what_failed_and_how_long_it_cools(street: Field) -> None:
    await street.post("/v1/messages", message(), {"x-headgate-sim": "401"})
    (target,) = (await street.get("/admin/targets")).json
    assert target["target"] == "anthropic:claude-haiku-5-5"
    assert target["why"] == "upstream_auth"
    assert 0 < target["cooling_s"] <= 60
    await street.post("/v1/messages", message())
    (target,) = (await street.get("/admin/targets")).json
    assert (target["cooling_s"], target["failures"]) == (0, 0)


async def test_a_reload_without_a_file_says_so(street: Field) -> None:
    got = await request(street.opened.server.port, "POST", "/admin/reload")
    assert got.json == {"reloaded": True, "notes": ["there is no file to read again"]}


async def test_unknown_pages_and_wrong_methods_are_json_that_names_the_right_ones(
    street: Field,
) -> None:
    port = street.opened.server.port
    for method, path, status in (
        ("GET", "/admin/nothing", 404),
        ("GET", "/admin/reload", 405),
        ("DELETE", "/admin/config", 405),
    ):
        got = await request(port, method, path)
        assert got.status == status
        assert "/admin/reload" in got.json["error"]["message"]


async def test_what_is_served_is_what_is_described(street: Field) -> None:
    assert (await street.get("/admin/openapi.json")).json == OPENAPI
    for path, operations in OPENAPI["paths"].items():
        for method in operations:
            got = await request(street.opened.server.port, method.upper(), path)
            assert got.status == 200


async def test_no_request_that_fits_or_misfits_its_description_breaks_it() -> None:
    """schemathesis: status, content type and shape of every answer as described; no 500."""
    async with running(GUARDED, env={**ENV, "ADMIN": "plain-token"}) as field:
        tried = await asyncio.to_thread(explore, field.url)
        assert tried == set(OPENAPI["paths"])


def explore(url: str) -> set[str]:
    tried: set[str] = set()
    for result in schemathesis.openapi.from_dict(OPENAPI).get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @settings(max_examples=20, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def check(case: Case[Any]) -> None:
            tried.add(case.path)
            for token in ("plain-token", "wrong"):
                case.call_and_validate(
                    base_url=url, headers={"authorization": f"Bearer {token}"}
                )

        check()
    return tried
