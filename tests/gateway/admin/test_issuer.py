"""The provider is asked seldom, never more than it must be, and believed only as itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from headgate.config.model import Oidc
from headgate.gateway.admin.issuer import FRESH_S, LOOK_AGAIN_S, Issuer
from headgate.gateway.admin.jose import Expected, UnknownKey, Untrusted
from headgate.gateway.admin.operation import Refused
from headgate.upstream import Door
from tests.gateway.admin.forger import CLIENT, SECRET, Forger, Signer, forging

pytestmark = pytest.mark.slow
DISCOVERY = "/.well-known/openid-configuration"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def asking(**changed: Any) -> AsyncIterator[tuple[Forger, Issuer, Clock]]:
    async with forging() as forger:
        door, clock = Door(), Clock()
        oidc = Oidc(forger.url, CLIENT, SECRET, redirect_url="http://x/admin/callback")
        try:
            yield forger, Issuer(replace(oidc, **changed), door, clock), clock
        finally:
            await door.close()


def expected(forger: Forger) -> Expected:
    return Expected(forger.url, CLIENT)


async def test_nothing_is_asked_before_it_is_needed_and_then_once_an_hour() -> None:
    async with asking() as (forger, issuer, clock):
        assert forger.asked == []
        for _ in range(3):
            token = forger.signer.sign(forger.saying())
            assert (await issuer.claims(token, expected(forger)))["sub"] == "sub-1"
        assert forger.asked == [DISCOVERY, "/keys"]
        clock.now += FRESH_S + 1
        await issuer.claims(forger.signer.sign(forger.saying()), expected(forger))
        assert forger.asked == [DISCOVERY, "/keys"] * 2


async def test_rotated_keys_are_fetched_when_a_token_names_one() -> None:
    async with asking() as (forger, issuer, clock):
        await issuer.claims(forger.signer.sign(forger.saying()), expected(forger))
        clock.now += LOOK_AGAIN_S
        forger.signer = Signer("two", "ES256")
        await issuer.claims(forger.signer.sign(forger.saying()), expected(forger))
        assert forger.asked.count("/keys") == 2


async def test_unknown_keys_make_us_ask_at_most_once_in_ten_seconds() -> None:
    async with asking() as (forger, issuer, clock):
        stranger = Signer("stranger", "ES256").sign(forger.saying())
        for _ in range(20):
            with pytest.raises(UnknownKey):
                await issuer.claims(stranger, expected(forger))
        assert forger.asked.count("/keys") == 1
        clock.now += LOOK_AGAIN_S
        with pytest.raises(UnknownKey):
            await issuer.claims(stranger, expected(forger))
        assert forger.asked.count("/keys") == 2


async def test_a_code_is_exchanged_with_secret_and_verifier_and_only_once() -> None:
    async with asking() as (forger, issuer, _):
        forger.codes["c"] = "n"
        assert "id_token" in await issuer.exchange("c", "the verifier")
        ((authorization, form),) = forger.sent
        assert authorization.startswith("Basic ")
        assert form["code_verifier"] == ["the verifier"]
        assert SECRET not in str(form)
        with pytest.raises(Untrusted, match="invalid_grant"):
            await issuer.exchange("c", "the verifier")


@pytest.mark.parametrize(
    ("secret", "methods", "sent"),
    [
        (SECRET, ["client_secret_post"], {"client_id": [CLIENT], "client_secret": [SECRET]}),
        ("", ["none"], {"client_id": [CLIENT]}),
    ],
)
async def test_a_client_shows_itself_as_the_provider_wants(
    secret: str, methods: list[str], sent: dict[str, list[str]]
) -> None:
    async with asking(client_secret=secret) as (forger, issuer, _):
        forger.about["token_endpoint_auth_methods_supported"] = methods
        forger.codes["c"] = "n"
        await issuer.exchange("c", "v")
        ((authorization, form),) = forger.sent
        assert authorization == ""
        assert sent.items() <= form.items()
        assert ("client_secret" in form) is bool(secret)


async def test_a_provider_that_names_itself_otherwise_is_not_believed() -> None:
    async with asking() as (forger, issuer, _):
        forger.about["issuer"] = "https://evil.example"
        with pytest.raises(Refused, match=r"evil\.example"):
            await issuer.endpoint("token_endpoint")


@pytest.mark.parametrize(
    "address", ["http://evil.example/keys", "ftp://127.0.0.1/keys", "", "http://[::1", 5]
)
async def test_an_address_that_cannot_be_trusted_is_not_asked(address: object) -> None:
    async with asking() as (forger, issuer, _):
        forger.about["jwks_uri"] = address
        with pytest.raises(Refused) as caught:
            await issuer.claims(forger.signer.sign(forger.saying()), expected(forger))
        assert caught.value.status == 502
        assert forger.asked == [DISCOVERY]


@pytest.mark.parametrize("keys", [[], "x", [1, None], {}])
async def test_keys_that_are_none_open_nothing(keys: Any) -> None:
    async with asking() as (forger, issuer, _):
        forger.about["jwks_uri"] = f"{forger.url}/userinfo"
        forger.person = {"keys": keys}
        with pytest.raises((Refused, Untrusted)):
            await issuer.claims(forger.signer.sign(forger.saying()), expected(forger))


async def test_a_provider_that_is_down_is_said_to_be() -> None:
    door = Door()
    issuer = Issuer(Oidc("http://127.0.0.1:1", CLIENT), door)
    try:
        with pytest.raises(Refused, match="cannot be asked") as caught:
            await issuer.endpoint("token_endpoint")
        assert caught.value.status == 502
    finally:
        await door.close()


async def test_what_is_told_of_somebody_else_is_not_taken() -> None:
    async with asking() as (forger, issuer, _):
        forger.person = {"sub": "sub-1", "groups": ["ops"]}
        assert await issuer.person("opaque", "sub-1") == forger.person
        assert await issuer.person("opaque", "sub-2") == {}
        assert await issuer.person("bad\r\nhost: x", "sub-1") == {}
