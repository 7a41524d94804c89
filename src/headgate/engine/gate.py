"""From a call and a target to the bytes that go upstream: address, header fields, edited body.

Rule 1: towards a provider that speaks the caller's dialect only the model's name,
stream_options, credentials and what we ourselves sealed are ours; every other byte is the
caller's.
Rule 2: a call that is translated carries none of the caller's vendor's header fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import msgspec

from headgate.providers import BEARER_SINCE, Provider, headers_for, meeting_surface
from headgate.upstream import Lines, Request, Url
from headgate.wire import SURFACES, Surface
from headgate.wire import headers as fields
from headgate.wire.call import Call
from headgate.wire.model import Fault, Headers, Kind
from headgate.wire.openai_chat import INCLUDE_USAGE
from headgate.wire.strip import without_our_seals

Edit = Callable[[Mapping[str, msgspec.Raw | bytes]], dict[str, bytes]]
"""from a request's members to those that are to be others"""

_OPTIONS = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_ANTHROPIC_VERSION = (b"anthropic-version", b"2023-06-01")
_IDENTITY = (b"accept-encoding", b"identity")
_JSON = (b"content-type", b"application/json")
_CARRIED = frozenset((b"user-agent", b"traceparent", b"tracestate", fields.REHEARSAL))


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """One provider, or one of its accounts, ready to be asked."""

    provider: Provider
    url: Url
    targets: dict[str, bytes]
    """surface -> request target"""
    own_credential: bool
    """does the caller's credential travel on"""
    headers: Headers
    headers_new: Headers
    """the same for callers of the API version that moved the key to another field"""
    credential: str
    """house, client, or the variable that names the account"""
    accounts: tuple[Gate, ...]
    """of a provider that has several: a gate for each, one of which is used"""

    @classmethod
    def to(cls, provider: Provider) -> Gate:
        """The gate to a provider, and behind it those to its accounts."""
        accounts = [
            replace(cls._to(provider.alone(it)), credential=it.variable)
            for it in provider.api_keys
        ]
        return replace(cls._to(provider), accounts=tuple(accounts))

    @classmethod
    def _to(cls, provider: Provider) -> Gate:
        url = Url.parse(
            provider.base_url,
            verify_tls=provider.verify_tls,
            ca_file=provider.ca_file,
            max_connections=provider.max_connections,
        )
        return cls(
            provider,
            url,
            {name: (url.path + path).encode() for name, path in provider.paths.items()},
            provider.credentials == "client",
            [_IDENTITY, *headers_for(provider, None)],
            [_IDENTITY, *headers_for(provider, BEARER_SINCE)],
            provider.credentials,
            (),
        )

    def through(self, surface: Surface, wish: str = "") -> Surface | None:
        """The surface by which calls of this one go here; None when there is no way."""
        if surface.name in self.targets:
            return surface
        meeting = meeting_surface(self.provider, surface.name, wish)
        return SURFACES[meeting] if meeting else None

    def request(self, call: Call, model: str, edit: Edit | None = None) -> tuple[Request, bool]:
        """(the request, whether the usage chunk was asked for by us alone)."""
        changes, ours = _changes(call, model)
        if edit is not None:
            changes |= edit({**call.envelope.members, **changes})
        target = self.targets[call.surface.name]
        if call.query:
            target += b"?" + call.query
        headers: Headers = [(b"x-request-id", call.id.encode())]
        body = call.envelope.edit(changes)
        url, connect_s = self.url, self.provider.connect_s
        lines = self._lines(call)
        return Request(b"POST", url, target, headers, body, connect_s, lines), ours

    def translated(self, call: Call, surface: Surface, body: bytes) -> Request:
        """The request of a call that was said again for another surface."""
        headers = [field for field in call.headers if field[0] in _CARRIED]
        headers += self.headers
        headers += [(b"x-request-id", call.id.encode()), _JSON]
        if surface.dialect.NAME == "anthropic":
            headers.append(_ANTHROPIC_VERSION)
        target, connect_s = self.targets[surface.name], self.provider.connect_s
        return Request(b"POST", self.url, target, headers, [body], connect_s)

    def _lines(self, call: Call) -> Lines:
        """The fields that are the same for every call of this caller's in this dialect."""
        name = (self, call.surface.dialect.NAME)
        lines: Lines | None = call.kept.get(name)
        if lines is None:
            lines = call.kept[name] = Lines(self._headers(call))
        return lines

    def _headers(self, call: Call) -> Headers:
        headers = fields.towards_upstream(call.headers, own_credential=self.own_credential)
        version = call.told.get(b"anthropic-version", b"")
        headers += self.headers if version < BEARER_SINCE else self.headers_new
        if not version and call.surface.dialect.NAME == "anthropic":
            headers.append(_ANTHROPIC_VERSION)
        if b"content-type" not in call.told:
            headers.append(_JSON)
        return headers


def _changes(call: Call, model: str) -> tuple[dict[str, bytes], bool]:
    changes = without_our_seals(call.envelope)
    if model != call.model:
        changes["model"] = msgspec.json.encode(model)
    if not (call.stream and call.surface.name == "chat"):
        return changes, False
    options = _stream_options(call)
    if _names_usage(options):
        return changes, False
    merged = {**options, "include_usage": b"true"}
    members = b",".join(msgspec.json.encode(k) + b":" + v for k, v in merged.items())
    changes["stream_options"] = b"{" + members + b"}" if options else INCLUDE_USAGE
    return changes, True


def asks_for_usage(call: Call) -> bool:
    """Does the caller want the chunk that tells a chat stream's usage."""
    return call.surface.name == "chat" and _names_usage(_stream_options(call))


def _names_usage(options: dict[str, bytes]) -> bool:
    return options.get("include_usage", b"") == b"true"


def _stream_options(call: Call) -> dict[str, bytes]:
    raw = call.envelope.members.get("stream_options")
    if raw is None:
        return {}
    try:
        options = _OPTIONS.decode(raw) or {}
        return {name: bytes(value) for name, value in options.items()}  # a Raw equals no bytes
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Fault(Kind.INVALID, "stream_options: must be an object") from None
