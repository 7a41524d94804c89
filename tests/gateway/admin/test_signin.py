"""Signing in with a browser: begun and ended by the same one, believed only as it must be."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from headgate.gateway.admin.session import BEGUN, SESSION
from tests.gateway.admin.desk import Desk, opened, problem
from tests.gateway.admin.forger import SECRET, Forger, Signer, forging, unsigned
from tests.kit import Got

pytestmark = pytest.mark.slow

OIDC = """
[admin.oidc]
issuer = "{issuer}"
client_id = "headgate"
client_secret = "env:OIDC_SECRET"
redirect_url = "{redirect}"
audience = "the-api"
[admin.oidc.roles."groups=ops"]
role = "admin"
[admin.oidc.roles."email=books@example.com"]
role = "auditor"
[admin.oidc.roles."domain=example.com"]
role = "member"
teams = ["default"]
scopes = ["keys:write"]
"""
PLAIN = "http://localhost/admin/callback"
ANA = {"groups": ["ops"], "email": "ana@example.com", "email_verified": True}


@dataclass
class Browser:
    """Keeps cookies and follows nothing by itself."""

    desk: Desk
    cookies: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    """every set-cookie line"""

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Got:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        got = await self.desk.ask(method, path, body, None, sent)
        for line in got.headers.get("set-cookie", "").splitlines():
            self.keep(line)
        return got

    def keep(self, line: str) -> None:
        self.seen.append(line)
        name, _, value = line.partition(";")[0].partition("=")
        if value.strip('"'):
            self.cookies[name] = value
        else:
            self.cookies.pop(name, None)

    async def login(self, forger: Forger, **changed: str) -> Got:
        """From the login page to the callback, as a person who consents."""
        begun = await self.ask("GET", "/admin/login")
        assert begun.status == 303, begun.body
        granted = forger.grant(begun.headers["location"])
        granted.pop("redirect_uri")
        return await self.ask("GET", f"/admin/callback?{urlencode({**granted, **changed})}")


@contextlib.asynccontextmanager
async def signing(
    claims: Mapping[str, object] = ANA, redirect: str = PLAIN
) -> AsyncIterator[tuple[Browser, Forger]]:
    async with forging() as forger:
        forger.claims = dict(claims)
        toml = OIDC.replace("{issuer}", forger.url).replace("{redirect}", redirect)
        async with opened(toml, {"OIDC_SECRET": SECRET}) as desk:
            yield Browser(desk), forger


async def test_whoever_signs_in_has_the_role_of_their_group_until_they_sign_out() -> None:
    async with signing() as (browser, forger):
        back = await browser.login(forger)
        assert (back.status, back.headers["location"]) == (303, "/admin/whoami")
        me = (await browser.ask("GET", "/admin/whoami")).json
        assert (me["name"], me["role"]) == ("oidc:ana@example.com", "admin")
        csrf = {"x_headgate_csrf": me["csrf"]}
        made = await browser.ask("POST", "/admin/orgs", {"name": "acme"}, **csrf)
        assert made.status == 201, made.body
        assert [deed[:2] for deed in await browser.desk.deeds()] == [
            ("oidc:ana@example.com", "session.begin"),
            ("oidc:ana@example.com", "organisation.create"),
        ]
        out = await browser.ask("POST", "/admin/logout", **csrf)
        assert (out.status, out.json["signed_out"]) == (200, True)
        assert SESSION not in browser.cookies
        assert (await browser.ask("GET", "/admin/whoami")).status == 401


async def test_the_browser_is_sent_with_state_nonce_and_a_challenge_and_no_secret() -> None:
    async with signing() as (browser, _):
        begun = await browser.ask("GET", "/admin/login")
        asked = {
            n: v[0] for n, v in parse_qs(urlsplit(begun.headers["location"]).query).items()
        }
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked["code_challenge"])
        assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
        assert asked["scope"] == "openid email profile"
        assert SECRET not in begun.headers["location"]
        again = await browser.ask("GET", "/admin/login")
        assert asked["state"] not in again.headers["location"]


@pytest.mark.parametrize(
    ("redirect", "secure"), [(PLAIN, False), (PLAIN.replace("http:", "https:"), True)]
)
async def test_cookies_are_kept_from_scripts_other_sites_and_plain_http(
    redirect: str, secure: bool
) -> None:
    async with signing(redirect=redirect) as (browser, forger):
        await browser.login(forger)
        assert [line.partition("=")[0] for line in browser.seen] == [BEGUN, SESSION, BEGUN]
        for line in browser.seen:
            assert "httponly" in line.lower()
            assert "samesite=lax" in line.lower()
            assert "path=/" in line.lower()
            assert re.search(r"max-age=\d+", line.lower())
            assert ("; secure" in line.lower()) is secure


async def test_a_change_by_cookie_needs_its_csrf_word_and_our_own_page() -> None:
    async with signing() as (browser, forger):
        await browser.login(forger)
        csrf = (await browser.ask("GET", "/admin/whoami")).json["csrf"]
        for headers in (
            {},
            {"x_headgate_csrf": "wrong"},
            {"x_headgate_csrf": csrf, "origin": "https://evil.example"},
            {"x_headgate_csrf": csrf, "origin": "null"},
        ):
            for path in ("/admin/orgs", "/admin/logout"):
                got = await browser.ask("POST", path, {"name": "x"}, **headers)
                assert got.status == 403, (path, headers)
        port = browser.desk.field.opened.server.port
        ours = {"x_headgate_csrf": csrf, "origin": f"http://127.0.0.1:{port}"}
        assert (await browser.ask("POST", "/admin/orgs", {"name": "x"}, **ours)).status == 201
        proxied = {**ours, "origin": "http://localhost"}  # the host of redirect_url
        made = await browser.ask("POST", "/admin/orgs", {"name": "y"}, **proxied)
        assert made.status == 201


async def test_another_browser_cannot_end_what_this_one_began() -> None:
    async with signing() as (browser, forger):
        begun = await browser.ask("GET", "/admin/login")
        granted = forger.grant(begun.headers["location"])
        victim = Browser(browser.desk)
        path = f"/admin/callback?{urlencode(granted)}"
        got = await victim.ask("GET", path)
        assert (got.status, "no sign-in was begun" in problem(got)) == (400, True)
        await victim.ask("GET", "/admin/login")
        got = await victim.ask("GET", path)
        assert (got.status, "another sign-in" in problem(got)) == (400, True)
        assert forger.sent == []


async def test_a_code_works_once() -> None:
    async with signing() as (browser, forger):
        begun = await browser.ask("GET", "/admin/login")
        kept = dict(browser.cookies)
        path = f"/admin/callback?{urlencode(forger.grant(begun.headers['location']))}"
        assert (await browser.ask("GET", path)).status == 303
        again = await browser.ask("GET", path)
        assert again.status == 400  # the cookie of the sign-in is gone
        browser.cookies = kept
        stolen = await browser.ask("GET", path)
        assert (stolen.status, "invalid_grant" in problem(stolen)) == (403, True)


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"state": "other"}, 400, "another sign-in"),
        ({"iss": "https://evil.example"}, 400, "another provider"),
        ({"code": "never-given"}, 403, "invalid_grant"),
        ({"error": "access_denied"}, 403, "access_denied"),
        ({"code": ""}, 403, "no code"),
    ],
)
async def test_an_answer_that_is_not_the_one_awaited_signs_nobody_in(
    changed: dict[str, str], status: int, says: str
) -> None:
    async with signing() as (browser, forger):
        got = await browser.login(forger, **changed)
        assert (got.status, says in problem(got)) == (status, True), got.body
        assert SESSION not in browser.cookies


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"exp": 1}, "expired"),
        ({"aud": "somebody-else"}, "not meant for"),
        ({"iss": "https://evil.example"}, "not of"),
    ],
)
async def test_an_id_token_that_does_not_fit_signs_nobody_in(
    claims: dict[str, object], says: str
) -> None:
    async with signing() as (browser, forger):
        forger.id_token = forger.signer.sign(forger.saying(nonce="x") | claims)
        got = await browser.login(forger)
        assert (got.status, says in problem(got)) == (403, True), got.body
        assert SESSION not in browser.cookies


async def test_an_unsigned_or_foreign_id_token_signs_nobody_in() -> None:
    async with signing() as (browser, forger):
        for token in (
            unsigned(forger.saying(), {"alg": "none"}),
            Signer("one").sign(forger.saying()),
            Signer("unknown").sign(forger.saying()),
        ):
            forger.id_token = token
            got = await browser.login(forger)
            assert (got.status, "not believed" in problem(got)) == (403, True), got.body


async def test_whom_no_role_is_meant_for_is_told_so_and_gets_no_session() -> None:
    async with signing({"email": "ana@example.com", "groups": ["chess"]}) as (browser, forger):
        got = await browser.login(forger)
        assert (got.status, "verified" in problem(got)) == (403, True)
        assert "admin.oidc.roles" in problem(got)
        assert SESSION not in browser.cookies
        assert await browser.desk.deeds() == []


async def test_what_the_token_leaves_out_is_asked_of_userinfo() -> None:
    async with signing({}) as (browser, forger):
        forger.person = {"sub": "sub-1", **ANA}
        assert (await browser.login(forger)).status == 303
        assert (await browser.ask("GET", "/admin/whoami")).json["role"] == "admin"


async def test_a_member_is_bound_to_the_team_of_the_entry() -> None:
    async with signing({"email": "dev@example.com", "email_verified": True}) as (
        browser,
        forger,
    ):
        await browser.login(forger)
        me = (await browser.ask("GET", "/admin/whoami")).json
        assert (me["role"], me["bound_to"]) == ("member", ["team:t_default"])
        assert "keys:write" in me["rights"]


async def test_a_role_bound_to_what_is_not_there_is_told_so() -> None:
    async with forging() as forger:
        toml = OIDC.replace("{issuer}", forger.url).replace("{redirect}", PLAIN)
        toml = toml.replace('["default"]', '["nowhere"]')
        async with opened(toml, {"OIDC_SECRET": SECRET}) as desk:
            token = forger.signer.sign(
                forger.saying(aud="the-api", email="x@example.com", email_verified=True)
            )
            got = await desk.ask("GET", "/admin/whoami", token=token)
            assert (got.status, "'nowhere'" in problem(got)) == (403, True)


async def test_a_session_holds_what_the_configuration_in_force_makes_of_it() -> None:
    async with signing() as (browser, forger):
        await browser.login(forger)
        csrf = (await browser.ask("GET", "/admin/whoami")).json["csrf"]
        house = browser.desk.field.opened.house

        config = house.engine.config
        assert config.oidc is not None
        fewer = replace(config, oidc=replace(config.oidc, roles=config.oidc.roles[1:2]))
        house.take_up(fewer, house.ground.settlement.catalog)
        got = await browser.ask("GET", "/admin/whoami")
        assert (got.status, "no entry of admin.oidc.roles" in problem(got)) == (403, True)
        assert SESSION in browser.cookies  # and yet they can sign out
        out = await browser.ask("POST", "/admin/logout", None, x_headgate_csrf=csrf)
        assert (out.status, SESSION in browser.cookies) == (200, False)
        house.take_up(replace(config, oidc=None), house.ground.settlement.catalog)
        assert (await browser.ask("GET", "/admin/whoami")).status == 401


async def test_a_forged_or_ended_session_opens_nothing() -> None:
    async with signing() as (browser, forger):
        await browser.login(forger)
        whole = browser.cookies[SESSION]
        for forged in (whole[:-1] + "x", "x" + whole, "x.y", browser.seen[0].partition(";")[0]):
            browser.cookies[SESSION] = forged
            got = await browser.ask("GET", "/admin/whoami")
            assert got.status == 401, forged


@pytest.mark.parametrize(
    ("back", "goes"),
    [
        ("/admin/log", "/admin/log"),
        ("https://evil.example", "/admin/whoami"),
        ("//evil.example", "/admin/whoami"),
        ("/\\evil.example", "/admin/whoami"),
        ("javascript:alert(1)", "/admin/whoami"),
    ],
)
async def test_nobody_is_sent_elsewhere_after_a_sign_in(back: str, goes: str) -> None:
    async with signing() as (browser, forger):
        begun = await browser.ask("GET", f"/admin/login?{urlencode({'next': back})}")
        granted: Any = forger.grant(begun.headers["location"])
        got = await browser.ask("GET", f"/admin/callback?{urlencode(granted)}")
        assert got.headers["location"] == goes


async def test_bearer_tokens_of_the_issuer_are_taken_for_our_audience_alone() -> None:
    async with signing({}) as (browser, forger):
        desk = browser.desk
        books = {"email": "books@example.com", "email_verified": True}
        good = forger.signer.sign(forger.saying(aud="the-api", **books))
        me = await desk.get("/admin/whoami", good)
        assert (me["name"], me["role"], me["csrf"]) == ("oidc:books@example.com", "auditor", "")
        for token, status, says in (
            (forger.signer.sign(forger.saying(**books)), 401, "not meant for 'the-api'"),
            (forger.signer.sign(forger.saying(aud="the-api", exp=1)), 401, "expired"),
            (unsigned(forger.saying(aud="the-api", **books), {"alg": "none"}), 401, "'none'"),
            (Signer("one").sign(forger.saying(aud="the-api", **books)), 401, "signature"),
            (forger.signer.sign(forger.saying(aud="the-api")), 403, "no entry"),
        ):
            got = await desk.ask("GET", "/admin/whoami", token=token)
            assert (got.status, says in problem(got)) == (status, True), got.body


async def test_without_a_redirect_url_it_is_bearer_tokens_only() -> None:
    async with signing(redirect="") as (browser, _):
        got = await browser.ask("GET", "/admin/login")
        assert (got.status, "redirect_url" in problem(got)) == (404, True)


def test_a_gateway_where_nobody_signs_in_loads_none_of_what_checks_signatures() -> None:
    code = "import headgate.gateway.app, sys; print({'jwt', 'cryptography'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
