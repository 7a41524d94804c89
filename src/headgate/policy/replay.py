"""What a prefix of prompts would have cost with another use of its vendor's cache.

Rule 1: an entry lives from the start of the request that wrote or last read it, and can be read
once that one's answer has begun; until then a request pays the plain price, or writes too.
Rule 2: costs are in units of what the prefix costs uncached, so that one replay serves
prefixes of every length.
Rule 3: `optimum` knows the future, which nobody does: it is a ceiling, and never a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from headgate.policy.cacheprice import TTL_S, Ttl, Worth

Policy = Literal["none", "5m", "1h"]
POLICIES: tuple[Policy, ...] = ("none", "5m", "1h")


class Access(NamedTuple):
    """A request that begins with the prefix."""

    at: float
    """in seconds"""
    ready: float
    """when its answer begins"""


class _State(NamedTuple):
    """What was paid so far, and what is in the cache now; ttl none: nothing."""

    cost: float
    ttl: Policy
    expires: float
    readable: float

    def is_beaten_by(self, other: _State) -> bool:
        return (
            other.cost <= self.cost
            and other.expires >= self.expires
            and other.readable <= self.readable
            and (other.ttl == self.ttl or other.ttl == "1h" or self.ttl == "none")
        )


_EMPTY = _State(0.0, "none", 0.0, 0.0)


def follow(accesses: Iterable[Access], policy: Policy, worth: Worth) -> float:
    """What it costs to mark the prefix in every request, always alike; none: never."""
    if policy == "none":
        return float(sum(1 for _ in accesses))
    state = _EMPTY
    for access in accesses:
        is_alive = state.ttl != "none" and access.at < state.expires
        if is_alive and access.at >= state.readable:
            state = _read(state, access.at, worth)
        else:
            state = _write(
                state if is_alive else _State(state.cost, *_EMPTY[1:]), access, policy, worth
            )
    return state.cost


def best_static(accesses: Sequence[Access], worth: Worth) -> Policy:
    """The cheapest of the policies that treat every request alike."""
    return min(POLICIES, key=lambda policy: follow(accesses, policy, worth))


def optimum(accesses: Iterable[Access], worth: Worth) -> float:
    """The least that it can cost, each request chosen in hindsight."""
    front = [_EMPTY]
    for access in accesses:
        reached = [after for state in front for after in moves(state, access, worth)]
        front = _best(reached) if len(reached) > 1 else reached
    return min(state.cost for state in front)


def moves(state: _State, access: Access, worth: Worth) -> list[_State]:
    """Everything that may be done about one request."""
    if state.ttl == "none" or access.at >= state.expires:
        lost = _State(state.cost, *_EMPTY[1:])
        return [
            lost._replace(cost=lost.cost + 1),
            _write(lost, access, "5m", worth),
            _write(lost, access, "1h", worth),
        ]
    if access.at < state.readable:
        again: list[Policy] = ["1h"] if state.ttl == "1h" else ["5m", "1h"]
        twice = [_write(state, access, policy, worth) for policy in again]
        return [state._replace(cost=state.cost + 1), *twice]
    read = _read(state, access.at, worth)
    return [read] if state.ttl == "1h" else [read, _write(state, access, "1h", worth)]


def _read(state: _State, at: float, worth: Worth) -> _State:
    ttl: Ttl = "1h" if state.ttl == "1h" else "5m"
    return _State(state.cost + worth.read, ttl, at + TTL_S[ttl], state.readable)


def _write(state: _State, access: Access, policy: Policy, worth: Worth) -> _State:
    """What is there already stays readable meanwhile."""
    ttl: Ttl = "1h" if policy == "1h" or state.ttl == "1h" else "5m"
    readable = access.ready if state.ttl == "none" else min(access.ready, state.readable)
    return _State(
        state.cost + worth.write("1h" if policy == "1h" else "5m"),
        ttl,
        max(state.expires, access.at + TTL_S[ttl]),
        readable,
    )


def _best(states: list[_State]) -> list[_State]:
    """Those that no other beats in everything."""
    kept: list[_State] = []
    for state in sorted(states):
        if not any(state.is_beaten_by(other) for other in kept):
            kept.append(state)
    return kept
