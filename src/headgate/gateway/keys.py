"""Who is calling: finds the virtual key in a request, or says why it opens nothing.

Rule 1: with no key ever defined nobody is asked for one, and then we listen on loopback only.
Rule 2: a virtual key never travels upstream, however many fields carried it.
Rule 3: a connection that repeats its header fields is not searched again, only asked whether
its key still lives.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.store.keys import PREFIX, Key, Keys
from headgate.wire.call import Caller
from headgate.wire.model import Fault, Headers, Kind

OURS = PREFIX.encode()
OWN_FIELD = b"x-headgate-key"
"""for callers whose usual fields carry a credential of their own"""


def secrets_in(headers: Headers) -> list[tuple[bytes, bytes]]:
    """(field, secret) of everything that may be a virtual key, ours first."""
    found: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if name == OWN_FIELD:
            found.insert(0, (name, value.strip()))
        elif name == b"x-api-key" or name == b"api-key":
            found.append((name, value.strip()))
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            found.append((name, value[7:].strip()))
    return found


class Known(NamedTuple):
    """Who sent a connection's last request, and what that was told by."""

    caller: Caller
    fields: Headers
    key: Key | None
    edition: int


def recognise(keys: Keys, fields: Headers, last: Known | None) -> Known:
    """Who sends these fields: the last one again, or one with a key; Fault when it has none."""
    # By identity: a connection hands out the same list for as long as the same fields come.
    if last is not None and last.fields is fields and keys.still(last.key, last.edition):
        return last
    key, headers = authenticate(keys, fields)
    caller = Caller(headers, keys.holder(key))
    return Known(caller, fields, key, keys.edition)


def authenticate(keys: Keys, headers: Headers) -> tuple[Key | None, Headers]:
    """(the key, the headers without it); Fault when none of the secrets is a key."""
    secrets = secrets_in(headers)
    for _, secret in secrets:
        key = keys.find(secret)
        if key is not None:
            spent = {n for n, other in secrets if other == secret or other.startswith(OURS)}
            return key, [h for h in headers if h[0] not in spent]
    if not keys.defined:
        return None, headers
    raise _refusal(keys, secrets)


def is_known(keys: Keys, headers: Headers) -> Key | None:
    """The living key of a request, where any is good enough."""
    for _, secret in secrets_in(headers):
        if (key := keys.find(secret)) is not None:
            return key
    return None


_CLOSED = {
    "expired": "this Headgate key is expired; ask for a new one",
    "revoked": "this Headgate key is revoked; ask for a new one",
    "replaced": "this secret of the Headgate key has ended; another has replaced it",
    "archived": "the team or organisation of this Headgate key is archived; ask to restore it",
}


def _refusal(keys: Keys, secrets: list[tuple[bytes, bytes]]) -> Fault:
    if not secrets:
        return Fault(
            Kind.AUTH,
            "no key was given: send a Headgate key as x-api-key or as Authorization: Bearer",
        )
    reasons = {keys.refusal(secret) for _, secret in secrets}
    for reason, words in _CLOSED.items():
        if reason in reasons:
            return Fault(Kind.AUTH, words)
    shape = "" if any(s.startswith(b"hg-") for _, s in secrets) else "; it begins with hg-"
    text = f"this is no key of this Headgate{shape}"
    return Fault(Kind.AUTH, f"{text}: `headgate keys create` makes one")
