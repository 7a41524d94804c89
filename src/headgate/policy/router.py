"""Which target is tried next, and when: a ladder of targets told as a generator.

Rule 1: it never goes on once the client has seen bytes, nor after a fault of the client's.
Rule 2: no wait follows the last try; a retry-after is respected or the next rung is taken.
Rule 3: a cooling target is passed over while another is warm; it is tried once if none answers.
Rule 4: what one account refused is tried at the target's next account at once: no wait, and
not one of the tries.
Rule 5: nobody waits for a target's accounts while another target is left; then for those that
can take the call the soonest.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct

from headgate.wire.model import Fault, Kind

ONE_MORE = frozenset((Kind.UPSTREAM,))
"""faults after which the same target deserves a single second chance"""
REFUSALS = frozenset((Kind.UPSTREAM_LIMITED, Kind.UPSTREAM_AUTH))
"""faults of the account that was used, not of the target"""


class Target(NamedTuple):
    """A provider and a model of it, and how often it may be tried for one call."""

    provider: str
    model: str
    tries: int = 1
    warnings: tuple[str, ...] = ()
    """what goes with its answers, each as `name: words`"""


class Try(Struct, frozen=True):
    """Send the call to this target now."""

    target: Target
    number: int
    """1 for the first try of this target"""
    last: bool = False
    """no other target is left: where every account of this one is short, it is waited for"""


class Wait(NamedTuple):
    """Sleep before the next try of the same target."""

    seconds: float
    fault: Fault
    target: Target
    number: int
    """of the try that follows"""


class Outcome(Struct, frozen=True):
    """What became of a try."""

    fault: Fault | None
    committed: bool = False
    """has the client seen bytes"""
    others: bool = False
    """is there an account of the target that has not refused this call"""
    short: bool = False
    """the call was not sent: no account of the target can take it now"""
    final: bool = False
    """it is not to be sent again, whatever its fault would allow"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How retries are spaced."""

    waits_s: tuple[float, ...] = (1.0, 2.0, 4.0)
    jitter: float = 0.25
    max_retry_after_s: float = 20.0


Plan = Generator[Try | Wait, Outcome | None, object]


def plan(
    ladder: Sequence[Target],
    cooling: Callable[[Target], float],
    patience: Patience,
    dice: Callable[[], float],
) -> Plan:
    """Steps to carry out; send the Outcome of each Try back in, and None after a Wait.

    An Outcome after a Wait says that there is no time for it: the next rung is taken. The
    same Try once more is for the target's next account. `cooling`: for how many seconds.
    """
    if len(ladder) != 1:
        return _in_turn(ladder, cooling, patience, dice)
    (target,) = ladder
    return _climb(Try(target, 1, last=True), target.tries, patience, dice)


def _in_turn(
    ladder: Sequence[Target],
    cooling: Callable[[Target], float],
    patience: Patience,
    dice: Callable[[], float],
) -> Generator[Try | Wait, Outcome | None, None]:
    skipped: list[tuple[float, Target]] = []
    for target in ladder:
        wait_s = cooling(target)
        if not wait_s:
            outcome = yield from _climb(Try(target, 1), target.tries, patience, dice)
            if outcome is None:
                return
            if not outcome.short or outcome.fault is None:
                continue
            wait_s = outcome.fault.retry_after or 0.0
        skipped.append((wait_s, target))
    for _, target in sorted(skipped, key=lambda each: each[0]):
        if (yield from _climb(Try(target, 1, last=True), 1, patience, dice)) is None:
            return


def _climb(
    step: Try, tries: int, patience: Patience, dice: Callable[[], float]
) -> Generator[Try | Wait, Outcome | None, Outcome | None]:
    """Try one target; None when the call is decided, else how the last try came out."""
    seen: set[Kind] = set()
    while True:
        outcome = yield step
        while _was_refused(outcome):
            outcome = yield step
        if outcome is None or outcome.fault is None or outcome.committed or outcome.final:
            return None
        fault = outcome.fault
        consequence = fault.consequence
        if not consequence.next_target:
            return None
        if outcome.short or not consequence.same_target or step.number == tries:
            return outcome
        if fault.kind in ONE_MORE and fault.kind in seen:
            return outcome
        seen.add(fault.kind)
        is_far = (fault.retry_after or 0) > patience.max_retry_after_s
        wait_s = pause(step.number, fault.retry_after, patience, dice)
        step = Try(step.target, step.number + 1, step.last)
        if is_far or (yield Wait(wait_s, fault, step.target, step.number)) is not None:
            return outcome


def _was_refused(outcome: Outcome | None) -> bool:
    """Does another account of the same target deserve the call."""
    if outcome is None or outcome.fault is None or outcome.committed or outcome.final:
        return False
    return outcome.others and outcome.fault.kind in REFUSALS


def pause(
    number: int, retry_after: float | None, patience: Patience, dice: Callable[[], float]
) -> float:
    """How long to wait after the `number`-th failed try; `dice` rolls in [0, 1)."""
    if retry_after is not None:
        return retry_after
    if not patience.waits_s:
        return 0.0
    wait = patience.waits_s[min(number, len(patience.waits_s)) - 1]
    return wait * (1 + patience.jitter * (2 * dice() - 1))
