"""What is asked of an upstream: its address, parsed once, and one request as bytes.

Rule 1: nobody adds a line of their own: a line break in a name, value or target is refused.
Rule 2: framing is ours: the caller's length, connection and hop-by-hop fields are left out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from msgspec import Struct

from headgate.wire.model import Fault, Headers, Kind

_OURS = frozenset(
    (
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_PORTS = {"http": 80, "https": 443}
_BODILESS = frozenset((b"GET", b"DELETE"))
_NO_REPLY_LENGTH = frozenset((b"HEAD", b"CONNECT"))


@dataclass(frozen=True, slots=True)
class Url:
    """Where an upstream is and how it is trusted; equal keys share one pool of connections."""

    scheme: str
    host: str
    port: int
    path: str = ""
    """the prefix below which the provider serves; no trailing slash"""
    verify_tls: bool = True
    ca_file: str = ""
    max_connections: int = 512
    key: str = field(init=False, compare=False)
    authority: bytes = field(init=False, compare=False)
    """the host field: the port is named only where it is not the scheme's own"""

    def __post_init__(self) -> None:
        bracketed = f"[{self.host}]" if ":" in self.host else self.host
        usual = _PORTS[self.scheme] == self.port
        place = bracketed if usual else f"{bracketed}:{self.port}"
        trust = f"{self.verify_tls} {self.ca_file}"
        key = f"{self.scheme}://{bracketed}:{self.port} {trust} {self.max_connections}"
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "authority", place.encode("ascii"))

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        verify_tls: bool = True,
        ca_file: str = "",
        max_connections: int = 512,
    ) -> Url:
        """An address such as https://api.example.com/v1; ValueError says what is wrong."""
        text = text.strip()
        if not text.isprintable():
            raise ValueError(f"{text!r} holds a line break or another control character")
        parts = urlsplit(text)
        if parts.scheme not in _PORTS:
            raise ValueError(f"{text!r} must begin with http:// or https://")
        if "@" in parts.netloc:
            raise ValueError(
                "an upstream address holds no user or password: give the key as api_key"
            )
        if parts.query or parts.fragment:
            raise ValueError(f"{text!r} must end before any ? or #")
        if max_connections < 1:
            raise ValueError(f"max_connections of {text!r} must be at least 1")
        return cls(
            parts.scheme,
            _host(parts.hostname, text),
            _port(parts.netloc, text) or _PORTS[parts.scheme],
            parts.path.rstrip("/"),
            verify_tls,
            ca_file,
            max_connections,
        )

    @property
    def place(self) -> str:
        """host:port, for messages"""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _host(name: str | None, text: str) -> str:
    if not name:
        raise ValueError(f"{text!r} names no host")
    if ":" in name:
        return str(ipaddress.ip_address(name))
    try:
        host = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    if (
        not host
        or len(host) > 253
        or not host.replace("-", "").replace("_", "").replace(".", "").isalnum()
    ):
        raise ValueError(f"{text!r} names no valid host")
    return host


def _port(netloc: str, text: str) -> int | None:
    try:
        port = urlsplit(f"//{netloc}").port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"{text!r} names no valid port: it is a number from 1 to 65535")
    return port


_SPACE, _NULL = 0x20, 0
"""looked for as numbers: to look for bytes in bytes, Python makes an exception and drops it"""


def _has_lines(data: bytes, breaks: int) -> bool:
    """Does it hold so many line breaks and no more, and nothing that ends a text."""
    return data.count(b"\n") == data.count(b"\r") == breaks and _NULL not in data


class Lines:
    """Header fields as they travel: rendered once, sent with many requests."""

    __slots__ = ("data", "headers", "host", "sound")

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.host = b""
        """the host field among them, which takes the place of the upstream's name"""
        lines = 0
        parts: list[bytes] = []
        for name, value in headers:
            if name not in _OURS:
                lines += 1
                parts += (b"\r\n", name, b": ", value)
            elif name == b"host":
                self.host = value
        self.data = b"".join(parts)
        self.sound = _has_lines(self.data, lines)
        """is each of them one line"""


_NONE = Lines([])


class Request(Struct, eq=False):
    """One request; the door adds host, unless given, and content-length."""

    method: bytes
    url: Url
    target: bytes
    """path and query, as sent"""
    headers: Headers
    body: Sequence[bytes | memoryview] = ()
    """segments, sent one after the other; large ones are never copied"""
    connect_s: float = 2.0
    """how long reaching the upstream may take, TLS included"""
    lines: Lines = _NONE
    """more header fields, which other requests share"""


def encode(request: Request) -> tuple[bytes, int]:
    """The request's head, and the size of its body."""
    size = sum(map(len, request.body))
    shared, own = request.lines, Lines(request.headers)
    host = own.host or shared.host or request.url.authority
    begin = b"%b %b HTTP/1.1\r\nhost: %b" % (request.method, request.target, host)
    if (
        not (shared.sound and own.sound and _has_lines(begin, 1))
        or _SPACE in request.target
        or request.method in _NO_REPLY_LENGTH
    ):
        raise _bad(request)
    length = b""
    if size or request.method not in _BODILESS:
        length = b"\r\ncontent-length: %d" % size
    return b"".join((begin, shared.data, own.data, length, b"\r\n\r\n")), size


def _bad(request: Request) -> Fault:
    if request.method in _NO_REPLY_LENGTH:
        method = request.method.decode("latin-1")
        return Fault(Kind.UNSUPPORTED, f"{method} requests are not sent upstream")
    for name, value in (*request.lines.headers, *request.headers):
        if any(mark in text for mark in (b"\r", b"\n", b"\0") for text in (name, value)):
            shown = name.decode("latin-1")
            return Fault(
                Kind.INVALID, f"header {shown!r} holds a line break or a null byte: remove it"
            )
    return Fault(
        Kind.INVALID,
        "the request line holds a space, a line break or a null byte: percent-encode it",
    )
