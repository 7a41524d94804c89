"""A signed token is believed when it is the issuer's, for us, and in force; and never else."""

from __future__ import annotations

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from headgate.gateway.admin.jose import (
    KEY_KINDS,
    LEEWAY_S,
    Expected,
    UnknownKey,
    Untrusted,
    claims_of,
)
from tests.gateway.admin.forger import CLIENT, Forger, Signer, unsigned

pytestmark = pytest.mark.slow

FORGER = Forger(url="https://issuer.example")
SIGNER = FORGER.signer
KEYS = [SIGNER.public()]
EXPECTED = Expected(FORGER.url, CLIENT)
DAY_S = 86_400
"""a suite that is run from its beginning may come here half an hour after this was read"""
SIGN_IN = Expected(FORGER.url, CLIENT, "the nonce")


def claims(**changed: object) -> dict[str, Any]:
    return FORGER.saying(**changed)


@pytest.mark.parametrize("algorithm", KEY_KINDS)
def test_every_accepted_algorithm_is_checked(algorithm: str) -> None:
    signer = Signer("k", algorithm)
    token = signer.sign(claims())
    assert claims_of(token, [signer.public()], EXPECTED)["sub"] == "sub-1"
    with pytest.raises(Untrusted, match="signature"):
        claims_of(token, [{**Signer("k", algorithm).public()}], EXPECTED)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": FORGER.saying()["iat"] - LEEWAY_S - 2}, "expired"),
        ({"nbf": FORGER.saying()["iat"] + DAY_S}, "not in force yet"),
        ({"iss": "https://issuer.example/"}, "not of"),
        ({"aud": "somebody-else"}, "not meant for 'headgate'"),
        ({"aud": []}, "aud"),
        ({"exp": "soon"}, "no token that can be checked"),
        ({"sub": None}, "lacks the claim|no token"),
    ],
)
def test_claims_that_do_not_fit_are_named(changed: dict[str, object], says: str) -> None:
    with pytest.raises(Untrusted, match=says):
        claims_of(SIGNER.sign(claims(**changed)), KEYS, EXPECTED)


def test_clocks_may_differ_by_the_leeway() -> None:
    now = claims()["iat"]
    for changed in ({"exp": now - LEEWAY_S + 10}, {"nbf": now + LEEWAY_S - 10}):
        assert claims_of(SIGNER.sign(claims(**changed)), KEYS, EXPECTED)


@pytest.mark.parametrize("name", ["exp", "iss", "aud", "sub"])
def test_a_claim_that_must_be_there_is_missed(name: str) -> None:
    lacking = {key: value for key, value in claims().items() if key != name}
    with pytest.raises(Untrusted):
        claims_of(SIGNER.sign(lacking), KEYS, EXPECTED)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "", None, ["RS256"], 5])
def test_a_token_cannot_choose_an_algorithm_that_is_not_ours(algorithm: object) -> None:
    token = unsigned(claims(), {"alg": algorithm, "kid": "one", "typ": "JWT"})
    with pytest.raises(Untrusted):
        claims_of(token, KEYS, EXPECTED)


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    """The old trick: HS256 under the text of the issuer's public key."""
    plain = unsigned(claims(), {"alg": "HS256", "kid": "one"}).rstrip(".")
    pem = SIGNER.private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    for secret in (pem, json.dumps(SIGNER.public()).encode()):
        signature = hmac.new(secret, plain.encode(), sha256).digest()
        token = f"{plain}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
        with pytest.raises(Untrusted, match="'HS256', which is not accepted"):
            claims_of(token, KEYS, EXPECTED)
    symmetric = {"kty": "oct", "kid": "one", "k": "c2VjcmV0", "alg": "RS256"}
    with pytest.raises(Untrusted):
        claims_of(SIGNER.sign(claims()), [symmetric], EXPECTED)


def test_a_key_is_used_for_its_own_algorithm_and_for_signatures_only() -> None:
    token = SIGNER.sign(claims())
    for changed in ({"alg": "RS512"}, {"use": "enc"}, {"kty": "EC"}):
        with pytest.raises(UnknownKey):
            claims_of(token, [{**KEYS[0], **changed}], EXPECTED)
    with pytest.raises(Untrusted):
        claims_of(token, [{"kty": "RSA", "kid": "one", "n": "?", "e": "AQAB"}], EXPECTED)


def test_an_unknown_key_is_told_from_a_wrong_signature() -> None:
    with pytest.raises(UnknownKey):
        claims_of(Signer("two").sign(claims()), KEYS, EXPECTED)
    with pytest.raises(Untrusted, match="signature is wrong"):
        claims_of(Signer("one").sign(claims()), KEYS, EXPECTED)


def test_a_token_that_names_no_key_is_believed_only_where_there_is_one() -> None:
    token = jwt.encode(claims(), SIGNER.private, "RS256")
    assert claims_of(token, KEYS, EXPECTED)
    with pytest.raises(Untrusted, match="does not say which"):
        claims_of(token, [*KEYS, Signer("two").public()], EXPECTED)


def test_at_sign_in_the_nonce_and_the_party_are_checked() -> None:
    assert claims_of(SIGNER.sign(claims(nonce="the nonce")), KEYS, SIGN_IN)
    for changed in ({}, {"nonce": "another"}, {"nonce": 5}, {"nonce": ""}):
        with pytest.raises(Untrusted, match="nonce"):
            claims_of(SIGNER.sign(claims(**changed)), KEYS, SIGN_IN)
    several = {"aud": [CLIENT, "other"], "nonce": "the nonce"}
    assert claims_of(SIGNER.sign(claims(**several, azp=CLIENT)), KEYS, SIGN_IN)
    with pytest.raises(Untrusted, match="another client"):
        claims_of(SIGNER.sign(claims(**several, azp="other")), KEYS, SIGN_IN)


@pytest.mark.parametrize("token", ["", "a.b.c", "..", "é.b.c", "x" * 20_000, "a.b"])
def test_what_is_no_token_is_told_so(token: str) -> None:
    with pytest.raises(Untrusted):
        claims_of(token, KEYS, EXPECTED)
