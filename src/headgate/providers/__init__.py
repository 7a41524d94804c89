"""Who serves what: a Provider is data, begun from one TOML file beside this one.

Rule 1: to add a provider that speaks a known dialect, add a file; no code names providers.
Rule 2: a file's facts carry the page and the day they were checked, because they rot.
Rule 3: a file says what the whole server can take, whichever model answers there.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path

import msgspec

from headgate.policy.cap import Limits
from headgate.wire.model import Headers
from headgate.wire.stated import Stated, check

SURFACES = ("messages", "count_tokens", "chat", "responses", "embeddings", "models")
SPOKEN = ("chat", "responses", "messages")
"""the surfaces a conversation can be translated to, the one most servers have first"""
AUTHS = ("anthropic", "bearer", "x-api-key", "api-key", "none")

UNLIMITED = Limits()
BEARER_SINCE = b"2026-10-21"  # Anthropic's API migration page, as of 2026-11-20

ABSENT = {
    "bedrock": "Amazon Bedrock",
    "vertex": "Google Vertex AI",
}
"""Kinds people ask for that need every request signed, which Headgate does not do yet."""


@dataclass(frozen=True, slots=True)
class Account:
    """A key of ours at a provider, known by the environment variable it came from."""

    variable: str
    key: str = field(repr=False)
    limits: Limits | None = None
    """its own; None: those that every account of the provider has"""


@dataclass(frozen=True, slots=True)
class Provider:
    """One upstream as the engine needs it, after configuration is resolved."""

    name: str
    """the name in headgate.toml; also the prefix of targets, as in `anthropic:claude-…`"""
    kind: str
    """the data file it came from"""
    base_url: str
    """scheme, host, optional port and path prefix; no trailing slash"""
    paths: dict[str, str]
    """surface -> path below base_url; a surface that is absent is not served"""
    auth: str
    """anthropic, bearer, x-api-key, api-key or none"""
    models: tuple[str, ...] = ()
    """name patterns this provider is asked for when no [models] entry says otherwise"""
    api_key: str = field(default="", repr=False)
    credentials: str = "house"
    """house: our api_key; client: the caller's own credential is forwarded"""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """sent with every request, after the caller's"""
    prices: str = ""
    """provider id in the price catalogue; empty: by model name"""
    free: bool = False
    """runs on the operator's own hardware: costs nothing per token"""
    verify_tls: bool = True
    ca_file: str = ""
    connect_s: float = 2.0
    call_s: float = 600.0
    silence_s: float = 300.0
    max_connections: int = 512
    key_env: str = ""
    """the environment variable api_key came from"""
    api_keys: tuple[Account, ...] = ()
    """several accounts in place of the one of api_key: a conversation keeps to one of them"""
    translate: str = ""
    """the surface that conversations of other surfaces are translated to; empty: the one its
    model is best reached by, else the first that is served"""

    limits: Limits = UNLIMITED
    """of each account, beside those that the vendor keeps"""

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Every key of ours that is sent there; none where none is needed."""
        if self.api_keys or not self.api_key:
            return self.api_keys
        return (Account(self.key_env, self.api_key),)

    def alone(self, account: Account) -> Provider:
        """The same provider with this one of its accounts and no other."""
        limits = self.limits if account.limits is None else account.limits
        key, variable = account.key, account.variable
        return replace(self, api_key=key, key_env=variable, api_keys=(), limits=limits)


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of provider as its data file describes it: what headgate.toml need not say."""

    kind: str
    title: str
    base_url: str
    """empty: headgate.toml must say it"""
    paths: dict[str, str]
    auth: str
    prices: str
    checked: date
    source: str
    """the pages these facts were read on"""
    base_url_example: str = ""
    models: tuple[str, ...] = ()
    key_env: tuple[str, ...] = ()
    """variables that hold the key by custom, the usual one first"""
    key_start: str = ""
    """how every key begins; empty: keys have no common beginning"""
    key_shape: str = ""
    """what a whole key matches"""
    key_hint: str = ""
    """the same in words"""
    key_page: str = ""
    """where a key is made"""
    probe_model: str = ""
    """a cheap model for the one call `headgate doctor --live` makes"""
    key_optional: bool = False
    free: bool = False
    translate: str = ""
    """empty: the first of SPOKEN that it serves"""
    abilities: Stated = field(default_factory=dict, hash=False)
    """what the server makes of every model; a false holds, whatever the model could do"""


@cache
def read_all() -> dict[str, Preset]:
    """Every kind of provider, by name; the files are read once per process."""
    folder = Path(__file__).parent
    return {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}


def _read(path: Path) -> Preset:
    with path.open("rb") as file:
        table = tomllib.load(file)
    stated = table.pop("abilities", {})
    try:
        abilities = {name: check(name, value) for name, value in stated.items()}
    except ValueError as error:
        raise ValueError(f"providers/{path.name}: [abilities] {error}") from None
    return msgspec.convert({"kind": path.stem, **table, "abilities": abilities}, Preset)


def meeting_surface(provider: Provider, surface: str, wish: str = "") -> str:
    """The provider's surface that a call of this one ends at; empty: it cannot be served.

    `wish`: the surface by which the model is best reached.
    """
    if surface in provider.paths or surface not in SPOKEN:
        return surface if surface in provider.paths else ""
    order = (provider.translate, wish, *SPOKEN)
    return next((each for each in order if each in provider.paths), "")


def headers_for(provider: Provider, anthropic_version: bytes | None) -> Headers:
    """The header fields that carry our credential and the provider's own additions.

    With credentials = "client" the caller's credential travels instead, and none of ours.
    """
    own = [(name.encode(), value.encode()) for name, value in provider.headers]
    if not provider.api_key or provider.credentials == "client":
        return own
    return [_credential(provider, anthropic_version), *own]


def _credential(provider: Provider, anthropic_version: bytes | None) -> tuple[bytes, bytes]:
    key = provider.api_key.encode()
    match provider.auth:
        case "anthropic":
            if (anthropic_version or b"") >= BEARER_SINCE:
                return b"authorization", b"Bearer " + key
            return b"x-api-key", key
        case "x-api-key" | "api-key":
            return provider.auth.encode(), key
        case _:
            return b"authorization", b"Bearer " + key
