"""Signs administrators in at an OpenID Connect provider: authorization code flow with PKCE.

Rule 1: a sign-in is begun and ended by the same browser: state, nonce and verifier are in a
signed cookie that is taken away when it is used.
Rule 2: what a session may do is decided at each request by the configuration in force.
Rule 3: a change that a session asks for must carry its csrf word and come from our own pages.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import secrets
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from headgate.config.model import Granted, Oidc
from headgate.gateway.admin.claims import granted, missing, verified_email, wanted
from headgate.gateway.admin.operation import Guest, Refused
from headgate.gateway.admin.session import BEGUN, BEGUN_S, SESSION, Begun, Seal, Session
from headgate.gateway.house import House
from headgate.policy.role import ORGANISATION, TEAM, Warrant, warrant
from headgate.store.adminlog import Actor, Deed, acting, tell
from headgate.store.admintoken import bound, signing_key
from headgate.store.place import Place, connect, connect_reader
from headgate.store.traits import Mistake

if TYPE_CHECKING:
    from headgate.gateway.admin.issuer import Issuer

PAGES = [
    ("GET", "/admin/login", "login"),
    ("GET", "/admin/callback", "callback"),
    ("POST", "/admin/logout", "logout"),
]
CSRF = "x-headgate-csrf"
HOME = "/admin/whoami"
_AGAIN = "begin again at /admin/login"


class SignIn:
    """The pages of a sign-in, and who a session or a bearer token of the issuer is."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._issuer: Issuer | None = None
        self._seal: Seal | None = None

    async def login(self, request: Request) -> Response:
        """Send the browser to the provider."""
        oidc = self._configured()
        if not oidc.redirect_url:
            hint = "set admin.oidc.redirect_url to this gateway's address with /admin/callback"
            raise Refused(404, "nobody signs in here with a browser", hint)
        url = await self._of(oidc).endpoint("authorization_endpoint")
        begun = Begun(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            _local(request.query_params.get("next", HOME)),
            int(time.time_ns() // 1_000_000_000) + BEGUN_S,
        )
        challenge = base64.urlsafe_b64encode(sha256(begun.verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": oidc.client_id,
            "redirect_uri": oidc.redirect_url,
            "scope": " ".join(oidc.scopes),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        answer = _go(f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(asked)}")
        seal = await self._sealed()
        _keep(answer, BEGUN, seal.write(begun), BEGUN_S, oidc)
        return answer

    async def callback(self, request: Request) -> Response:
        """The browser is back: take the code, learn who it is, begin a session."""
        oidc = self._configured()
        given = request.query_params
        seal = await self._sealed()
        begun = seal.read(Begun, request.cookies.get(BEGUN, ""))
        if begun is None:
            raise Refused(400, "no sign-in was begun in this browser, or it took too long",
                          _AGAIN)  # fmt: skip
        if not hmac.compare_digest(begun.state.encode(), given.get("state", "").encode()):
            raise Refused(400, "this is the answer to another sign-in", _AGAIN)
        if given.get("iss", oidc.issuer) != oidc.issuer:
            raise Refused(400, "this is the answer of another provider", _AGAIN)
        if "error" in given or not given.get("code"):
            why = given.get("error", "no code")[:100]
            raise Refused(403, f"the provider did not sign you in: {why}", _AGAIN)
        session = await self._session(oidc, begun, given["code"])
        role = granted(oidc.roles, session.claims)
        if role is None:
            raise _no_role(session.name)
        who = await self._warrant(f"oidc:{session.name}", role)
        await asyncio.to_thread(_note, self._house.keys.place, who, session.subject)
        answer = _go(begun.back)
        _keep(answer, SESSION, seal.write(session), int(oidc.session_s), oidc)
        _forget(answer, BEGUN, oidc)
        return answer

    async def logout(self, request: Request) -> Response:
        """End the session in this browser."""
        oidc = self._configured()
        if await self._signed_in(request, oidc) is None:
            raise Refused(401, "nobody is signed in", "open /admin/login in a browser")
        url = await self._of(oidc).endpoint("end_session_endpoint")
        answer = JSONResponse({"signed_out": True, "provider": url})
        _forget(answer, SESSION, oidc)
        return answer

    async def guest(self, request: Request) -> Guest | None:
        """Who is signed in in this browser; None: nobody."""
        oidc = self._house.engine.config.oidc
        if oidc is None or (session := await self._signed_in(request, oidc)) is None:
            return None
        role = granted(oidc.roles, session.claims)
        if role is None:
            raise _no_role(session.name)
        return Guest(await self._warrant(f"oidc:{session.name}", role), session.csrf)

    async def _signed_in(self, request: Request, oidc: Oidc) -> Session | None:
        """This browser's session; Refused when a change does not come from our pages."""
        cookie = request.cookies.get(SESSION, "")
        if not cookie:
            return None
        session = (await self._sealed()).read(Session, cookie)
        if session is None:
            raise Refused(401, "this sign-in has ended", "open /admin/login in a browser")
        if request.method not in ("GET", "HEAD"):
            _check_csrf(request, session, oidc)
        return session

    async def bearer(self, token: str) -> Guest | None:
        """Whose token of the issuer it is; None: nobody signs in here."""
        from headgate.gateway.admin.jose import Expected, Untrusted

        oidc = self._house.engine.config.oidc
        if oidc is None:
            return None
        expected = Expected(oidc.issuer, oidc.audience or oidc.client_id)
        try:
            claims = await self._of(oidc).claims(token, expected)
        except Untrusted as error:
            hint = "ask the provider for a new token, for the audience of admin.oidc"
            raise Refused(401, f"the bearer token is not believed: {error}", hint) from None
        name = _name(claims)
        role = granted(oidc.roles, wanted(oidc.roles, claims))
        if role is None:
            raise _no_role(name)
        return Guest(await self._warrant(f"oidc:{name}", role))

    async def _session(self, oidc: Oidc, begun: Begun, code: str) -> Session:
        from headgate.gateway.admin.jose import Expected, Untrusted

        issuer = self._of(oidc)
        try:
            tokens = await issuer.exchange(code, begun.verifier)
            expected = Expected(oidc.issuer, oidc.client_id, begun.nonce)
            claims = await issuer.claims(tokens["id_token"], expected)
        except Untrusted as error:
            raise Refused(403, f"the sign-in is not believed: {error}", _AGAIN) from None
        access = tokens.get("access_token")
        if missing(oidc.roles, claims) and isinstance(access, str):
            claims = {**await issuer.person(access, claims["sub"]), **claims}
        ends = int(time.time_ns() // 1_000_000_000 + oidc.session_s)
        found = wanted(oidc.roles, claims)
        return Session(claims["sub"], _name(claims), found, secrets.token_urlsafe(24), ends)

    async def _warrant(self, name: str, role: Granted) -> Warrant:
        scopes = [f"{ORGANISATION}:{each}" for each in role.organisations]
        scopes += [f"{TEAM}:{each}" for each in role.teams]
        try:
            ids = await asyncio.to_thread(_bound, self._house.keys.place, scopes)
        except Mistake as error:
            what = f"{name!r} is bound by admin.oidc.roles to what is not there: {error}"
            raise Refused(403, what, error.hint) from error
        return warrant(name, role.role, (*ids, *role.scopes))

    def _configured(self) -> Oidc:
        oidc = self._house.engine.config.oidc
        if oidc is None:
            hint = "configure [admin.oidc], or send an admin token as Bearer"
            raise Refused(404, "nobody signs in here", hint)
        return oidc

    def _of(self, oidc: Oidc) -> Issuer:
        if self._issuer is None or self._issuer.oidc is not oidc:
            from headgate.gateway.admin.issuer import Issuer  # needs the extra `oidc`

            self._issuer = Issuer(oidc, self._house.ground.door)
        return self._issuer

    async def _sealed(self) -> Seal:
        if self._seal is None:
            key = await asyncio.to_thread(_signing_key, self._house.keys.place)
            self._seal = Seal(key, lambda: int(time.time_ns() // 1_000_000_000))
        return self._seal


def _name(claims: dict[str, Any]) -> str:
    return verified_email(claims) or str(claims["sub"])[:200]


def _no_role(name: str) -> Refused:
    what = f"{name!r} is signed in, but no entry of admin.oidc.roles gives them a role"
    hint = "ask an operator; an e-mail address counts only if the provider has verified it"
    return Refused(403, what, hint)


def _check_csrf(request: Request, session: Session, oidc: Oidc) -> None:
    given = request.headers.get(CSRF, "")
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        hint = f"send the csrf of GET /admin/whoami as {CSRF}"
        raise Refused(403, "a change asked for by a browser needs its csrf word", hint)
    origin = request.headers.get("origin", "")
    # a proxy may have given the request another host than the one the browser knows
    ours = {request.headers.get("host", ""), urlsplit(oidc.redirect_url).netloc} - {""}
    if origin and origin.partition("://")[2] not in ours:
        raise Refused(403, f"{origin} may not change anything here", "use this gateway's pages")


def _local(back: str) -> str:
    """A path of ours, or home: nobody is sent elsewhere."""
    plain = back.isascii() and back.isprintable() and "\\" not in back
    return back if plain and back.startswith("/") and not back.startswith("//") else HOME


def _go(url: str) -> RedirectResponse:
    return RedirectResponse(url, 303, {"cache-control": "no-store"})


def _keep(answer: Response, name: str, text: str, seconds: int, oidc: Oidc) -> None:
    secure = oidc.redirect_url.startswith("https:")
    answer.set_cookie(
        name, text, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def _forget(answer: Response, name: str, oidc: Oidc) -> None:
    secure = oidc.redirect_url.startswith("https:")
    answer.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def _signing_key(place: Place) -> bytes:
    with contextlib.closing(connect(place)) as connection:
        return signing_key(connection)


def _bound(place: Place, scopes: list[str]) -> tuple[str, ...]:
    if not scopes:
        return ()
    with contextlib.closing(connect_reader(place)) as connection:
        return bound(connection, scopes)


def _note(place: Place, who: Warrant, subject: str) -> None:
    """A sign-in is told to the log."""
    with contextlib.closing(connect(place)) as store, acting(Actor(who.name, who.role)):
        tell(store, Deed("session.begin", f"oidc:{subject}", {"role": who.role}))
