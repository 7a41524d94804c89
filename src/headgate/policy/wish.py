"""What a call would rather have: cost, speed or quality, and by when; decides who is heard.

Rule 1: the call's own header field wins, then the first of the operator's tags that it has,
then the route's policy; a route with `hints = false` hears nobody.
Rule 2: a wish only orders what the operator allowed.
Rule 3: a word that is not known is refused, with the words that are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from headgate.wire.model import Fault, Kind

Policy = Literal["ordered", "weighted", "cheapest", "fastest", "best"]
POLICIES: tuple[Policy, ...] = ("ordered", "weighted", "cheapest", "fastest", "best")
Prefer = Literal["cost", "speed", "quality"]
PREFERENCES: tuple[Prefer, ...] = ("cost", "speed", "quality")

POLICY_OF: dict[Prefer, Policy] = {"cost": "cheapest", "speed": "fastest", "quality": "best"}
PREFER = b"x-headgate-prefer"
DEADLINE = b"x-headgate-deadline-ms"
LONGEST_MS = 86_400_000
SHOWN = 40
"""characters of a refused word that are repeated"""


class Wish(NamedTuple):
    """How the ladder of a call shall be ordered."""

    policy: Policy | None = None
    """None: as the route has it"""
    by: str = ""
    """who asked for that: `header` or `tag NAME`; empty: the route"""
    deadline_s: float = 0.0
    """how long the first content, or a whole reply, may take; 0: any time"""


NO_WISH = Wish()


def read_wish(
    told: Mapping[bytes, bytes], tags: Collection[str], preferences: Mapping[str, Prefer]
) -> Wish:
    """The wish of a call with these header fields and tags; Fault names a word nobody knows."""
    deadline_s = _deadline_ms(told.get(DEADLINE, b"")) / 1000
    named = told.get(PREFER)
    if named is not None:
        return Wish(_policy(named), "header", deadline_s)
    for tag, prefer in preferences.items():
        if tag in tags:
            return Wish(POLICY_OF[prefer], f"tag {tag}", deadline_s)
    return Wish(deadline_s=deadline_s) if deadline_s else NO_WISH


def _policy(named: bytes) -> Policy:
    word = named.decode("latin-1").strip().lower()
    for prefer in PREFERENCES:
        if word == prefer:
            return POLICY_OF[prefer]
    raise _unknown(PREFER, named, "takes cost, speed or quality")


def _deadline_ms(named: bytes) -> int:
    if not named:
        return 0
    text = named.strip()
    if text.isdigit() and len(text) < 10 and 0 < int(text) <= LONGEST_MS:
        return int(text)
    takes = f"takes a whole number of milliseconds from 1 to {LONGEST_MS}, such as 2000"
    raise _unknown(DEADLINE, named, takes)


def _unknown(name: bytes, value: bytes, takes: str) -> Fault:
    shown = ascii(value.decode("latin-1")[:SHOWN])
    return Fault(Kind.INVALID, f"{name.decode()}: {shown} is unknown; it {takes}")
