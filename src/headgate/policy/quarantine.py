"""When a credential that was refused may be tried again: seldom, by one call at a time.

Rule 1: the pause doubles with every refusal of such a trial, from a minute to an hour.
Rule 2: when a pause is over one call tries the credential; all others still pass it over.
Rule 3: one success ends it, and so does a new configuration.
"""

from __future__ import annotations

from typing import NamedTuple

FIRST_S = 60.0
LONGEST_S = 3600.0
TRIAL_S = 30.0
"""a trial that has heard nothing for so long is given up, and another call tries"""


class Quarantine(NamedTuple):
    since: float
    until: float
    why: str
    """such as: 401 authentication_error"""
    times: int = 1
    """refusals that count"""
    tried: bool = False
    """is a call out to try it"""


def refuse(before: Quarantine | None, why: str, now: float) -> Quarantine:
    """The credential was refused: for the first time, by a trial, or by a late call."""
    if before is None:
        return Quarantine(now, now + FIRST_S, why)
    if not before.tried:  # it was sent before the refusal was known
        return before._replace(why=why)
    pause_s = min(FIRST_S * 2.0 ** min(before.times, 20), LONGEST_S)
    return Quarantine(before.since, now + pause_s, why, before.times + 1)


def try_again(state: Quarantine, now: float) -> Quarantine:
    """A call goes to try it."""
    return state._replace(until=now + TRIAL_S, tried=True)
