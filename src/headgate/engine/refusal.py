"""What an upstream's answer other than success means: whose fault it is, and what follows.

Rule 1: the upstream's own words are kept, to be shown unmodified when the fault is final.
Rule 2: a rejection of our credential is our fault and is never shown as the caller's.
"""

from __future__ import annotations

from datetime import datetime

from headgate.wire import Dialect
from headgate.wire import headers as fields
from headgate.wire.model import Fault, Headers, Kind, Reply

MAX_ERROR_BYTES = 1024 * 1024
LONGEST_NAME = 80
"""of an error's type, as it is logged"""
NEVER = float("inf")

_QUOTA = frozenset(
    (
        "insufficient_quota",
        "billing_hard_limit_reached",
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "ramp_limit_exceeded",
    )
)
"""limits that no waiting lifts (error pages of both vendors, as of 2026-11-20)"""


def fault_of(reply: Reply, dialect: Dialect, at: datetime, *, own_credential: bool) -> Fault:
    """The fault behind an error answer."""
    name, said = dialect.classify(reply.status, reply.body)
    retry_after = fields.retry_after_s(reply.headers, at)
    kind = _kind(reply.status, own_credential)
    if kind is Kind.UPSTREAM_LIMITED and _is_final(reply, name):
        retry_after = NEVER
    words = said or f"the upstream answered with status {reply.status}"
    return Fault(
        kind,
        _ours(kind, words),
        retry_after=retry_after,
        detail=f"{reply.status} {name[:LONGEST_NAME]}".strip(),
        quoted=bool(said),
        reply=reply if name or kind in (Kind.UPSTREAM_INVALID, Kind.AUTH) else None,
    )


def _kind(status: int, own_credential: bool) -> Kind:
    if status in (401, 402, 403):
        return Kind.AUTH if own_credential else Kind.UPSTREAM_AUTH
    if status == 429:
        return Kind.UPSTREAM_LIMITED
    if status == 408:
        return Kind.TIMEOUT
    if status in (503, 529):
        return Kind.OVERLOADED
    if 400 <= status < 500:
        return Kind.UPSTREAM_INVALID
    return Kind.UPSTREAM


def _is_final(reply: Reply, name: str) -> bool:
    if fields.first(reply.headers, b"x-should-retry") == b"false" or name in _QUOTA:
        return True
    return any(code.encode() in reply.body for code in _QUOTA)


def is_dead(fault: Fault) -> bool:
    """Is the credential of no use until somebody mends it: refused, or its money spent."""
    if fault.kind is Kind.UPSTREAM_LIMITED and fault.reply is not None:
        return any(code.encode() in fault.reply.body for code in _QUOTA)
    return fault.kind is Kind.UPSTREAM_AUTH


def _ours(kind: Kind, words: str) -> str:
    if kind is Kind.UPSTREAM_AUTH:
        return (
            "the provider did not accept the gateway's own credential;"
            " the operator can see why in the log and with `headgate doctor --live`"
        )
    return words


def passes_unmodified(fault: Fault) -> bool:
    """May the upstream's own error answer be shown to the caller."""
    return fault.reply is not None and fault.kind is not Kind.UPSTREAM_AUTH


def final_status(fault: Fault, dialect: Dialect) -> int:
    """The status the caller sees."""
    reply = fault.reply
    if reply is not None and fault.kind in (
        Kind.UPSTREAM_INVALID,
        Kind.UPSTREAM_LIMITED,
        Kind.OVERLOADED,
        Kind.AUTH,
    ):
        return reply.status
    return dialect.STATUS.get(fault.kind, fault.consequence.status)


def retry_headers(fault: Fault) -> Headers:
    """What tells a client whether and when to try again."""
    headers: Headers = []
    if not fault.consequence.client_may_retry or fault.retry_after == NEVER:
        headers.append((b"x-should-retry", b"false"))
    elif fault.retry_after is not None:
        headers.append((b"retry-after", str(max(1, round(fault.retry_after))).encode()))
    return headers
