"""Decides whether a signed token is the issuer's, for us, and in force; alone in using PyJWT.

Rule 1: which algorithms may be is said here: asymmetric ones; no token can widen that, and a
key is used for its own algorithm only.
Rule 2: exp, nbf, iss, aud and, at sign-in, nonce are checked, with a leeway for clocks.
"""

from __future__ import annotations

import hmac
from typing import Any, NamedTuple

import jwt

LEEWAY_S = 30
LONGEST = 16_384
KEY_KINDS = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA",
    "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
    "ES256": "EC", "ES384": "EC", "ES512": "EC",
    "EdDSA": "OKP",
}  # fmt: skip
"""the algorithms that may be, and the kind of key each is for"""
_MUST = ["exp", "iss", "aud", "sub"]


class Untrusted(Exception):
    """Why a token is not believed."""


class UnknownKey(Untrusted):
    """It is signed under a key that is not among those given: there may be newer ones."""


class Expected(NamedTuple):
    """Whose token it must be, and for whom."""

    issuer: str
    audience: str
    nonce: str | None = None
    """what the sign-in sent; None: it is a bearer token"""


def claims_of(token: str, keys: list[dict[str, Any]], expected: Expected) -> dict[str, Any]:
    """What the token says; Untrusted when it is not to be believed."""
    if len(token) > LONGEST:
        raise Untrusted("it is too long")
    try:
        head = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Untrusted("it is no signed token") from None
    algorithm = head.get("alg")
    if not isinstance(algorithm, str) or algorithm not in KEY_KINDS:
        raise Untrusted(f"it is signed with {str(algorithm)[:20]!r}, which is not accepted")
    key = _key(head.get("kid"), algorithm, keys)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(key, algorithm),
            algorithms=[algorithm],
            audience=expected.audience,
            issuer=expected.issuer,
            leeway=LEEWAY_S,
            options={"require": _MUST},
        )
    except jwt.PyJWTError as error:
        raise Untrusted(_words(error, expected)) from None
    except (ValueError, TypeError):  # a key that is not what it says
        raise Untrusted("the issuer's key for it cannot be used") from None
    _check_sign_in(claims, expected)
    return claims


def _key(kid: object, algorithm: str, keys: list[dict[str, Any]]) -> dict[str, Any]:
    fitting = [
        key
        for key in keys
        if key.get("kty") == KEY_KINDS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    ]
    if kid is None:
        if len(fitting) == 1:
            return fitting[0]
        raise Untrusted("it does not say which of the issuer's keys it is signed under")
    for key in fitting:
        if key.get("kid") == kid:
            return key
    raise UnknownKey("the issuer has no such key as it is signed under")


def _check_sign_in(claims: dict[str, Any], expected: Expected) -> None:
    if expected.nonce is None:
        return
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(), expected.nonce.encode()
    ):
        raise Untrusted("its nonce is not the one that was sent: it is of another sign-in")
    party = claims.get("azp", expected.audience)
    if party != expected.audience:
        raise Untrusted("it was issued to another client")


def _words(error: jwt.PyJWTError, expected: Expected) -> str:
    known: list[tuple[type[jwt.PyJWTError], str]] = [
        (jwt.ExpiredSignatureError, "it has expired"),
        (jwt.ImmatureSignatureError, "it is not in force yet"),
        (jwt.InvalidAudienceError, f"it is not meant for {expected.audience!r}"),
        (jwt.InvalidIssuerError, f"it is not of {expected.issuer}"),
        (jwt.InvalidSignatureError, "its signature is wrong"),
    ]
    for kind, words in known:
        if isinstance(error, kind):
            return words
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"it lacks the claim {error.claim!r}"
    return "it is no token that can be checked"
