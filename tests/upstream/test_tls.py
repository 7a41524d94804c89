"""Whom the door trusts: everybody is verified unless the operator said otherwise."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from headgate.upstream.request import Url
from headgate.upstream.tls import Trust, build, explain
from headgate.wire.model import Fault, Kind


def test_certificates_and_names_are_verified_by_default() -> None:
    context = build(True, "")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_verification_can_be_switched_off() -> None:
    context = build(False, "")
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_an_authority_of_ones_own_replaces_the_systems(papers: Path) -> None:
    context = build(True, str(papers / "ca.pem"))
    subjects = [authority["subject"] for authority in context.get_ca_certs()]
    assert subjects == [((("commonName", "Test authority"),),)]


async def test_one_context_is_built_per_kind_of_trust() -> None:
    trust = Trust()
    first = await trust.context(Url.parse("https://a.example"))
    assert first is not None
    assert await trust.context(Url.parse("https://b.example:8443/v1")) is first
    assert await trust.context(Url.parse("https://a.example", verify_tls=False)) is not first


async def test_those_who_ask_at_once_share_the_building() -> None:
    trust = Trust()
    url = Url.parse("https://a.example")
    contexts = await asyncio.gather(*(trust.context(url) for _ in range(10)))
    assert len(set(map(id, contexts))) == 1


async def test_a_ca_file_that_appears_later_is_used(papers: Path, tmp_path: Path) -> None:
    trust = Trust()
    url = Url.parse("https://a.example", ca_file=str(tmp_path / "ca.pem"))
    with pytest.raises(Fault):
        await trust.context(url)
    (tmp_path / "ca.pem").write_bytes((papers / "ca.pem").read_bytes())
    assert await trust.context(url) is not None


async def test_plain_http_needs_no_context() -> None:
    assert await Trust().context(Url.parse("http://a.example")) is None


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
async def test_an_unusable_ca_file_is_named(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    with pytest.raises(Fault, match=r"ca_file '.*ca\.pem' cannot be used") as caught:
        await Trust().context(Url.parse("https://a.example", ca_file=str(ca_file)))
    assert caught.value.kind is Kind.CONNECTION


def test_a_broken_handshake_is_explained_with_a_remedy() -> None:
    url = Url.parse("https://a.example")
    fault = explain(url, ConnectionResetError("reset"))
    assert fault.message.endswith("during the TLS handshake; is it an HTTPS port?")
    assert not fault.maybe_billed
