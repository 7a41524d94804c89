"""What a browser keeps of a sign-in: a record that only we can have written, until it ends.

Rule 1: it is signed, not secret: nothing is in it that its holder may not know.
Rule 2: every kind of record is signed under its own name, so that none passes for another.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

import msgspec
from msgspec import Struct

SESSION, BEGUN = "headgate_session", "headgate_signin"
BEGUN_S = 600
"""how long a sign-in may take from /admin/login to /admin/callback"""
LONGEST = 4096
"""a longer cookie is none of ours"""


class Session(Struct, frozen=True):
    """Somebody who signed in."""

    subject: str
    name: str
    """an e-mail address that the issuer has verified, else the subject"""
    claims: dict[str, list[str]]
    """those that roles ask for; what they come to is decided anew at each request"""
    csrf: str
    ends: int


class Begun(Struct, frozen=True):
    """A sign-in on its way."""

    state: str
    nonce: str
    verifier: str
    back: str
    """where the browser goes afterwards"""
    ends: int


Record = TypeVar("Record", Session, Begun)
_NAMES: dict[type, str] = {Session: SESSION, Begun: BEGUN}


class Seal:
    """Writes and reads such records."""

    def __init__(self, key: bytes, now: Callable[[], int]) -> None:
        self._key = key
        self._now = now

    def write(self, record: Session | Begun) -> str:
        text = base64.urlsafe_b64encode(msgspec.json.encode(record)).decode()
        return f"{text}.{self._signed(type(record), text)}"

    def read(self, kind: type[Record], cookie: str) -> Record | None:
        """The record, unless it is not ours, or of another kind, or has ended."""
        text, _, signature = cookie.partition(".")
        if len(cookie) > LONGEST or not cookie.isascii():
            return None
        if not hmac.compare_digest(signature, self._signed(kind, text)):
            return None
        try:
            found = msgspec.json.decode(base64.urlsafe_b64decode(text), type=kind)
        except (msgspec.DecodeError, binascii.Error):  # another version's
            return None
        return found if found.ends > self._now() else None

    def _signed(self, kind: type, text: str) -> str:
        message = f"{_NAMES[kind]} {text}".encode()
        return hmac.new(self._key, message, sha256).hexdigest()
