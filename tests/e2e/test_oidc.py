"""Signing in at a real OpenID Connect provider: forms filled in, cookies kept, keys rotated."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest

from headgate.gateway.admin import issuer
from tests.gateway.admin.desk import Desk, opened
from tests.shape.tree import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]

MODULES = ROOT / ".cache" / "clients" / "node_modules"
PROVIDER = Path(__file__).parent / "clients" / "provider.mjs"
REDIRECT = "http://localhost/admin/callback"  # as behind a proxy: the browser is led on to us
SECRET = "a-client-s-secret-" + "s" * 40
OIDC = """
[admin.oidc]
issuer = "{issuer}"
client_id = "headgate"
client_secret = "env:OIDC_SECRET"
redirect_url = "http://localhost/admin/callback"
audience = "https://gate.example/"
scopes = ["openid", "email", "groups"]
[admin.oidc.roles."groups=ops"]
role = "admin"
[admin.oidc.roles."groups=robots"]
role = "auditor"
[admin.oidc.roles."email=eve@example.com"]
role = "admin"
"""


@dataclass
class Page:
    """What a browser got."""

    status: int
    url: str
    headers: Message
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class _Still(urllib.request.HTTPRedirectHandler):
    """Goes nowhere by itself."""

    def redirect_request(self, *_: object) -> None:
        return None


class Web:
    """Sends requests and keeps cookies, as any browser does."""

    def __init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(jar, _Still())

    def get(self, url: str) -> Page:
        return self._send(urllib.request.Request(url))  # noqa: S310 - on this host

    def post(
        self, url: str, data: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Page:
        return self._send(urllib.request.Request(url, data, dict(headers or {})))  # noqa: S310 - the same

    def form(self, url: str, form: dict[str, str], **headers: str) -> Page:
        return self.post(url, urlencode(form).encode(), headers)

    def _send(self, request: urllib.request.Request) -> Page:
        try:
            got: http.client.HTTPResponse = self._opener.open(request, timeout=20)
        except HTTPError as error:  # any status but 200 is one here
            with error:
                return Page(error.code, request.full_url, error.headers, error.read().decode())
        with got:
            return Page(got.status, request.full_url, got.headers, got.read().decode())


class Provider:
    """The provider's process."""

    def __init__(self) -> None:
        if not (MODULES / "oidc-provider").is_dir() or shutil.which("node") is None:
            pytest.skip("oidc-provider is not installed: make clients")
        self.process = subprocess.Popen(
            ["node", str(PROVIDER), str(MODULES), REDIRECT],
            env={**os.environ, "CLIENT_SECRET": SECRET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.issuer = self._says()

    def _says(self) -> str:
        assert self.process.stdout is not None
        lines = (line.strip() for line in self.process.stdout)
        return next(line for line in lines if not line.startswith("oidc-provider "))

    def rotate(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("rotate\n")
        self.process.stdin.flush()
        assert self._says() == "rotated"

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def robot(self, audience: str) -> str:
        """A bearer token for a program."""
        form = {"grant_type": "client_credentials", "resource": audience, "scope": "admin"}
        pair = base64.b64encode(f"headgate:{SECRET}".encode()).decode()
        got = Web().form(f"{self.issuer}/token", form, authorization=f"Basic {pair}")
        assert got.status == 200, got.text
        token: str = got.json["access_token"]
        return token


class Browser:
    """A person with a browser."""

    def __init__(self, gateway: str) -> None:
        self.gateway = gateway
        self.web = Web()
        self.callback = ""
        """the address at which a sign-in ended"""

    def sign_in(self, name: str) -> Page:
        """From the login page, through the provider's forms, to where it ends."""
        page = self.follow(self.web.get(f"{self.gateway}/admin/login"))
        page = self.submit(page, {"prompt": "login", "login": name, "password": "any"})
        return self.submit(page, {"prompt": "consent"}) if "prompt" in page.text else page

    def submit(self, page: Page, form: dict[str, str]) -> Page:
        action = page.text.partition('action="')[2].partition('"')[0]
        assert action, page.text[:2000]
        return self.follow(self.web.form(urljoin(page.url, action), form))

    def follow(self, got: Page) -> Page:
        while got.status in (302, 303):
            address = urljoin(got.url, got.headers["location"])
            if address.startswith(REDIRECT):
                self.callback = address = self.gateway + address.removeprefix(
                    "http://localhost"
                )
            got = self.web.get(address)
        return got

    def whoami(self) -> Any:
        return self.web.get(f"{self.gateway}/admin/whoami").json


@contextlib.asynccontextmanager
async def signing() -> AsyncIterator[tuple[Desk, Provider, Browser]]:
    provider = await asyncio.to_thread(Provider)
    try:
        toml = OIDC.replace("{issuer}", provider.issuer)
        async with opened(toml, {"OIDC_SECRET": SECRET}) as desk:
            yield desk, provider, Browser(desk.field.url)
    finally:
        await asyncio.to_thread(provider.close)


async def test_a_person_signs_in_by_the_provider_s_forms_and_works_until_the_end() -> None:
    async with signing() as (desk, _, browser):

        def work() -> tuple[Any, list[int], Any]:
            ended = browser.sign_in("ana")
            assert ended.status == 200, ended.text
            me = browser.whoami()
            url, csrf = browser.gateway, {"x-headgate-csrf": me["csrf"]}
            web, new = browser.web, b'{"name": "a"}'
            statuses = [
                web.post(f"{url}/admin/orgs", new).status,
                web.post(f"{url}/admin/orgs", new, csrf).status,
                web.post(browser.callback).status,
                web.get(browser.callback).status,
            ]
            out = web.post(f"{url}/admin/logout", headers=csrf).json
            statuses.append(web.get(f"{url}/admin/whoami").status)
            return me, statuses, out

        me, statuses, out = await asyncio.to_thread(work)
        assert (me["name"], me["role"]) == ("oidc:ana@example.com", "admin")
        assert statuses == [403, 201, 405, 400, 401]
        assert out["provider"].endswith("/session/end")
        assert [deed[:2] for deed in await desk.deeds()] == [
            ("oidc:ana@example.com", "session.begin"),
            ("oidc:ana@example.com", "organisation.create"),
        ]


async def test_a_person_without_a_role_is_told_so_though_the_provider_knows_them() -> None:
    """Eve's address would make her an admin, had the provider verified it."""
    async with signing() as (desk, _, browser):
        ended = await asyncio.to_thread(browser.sign_in, "eve")
        assert ended.status == 403
        assert "no entry of admin.oidc.roles" in ended.json["error"]["message"]
        assert "verified" in ended.json["error"]["hint"]
        assert (await asyncio.to_thread(browser.whoami))["error"]
        assert await desk.deeds() == []


async def test_a_stolen_code_is_worth_nothing_in_another_browser_or_a_second_time() -> None:
    async with signing() as (desk, _, browser):

        def steal() -> list[tuple[int, str]]:
            browser.sign_in("ana")
            code = parse_qs(urlsplit(browser.callback).query)["code"][0]
            thief = Browser(desk.field.url)
            got = [thief.web.get(browser.callback)]
            location = thief.web.get(f"{thief.gateway}/admin/login").headers["location"]
            state = parse_qs(urlsplit(location).query)["state"][0]
            own = urlencode({"code": code, "state": state})
            got.append(thief.web.get(f"{thief.gateway}/admin/callback?{own}"))
            return [(each.status, each.json["error"]["message"]) for each in got]

        (first, _), (second, why) = await asyncio.to_thread(steal)
        assert (first, second) == (400, 403)
        assert "invalid_grant" in why


async def test_programs_bring_the_provider_s_tokens_across_a_rotation_of_its_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(issuer, "LOOK_AGAIN_S", 0.5)
    async with signing() as (desk, provider, _):
        ours = "https://gate.example/"
        token = await asyncio.to_thread(provider.robot, ours)
        assert (await desk.get("/admin/whoami", token))["role"] == "auditor"
        refused = await desk.ask("POST", "/admin/orgs", {"name": "x"}, token)
        assert refused.status == 403
        other = await asyncio.to_thread(provider.robot, "https://other.example/")
        got = await desk.ask("GET", "/admin/whoami", token=other)
        assert (got.status, b"not meant for" in got.body) == (401, True)
        tampered = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)
        assert (await desk.ask("GET", "/admin/whoami", token=tampered)).status == 401
        await asyncio.to_thread(provider.rotate)
        fresh = await asyncio.to_thread(provider.robot, ours)
        until = time.monotonic() + 15
        while (await desk.ask("GET", "/admin/whoami", token=fresh)).status != 200:
            assert time.monotonic() < until
            await asyncio.sleep(0.1)
