"""Decides which call an Idempotency-Key means, and what is known of it once it is over.

Rule 1: a key means something within its scope only: two callers' equal keys never meet.
Rule 2: what was turned away before anything ran is forgotten, and may be sent again. What may
have run, and whose whole answer nobody has, is sent no second time.
Rule 3: only who names the very call whose outcome is unknown has it run anew.
Rule 4: without a key, the same question asked again in the same session is the same call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from headgate.policy.replycache import NAME_BYTES, Asked
from headgate.wire.envelope import Envelope
from headgate.wire.headers import valid_request_id
from headgate.wire.model import Fault, Kind

KEY = b"idempotency-key"
RERUN = b"x-headgate-rerun"
LONGEST_KEY = 255
_PRINTABLE = frozenset(range(0x20, 0x7F))
_GAVE_UP = frozenset((504, 524))
"""answers of a server that stopped waiting for the one that may still be at work"""


class State(StrEnum):
    """What is known of a keyed call."""

    ABSENT = "absent"
    WAITING = "waiting"
    """it has its key, and nothing was sent yet"""
    RUNNING = "running"
    DONE = "done"
    UNKNOWN = "unknown"


class Keying(NamedTuple):
    """What a caller says of its call."""

    key: bytes
    """the Idempotency-Key; empty: there is none"""
    rerun: str
    """the call whose outcome is unknown and that shall run anew; empty: none"""


def keying(told: Mapping[bytes, bytes]) -> Keying:
    """The header fields that say so; Fault where they cannot be meant."""
    key, rerun = told.get(KEY), told.get(RERUN)
    if key is not None and not (1 <= len(key) <= LONGEST_KEY and _PRINTABLE.issuperset(key)):
        raise Fault(
            Kind.INVALID,
            f"Idempotency-Key: must be 1 to {LONGEST_KEY} printable ASCII characters, such as"
            " a UUID; send one that is, or none",
        )
    if rerun is None:
        return Keying(key or b"", "")
    name = valid_request_id(rerun)
    if not name:
        raise Fault(
            Kind.INVALID,
            f"{RERUN.decode()}: is no id of a call; send the id that the 409 named, as it is",
        )
    return Keying(key or b"", name)


def named(key: bytes, scope: str, secret: bytes) -> Asked:
    """Where the outcome of a call with this key is kept, and what its answer is sealed with."""
    return _asked(b"key", key, scope, secret)


def resent(asked: Asked, session: str, secret: bytes) -> Asked:
    """The same for a call without one, from what it asks (its scope included)."""
    return _asked(b"content", asked.name + asked.key, session, secret)


def _asked(what: bytes, key: bytes, scope: str, secret: bytes) -> Asked:
    within = scope.encode("utf-8", "surrogatepass")
    said = b"%b\0%d\0%b%b" % (what, len(within), within, key)
    found = blake2b(said, key=secret, digest_size=2 * NAME_BYTES, person=b"keyed").digest()
    return Asked(found[:NAME_BYTES], found[NAME_BYTES:])


def likeness(asked: Asked | None, envelope: Envelope, secret: bytes) -> bytes:
    """What tells two requests under one key apart; `asked`: what this one means, if known."""
    if asked is not None:
        return asked.name
    return blake2b(envelope.body, key=secret, digest_size=NAME_BYTES, person=b"raw").digest()


def perhaps_ran(tries: Iterable[tuple[int, bool]]) -> bool:
    """Has the vendor perhaps done the work; of each try: its status, and may it be billed."""
    return any(billed or status in _GAVE_UP for status, billed in tries)


def outcome(tries: Iterable[tuple[int, bool]], *, whole: bool, begun: bool) -> State:
    """What is known once the call is over.

    `whole`: there is a whole answer of the model's own. `begun`: some of one was seen.
    """
    if whole:
        return State.DONE
    return State.UNKNOWN if begun or perhaps_ran(tries) else State.ABSENT


def pointless() -> Fault:
    """There is no key whose call could run anew."""
    return Fault(
        Kind.INVALID,
        f"{RERUN.decode()}: goes with the Idempotency-Key of the call it names; send both, or"
        " leave it out",
    )


def endless(call_id: str) -> Fault:
    """Repeats of a run that bears the id it runs anew would each be taken for leave to run."""
    return Fault(
        Kind.INVALID,
        f"{RERUN.decode()}: {call_id} is the X-Request-ID of this call too; send another one"
        " with the call that shall run anew, or none",
    )


def mismatch() -> Fault:
    """The key belongs to another request."""
    return Fault(
        Kind.INVALID,
        "Idempotency-Key: was used for another request; send a new key with a new request,"
        " and the same body with the same key",
    )


def unknown(call_id: str, rerun: str, *, answered: bool) -> Fault:
    """Nobody can say what became of the call that this one repeats."""
    if answered:
        what = f"call {call_id} with this key was answered, but its answer is not kept any more"
    else:
        what = f"what became of call {call_id}, which this one repeats, is not known: it may"
        what += " have run and been billed, and nobody has its answer"
    wrong = f" (not {rerun})" if rerun and rerun != call_id else ""
    remedy = f"to run it once more, send it with {RERUN.decode()}: {call_id}{wrong}"
    return Fault(Kind.OUTCOME_UNKNOWN, f"{what}; {remedy}")
