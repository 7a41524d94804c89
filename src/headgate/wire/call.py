"""A Call: what one client asked of one surface, read as far as anyone needs and no further."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from headgate.wire import Surface
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Headers, Kind


class Capped(NamedTuple):
    """An account with limits or budgets; what they are is the policy's affair."""

    account: str
    label: str
    """how it is named to its holder, such as: team 'search'"""
    caps: Any


class Holder(NamedTuple):
    """Whom a call is charged to, and what it may ask for: a key and where it belongs."""

    key_id: str = ""
    """empty: no key is asked for here"""
    organisation: str = ""
    team: str = ""
    cost_centre: str = ""
    tags: str = ""
    """those of the key, with commas between"""
    refusal: Callable[[str, str], str] | None = None
    """(model, surface) -> why they may not be asked for, empty: they may; None: all may"""
    accounts: tuple[str, ...] = ()
    """what its cost counts against, from the organisation down, then its own tags"""
    caps: tuple[Capped, ...] = ()
    """the limits and budgets of those that have any"""
    prompt_cache: str = ""
    """off, advise or on: what the key, its team or organisation says of the prompt cache"""


NOBODY = Holder()


class Caller:
    """What header fields say of who calls. Clients repeat them, so one reading serves many
    calls: nobody changes anything here."""

    __slots__ = ("headers", "holder", "kept", "told")

    def __init__(self, headers: Headers, holder: Holder = NOBODY) -> None:
        self.headers = headers
        """names in lower case, virtual keys left out"""
        self.told = _by_name(headers)
        """the same by name, for those that look one up"""
        self.holder = holder
        self.kept: dict[object, Any] = {}
        """what was worked out from these fields alone, by what it is"""


def _by_name(headers: Headers) -> dict[bytes, bytes]:
    """What comes in several lines is one list (RFC 9110, 5.3), as a provider reads it."""
    told = dict(headers)
    if len(told) < len(headers):
        told.clear()
        for name, value in headers:
            told[name] = b"%b, %b" % (told[name], value) if name in told else value
    return told


@dataclass(slots=True)
class Call:
    id: str
    """the caller's valid X-Request-ID, or one of ours"""
    surface: Surface
    envelope: Envelope
    model: str
    stream: bool
    headers: Headers
    """the caller's, names in lower case"""
    told: dict[bytes, bytes]
    """the same by name, for those that look one up"""
    query: bytes = b""
    holder: Holder = NOBODY
    kept: dict[object, Any] = field(default_factory=dict)
    """see Caller"""


def open_call(
    surface: Surface, body: bytes, caller: Caller, *, id: str, query: bytes = b""
) -> Call:
    """Read the fields every call needs; Fault names the one that is of a wrong type."""
    envelope = Envelope(body)
    model = envelope.text("model")
    if not model.isprintable():  # it is going to stand in header fields and logs
        raise Fault(Kind.INVALID, "model: must not hold control characters")
    stream = surface.streams and envelope.flag("stream")
    return Call(
        id,
        surface,
        envelope,
        model,
        stream,
        caller.headers,
        caller.told,
        query,
        caller.holder,
        caller.kept,
    )
