"""What is worth telling a person or a program at once, and how it is told to a webhook.

Rule 1: an event is noted once, however many calls and processes come upon it: `once` names
what makes it one, such as the budget, its span and the threshold.
Rule 2: what is sent proves where it comes from and when it was sent, and is the same bytes
however often it is sent again, save the moment of sending.
Rule 3: a receiver that is down is asked for a day, ever more rarely; then the event stays in
the table and is sent no more.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Literal, NamedTuple, get_args

import msgspec

EventKind = Literal[
    "budget_warning",
    "budget_blocked",
    "loop_suspected",
    "loop_stopped",
    "credential_quarantined",
    "prompt_cache_advice",
    "prompt_cache_withdrawn",
    "cache_losing",
    "test",
]
KINDS: tuple[EventKind, ...] = tuple(kind for kind in get_args(EventKind) if kind != "test")
"""those that happen by themselves"""
PAUSES_S = (5, 15, 60, 300, 900, 1800)
"""before each further attempt; the last one repeats"""
KEPT_TRYING_S = 86_400
FRESH_S = 300
"""an older signature proves nothing: somebody may have kept it"""
SIGNATURE = "x-headgate-signature"


class Event(NamedTuple):
    """Something that happened, as it is noted."""

    at_us: int
    kind: str
    subject: str
    """whom it is about: an account, a session, a credential"""
    once: str
    """the same for everything that is the same event"""
    detail: str
    """a JSON object"""

    @property
    def id(self) -> str:
        """By which a receiver knows an event it has had before."""
        seed = f"{self.at_us}\0{self.once}".encode("utf-8", "replace")
        return f"evt_{blake2b(seed, digest_size=12).hexdigest()}"


def event(
    at_us: int, kind: EventKind, subject: str, once: str, detail: Mapping[str, object]
) -> Event:
    said = msgspec.json.encode(detail).decode()
    return Event(at_us, kind, _storable(subject), _storable(once), said)


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def body(event: Event) -> bytes:
    """What a webhook receives."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event.at_us)
    return msgspec.json.encode(
        {
            "id": event.id,
            "event": event.kind,
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "subject": event.subject,
            "detail": msgspec.Raw(event.detail.encode()),
        }
    )


def sign(secret: str, body: bytes, at_s: int) -> str:
    """The signature's header field: when it was made, and what only the secret could make."""
    return f"t={at_s},v1={_mac(secret, body, str(at_s))}"


def verify(secret: str, body: bytes, signature: str, now_s: int) -> bool:
    """Was this body signed with this secret a moment ago."""
    parts = dict(part.partition("=")[::2] for part in signature.split(","))
    sent = parts.get("t", "")
    if not (sent.isascii() and sent.isdigit()) or abs(now_s - int(sent)) > FRESH_S:
        return False
    return hmac.compare_digest(_mac(secret, body, sent).encode(), parts.get("v1", "").encode())


def _mac(secret: str, body: bytes, sent: str) -> str:
    return hmac.digest(secret.encode(), f"{sent}.".encode() + body, "sha256").hex()


def pause_s(attempts: int) -> int:
    """How long to wait after so many attempts that failed."""
    return PAUSES_S[min(max(attempts, 1), len(PAUSES_S)) - 1]
