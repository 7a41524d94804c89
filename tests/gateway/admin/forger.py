"""An issuer that answers well or ill as it is told: what no true provider does on purpose."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from headgate.gateway import serve
from headgate.gateway.edge import LINE
from headgate.gateway.line import Line, Receive, Scope, Send

CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
CLIENT, SECRET = "headgate", "a-client-s-secret"


@dataclass
class Signer:
    """One signing key of the issuer's."""

    kid: str
    algorithm: str = "RS256"
    private: Any = None

    def __post_init__(self) -> None:
        if self.algorithm in CURVES:
            self.private = ec.generate_private_key(CURVES[self.algorithm])
        elif self.algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public(self) -> dict[str, Any]:
        known: Any = jwt.get_algorithm_by_name(self.algorithm)
        found: dict[str, Any] = json.loads(known.to_jwk(self.private.public_key()))
        found.pop("key_ops", None)
        return {**found, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def sign(self, claims: dict[str, Any], **head: object) -> str:
        return jwt.encode(claims, self.private, self.algorithm, {"kid": self.kid, **head})


@dataclass
class Forger:
    """The issuer, and what it is told to say."""

    signer: Signer = field(default_factory=lambda: Signer("one"))
    url: str = ""
    asked: list[str] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    """added to every ID token"""
    about: dict[str, Any] = field(default_factory=dict)
    """added to the discovery document"""
    person: dict[str, Any] = field(default_factory=dict)
    """what userinfo says"""
    codes: dict[str, str] = field(default_factory=dict)
    """codes that may be exchanged, with the nonce of their sign-in"""
    id_token: str = ""
    """given in place of a true one"""
    keys: list[dict[str, Any]] | None = None
    status: int = 200
    sent: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    """(authorization, form) of every exchange"""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            got = await receive()
            body += got.get("body", b"")
            more = got.get("more_body", False)
        path = scope["path"]
        self.asked.append(path)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/keys": lambda: {"keys": self.keys or [self.signer.public()]},
            "/token": lambda: self._token(headers, body),
            "/userinfo": lambda: self.person,
        }
        found = answers[path]()
        status = 400 if "error" in found else self.status
        line: Line = scope[LINE]
        data = json.dumps(found).encode()
        await line.whole(status, [(b"content-type", b"application/json")], data)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            **self.about,
        }

    def _token(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        form = parse_qs(body.decode())
        self.sent.append((headers.get("authorization", ""), form))
        nonce = self.codes.pop(form["code"][0], None)
        if nonce is None:
            return {"error": "invalid_grant"}
        token = self.id_token or self.signer.sign(self.saying(nonce=nonce))
        return {"access_token": "opaque", "token_type": "Bearer", "id_token": token}

    def saying(self, **claims: object) -> dict[str, Any]:
        """Claims as a true ID token has them."""
        now = int(time.time_ns() // 1_000_000_000)
        return {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "sub-1",
            "iat": now,
            "exp": now + 300,
            **self.claims,
            **claims,
        }

    def grant(self, location: str, code: str = "code-1") -> dict[str, str]:
        """A person signs in at the address the browser was sent to: what comes back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        self.codes[code] = asked["nonce"]
        return {"code": code, "state": asked["state"], "redirect_uri": asked["redirect_uri"]}


def unsigned(claims: dict[str, Any], head: dict[str, Any]) -> str:
    """A token with whatever head, and an empty signature."""
    parts = [json.dumps(head), json.dumps(claims)]
    texts = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, ""])


@contextlib.asynccontextmanager
async def forging(forger: Forger | None = None) -> AsyncIterator[Forger]:
    forger = forger or Forger()
    server = await serve.start(forger, serve.Listen())
    forger.url = server.url
    try:
        yield forger
    finally:
        await server.stop(at_once=True)
