"""The operator's door: closed to strangers, honest about its shape, and never a leak."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from headgate.gateway import admin
from headgate.gateway.admin import OPENAPI, OPERATIONS
from headgate.gateway.admin.signin import PAGES
from headgate.store.sqlite import StoreError
from tests.gateway.admin.desk import TOKEN, Desk, opened, problem
from tests.kit import ENV, Field, message, request, running, with_key

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
UTF8_TOKEN = "operators-own-token-é"
GUARDED = 'admin_token = "env:ADMIN"\n'
WITHOUT_STORE = [("GET", "/admin/config"), ("GET", "/admin/targets"), ("POST", "/admin/reload")]


def bearer(token: str = UTF8_TOKEN) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("method", "path"), WITHOUT_STORE)
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
    async with running(GUARDED, env={**ENV, "ADMIN": UTF8_TOKEN}) as field:
        got = await field.get("/admin/config", {**bearer(), "x-forwarded-for": "1.2.3.4"})
        assert got.status == 200
        for headers in (
            {},
            bearer(UTF8_TOKEN[:-1]),
            bearer(UTF8_TOKEN + "x"),
            {"authorization": UTF8_TOKEN},
            {"authorization": f"Basic {UTF8_TOKEN}"},
            {"x-api-key": "operators-own-token"},
            {"authorization": "Bearer"},
        ):
            got = await field.get("/admin/config", headers)
            assert got.status == 401, headers
            assert UTF8_TOKEN.encode() not in got.body


async def test_the_configuration_is_shown_without_a_secret() -> None:
    async with running(GUARDED, env={**ENV, "ADMIN": UTF8_TOKEN}) as field:
        body = (await field.get("/admin/config", bearer())).body
        for secret in (*ENV.values(), UTF8_TOKEN):
            assert secret.encode() not in body
        assert b'"admin_token":"***"' in body
        assert b'"api_key":"***"' in body


async def failed(street: Field) -> list[dict[str, Any]]:
    """The targets that failed lately, without the pools of accounts."""
    return [each for each in (await street.get("/admin/targets")).json if "target" in each]


async def test_targets_show_what_failed_and_how_long_it_cools(street: Field) -> None:
    await street.post("/v1/messages", message(), {"x-headgate-sim": "401"})
    (target,) = await failed(street)
    assert target["target"] == "anthropic:claude-haiku-5-5"
    assert target["why"] == "upstream_auth"
    assert 0 < target["cooling_s"] <= 60
    await street.post("/v1/messages", message())
    (target,) = await failed(street)
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
    described = {
        (method.upper(), path)
        for path, operations in OPENAPI["paths"].items()
        for method in operations
    }
    assert described == {(each.method, each.path) for each in OPERATIONS} | {
        (method, path) for method, path, _ in PAGES
    }
    for method, path in PAGES_WITHOUT_NAMES:
        got = await request(street.opened.server.port, method, path)
        assert got.status == 200, (path, got.body)


PAGES_WITHOUT_NAMES = [
    *WITHOUT_STORE,
    *(
        ("GET", f"/admin/{page}")
        for page in ("whoami", "orgs", "teams", "keys", "tokens", "spend", "log", "log/verify")
    ),
]

NOBODY, EVERYBODY = set[str](), {"member", "writer", "auditor", "narrow", "bound", "admin"}
READERS = {"auditor", "admin"}
TEAMS = {"member", "writer", "auditor", "bound", "admin"}
WHO_MAY: dict[tuple[str, str], set[str]] = {
    ("GET", "/admin/whoami"): EVERYBODY,
    ("GET", "/admin/tokens"): READERS,
    ("POST", "/admin/tokens"): {"admin"},
    ("POST", "/admin/tokens/{id}/revoke"): {"admin"},
    ("GET", "/admin/orgs"): TEAMS,
    ("POST", "/admin/orgs"): {"admin"},
    ("GET", "/admin/orgs/{id}"): READERS,
    ("PATCH", "/admin/orgs/{id}"): {"admin"},
    ("POST", "/admin/orgs/{id}/archive"): {"admin"},
    ("POST", "/admin/orgs/{id}/restore"): {"admin"},
    ("GET", "/admin/orgs/{id}/spend"): READERS,
    ("GET", "/admin/teams"): TEAMS,
    ("POST", "/admin/teams"): {"admin"},
    ("GET", "/admin/teams/{id}"): TEAMS,
    ("PATCH", "/admin/teams/{id}"): {"bound", "admin"},
    ("POST", "/admin/teams/{id}/archive"): {"bound", "admin"},
    ("POST", "/admin/teams/{id}/restore"): {"bound", "admin"},
    ("GET", "/admin/teams/{id}/spend"): TEAMS,
    ("GET", "/admin/keys"): EVERYBODY,
    ("POST", "/admin/keys"): {"writer", "narrow", "bound", "admin"},
    ("GET", "/admin/keys/{id}"): EVERYBODY,
    ("PATCH", "/admin/keys/{id}"): {"bound", "admin"},
    ("POST", "/admin/keys/{id}/rotate"): {"writer", "narrow", "bound", "admin"},
    ("POST", "/admin/keys/{id}/revoke"): {"writer", "narrow", "bound", "admin"},
    ("GET", "/admin/keys/{id}/spend"): EVERYBODY,
    ("GET", "/admin/spend"): READERS,
    ("GET", "/admin/log"): READERS,
    ("GET", "/admin/log/verify"): READERS,
    ("GET", "/admin/config"): READERS,
    ("GET", "/admin/targets"): READERS,
    ("POST", "/admin/reload"): {"admin"},
    ("GET", "/admin/openapi.json"): EVERYBODY,
}
"""which of six administrators may what, of the team that three of them are bound to"""
OPEN_TO_ALL = {(method, path) for method, path, _ in PAGES}
"""the pages of a sign-in: nobody can be known before it"""


async def test_every_route_answers_those_who_may_and_nobody_else() -> None:
    async with opened() as desk:
        await desk.make("/admin/teams", name="ours")
        virtual = (await desk.make("/admin/keys", name="virtual", team="ours"))["secret"]
        who = {
            "member": await desk.token("member", "member", "team:ours"),
            "writer": await desk.token("writer", "member", "team:ours", "keys:write"),
            "auditor": await desk.token("auditor", "auditor"),
            "narrow": await desk.token("narrow", "admin", "keys:write"),
            "bound": await desk.token("bound", "admin", "team:ours"),
            "admin": await desk.token("admin", "admin"),
        }
        routed = {(each.method, each.path) for each in OPERATIONS}
        assert set(WHO_MAY) == {*routed, ("GET", "/admin/openapi.json")}
        for (method, path), allowed in WHO_MAY.items():
            for stranger in (None, "wrong", virtual, "hga-wrong", "a.b.c", UTF8_TOKEN):
                got = await desk.ask(method, path.replace("{id}", "virtual"), {}, stranger)
                assert got.status == 401, (method, path, stranger)
            for name, secret in who.items():
                words, body = await subject(desk, path)
                got = await desk.ask(method, words, body, secret)
                may = got.status < 300
                assert may == (name in allowed), (method, path, name, got.body)
                assert may or got.status in (403, 404), (method, path, name, got.body)
        for method, path in OPEN_TO_ALL:
            assert (await desk.ask(method, path, token=None)).status == 404, path  # no issuer


async def subject(desk: Desk, path: str) -> tuple[str, dict[str, object] | None]:
    """A path that names something fresh of the team, and a body that fits."""
    name = f"n{next(_numbers)}"
    body: dict[str, object] | None = {}
    if path.startswith("/admin/keys/{id}"):
        await desk.make("/admin/keys", name=name, team="ours")
        return path.replace("{id}", name), body
    if path.startswith("/admin/tokens/{id}"):
        await desk.make("/admin/tokens", name=name, role="auditor")
        return path.replace("{id}", name), body
    if "{id}" in path:
        return path.replace("{id}", "ours" if "/teams/" in path else "default"), body
    if path == "/admin/keys":
        return path, {"name": name, "team": "ours"}
    if path == "/admin/tokens":
        return path, {"name": name, "role": "auditor"}
    return path, {"name": name}


_numbers = itertools.count()


async def test_no_secret_is_in_the_log_file_in_the_store_or_in_another_answer() -> None:
    async with opened() as desk:
        made = await desk.make("/admin/keys", name="a", metadata={"note": "hunter2"})
        secrets = [made["secret"], TOKEN]
        secrets.append((await desk.ask("POST", "/admin/keys/a/rotate")).json["secret"])
        token = await desk.make("/admin/tokens", name="t", role="admin")
        secrets.append(token["secret"])
        for secret in secrets:
            await desk.ask("GET", "/admin/keys", token=secret)  # the right door and wrong ones
            await desk.ask("GET", f"/admin/keys/{secret}")
            await desk.field.post("/v1/messages", {}, {"x-api-key": secret})
        answers = [
            (await desk.ask("GET", path)).body
            for path in (
                "/admin/keys",
                "/admin/tokens",
                "/admin/config",
                "/admin/log?limit=1000",
            )
        ]
        desk.field.logged()
        kept = await asyncio.to_thread(read_all, desk.field)
        for secret in secrets:
            for text in (*answers, *kept):
                assert secret.encode() not in text
        assert b"hunter2" not in answers[-1]


def read_all(field: Field) -> list[bytes]:
    """The log file, and all files of the store."""
    return [path.read_bytes() for path in field.ledger.parent.iterdir() if path.is_file()]


async def test_a_budget_over_models_that_have_no_price_is_refused() -> None:
    toml = '[prices]\nceiling = false\n[models]\nodd = "anthropic:nobody-knows-this"\n'
    async with opened(toml) as desk:
        for kind, status in (("hard", 409), ("soft", 409), ("watch", 201)):
            new = {"name": kind, "caps": caps_of(kind)}
            got = await desk.ask("POST", "/admin/keys", new)
            assert got.status == status, (kind, got.body)
        refused = await desk.ask("PATCH", "/admin/keys/watch", {"caps": caps_of("hard")})
        assert (refused.status, "nobody-knows-this" in problem(refused)) == (409, True)


def caps_of(kind: str) -> dict[str, object]:
    return {"budgets": [{"usd": "1", "period": "day", "kind": kind}]}


async def test_a_store_that_cannot_be_used_is_503_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> object:
        raise StoreError("the ledger /secret/place is gone", why="it is gone")

    async with opened() as desk:
        monkeypatch.setattr(admin, "connect_reader", fail)
        got = await desk.ask("GET", "/admin/orgs")
        assert (got.status, "/secret/place" in problem(got)) == (503, False)
        assert "it is gone" in problem(got)


async def test_no_request_that_fits_or_misfits_its_description_breaks_it() -> None:
    """schemathesis: status, content type and shape of every answer as described; no 500."""
    async with opened() as desk:
        tried = await asyncio.to_thread(explore, desk.field.url)
        assert tried == set(OPENAPI["paths"])
        assert (await desk.get("/admin/log/verify"))["whole"]


def explore(url: str) -> set[str]:
    tried: set[str] = set()
    for result in schemathesis.openapi.from_dict(OPENAPI).get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @settings(max_examples=15, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def check(case: Case[Any]) -> None:
            tried.add(case.path)
            for token in (TOKEN, "wrong"):
                case.call_and_validate(
                    base_url=url,
                    headers={"authorization": f"Bearer {token}"},
                    # names, ids and money have rules that no schema can say: those are 400
                    excluded_checks=[positive_data_acceptance],
                )

        check()
    return tried
