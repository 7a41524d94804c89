"""Where a call sits among the accounts of its provider: the one it uses, those that refused it.

Rule 1: a call asks no account twice in one go; after a wait it begins anew with its own.
Rule 2: what a refusal says of an account holds for every call to the same model, and a success
of a call that began earlier does not take it back.
"""

from __future__ import annotations

from headgate.engine.gate import Gate
from headgate.policy import affinity
from headgate.policy.router import REFUSALS, Outcome, Target, Try
from headgate.wire.model import Fault, Kind

Shut = dict[tuple[str, str, str], float]
"""(provider, model, account) -> until when it is passed over, on the engine's clock"""
KNOWN_ACCOUNTS = 2000
"""of which that is kept"""


class Seat:
    """One call at one target whose provider has several accounts."""

    __slots__ = ("_at", "_gates", "_order", "_refusals", "_shut", "_step", "target")

    def __init__(self, gate: Gate, target: Target, conversation: bytes, shut: Shut) -> None:
        self.target = target
        self._gates = gate.accounts
        self._order = affinity.order(conversation, [it.credential for it in gate.accounts])
        self._shut = shut
        self._step: Try | None = None
        self._refusals: dict[int, Fault] = {}
        self._at = 0

    def take(self, step: Try, now: float) -> Gate:
        """The account for this try."""
        if step is not self._step:
            self._step = step
            self._refusals.clear()
        until = shut_until(self._gates, self.target, self._shut)
        self._at = affinity.choose(self._order, until, self._refusals, now)
        return self._gates[self._at]

    def close(self, kind: Kind, retry_after: float | None, now: float) -> None:
        """The account in use refused: later calls pass it over for a while."""
        name = _name(self.target, self._gates[self._at])
        until = max(self._shut.get(name, 0.0), now + affinity.shut_s(kind, retry_after))
        if name in self._shut or len(self._shut) < KNOWN_ACCOUNTS:
            self._shut[name] = until

    def outcome(self, fault: Fault, now: float, *, committed: bool) -> Outcome:
        """What the plan is told: when all accounts refused, the mildest of what they said."""
        if committed or fault.kind not in REFUSALS:
            return Outcome(fault, committed)
        self._refusals[self._at] = fault
        until = shut_until(self._gates, self.target, self._shut)
        left = [at for at in self._order if at not in self._refusals]
        if fault.kind is not Kind.UPSTREAM_AUTH:  # no waiting makes a rejected key a good one
            left = [at for at in left if until[at] <= now]
        if left:
            return Outcome(fault, others=True)
        told = affinity.mildest([*self._refusals.values()])
        if told.retry_after is not None:
            told.retry_after = min(told.retry_after, max(0.0, min(until) - now))
        return Outcome(told)


def all_shut(gate: Gate, target: Target, shut: Shut, now: float) -> bool:
    """Is there no account that calls of this target could use."""
    return bool(gate.accounts) and min(shut_until(gate.accounts, target, shut)) > now


def shut_until(gates: tuple[Gate, ...], target: Target, shut: Shut) -> list[float]:
    """Until when each account is passed over."""
    return [shut.get(_name(target, gate), 0.0) for gate in gates]


def _name(target: Target, gate: Gate) -> tuple[str, str, str]:
    return target.provider, target.model, gate.credential
