"""Which target is tried next, and when: a ladder of targets told as a generator.

Rule 1: it never goes on once the client has seen bytes, nor after a fault of the client's.
Rule 2: no wait follows the last try; a retry-after is respected or the next rung is taken.
Rule 3: a cooling target is passed over while another is warm; it is tried once if none answers.
Rule 4: what one account refused is tried at the target's next account at once: no wait, and
not one of the tries.
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


@dataclass(frozen=True, slots=True)
class Patience:
    """How retries are spaced."""

    waits_s: tuple[float, ...] = (1.0, 2.0, 4.0)
    jitter: float = 0.25
    max_retry_after_s: float = 20.0


Plan = Generator[Try | Wait, Outcome | None, None]


def plan(
    ladder: Sequence[Target],
    cooling: Callable[[Target], bool],
    patience: Patience,
    dice: Callable[[], float],
) -> Plan:
    """Steps to carry out; send the Outcome of each Try back in, and None after a Wait.

    An Outcome after a Wait says that there is no time for it: the next rung is taken. The
    same Try once more is for the target's next account.
    """
    skipped: list[Target] = []
    for target in ladder:
        if len(ladder) > 1 and cooling(target):
            skipped.append(target)
        elif (yield from _climb(target, target.tries, patience, dice)):
            return
    for target in skipped:
        if (yield from _climb(target, 1, patience, dice)):
            return


def _climb(
    target: Target, tries: int, patience: Patience, dice: Callable[[], float]
) -> Generator[Try | Wait, Outcome | None, bool]:
    """Try one target; True when the call is decided."""
    seen: set[Kind] = set()
    for number in range(1, tries + 1):
        step = Try(target, number)
        outcome = yield step
        while _was_refused(outcome):
            outcome = yield step
        if outcome is None or outcome.fault is None or outcome.committed:
            return True
        fault = outcome.fault
        consequence = fault.consequence
        if not consequence.next_target:
            return True
        if not consequence.same_target or number == tries:
            return False
        if fault.kind in ONE_MORE and fault.kind in seen:
            return False
        seen.add(fault.kind)
        is_far = (fault.retry_after or 0) > patience.max_retry_after_s
        wait = Wait(pause(number, fault.retry_after, patience, dice), fault, target, number + 1)
        if is_far or (yield wait) is not None:
            return False
    return False


def _was_refused(outcome: Outcome | None) -> bool:
    """Does another account of the same target deserve the call."""
    if outcome is None or outcome.fault is None or outcome.committed:
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
