"""Which account of a provider a call goes to: cache warmth first, then headroom, then its own.

Rule 1: a warm conversation stays at its account while that can take the call.
Rule 2: it waits for its account as long as its cache is worth: one second for every 10,000
tokens that another account would read anew, and ten at the most. Only then it moves.
Rule 3: a cold conversation goes where most is left; an account is better only if it has about
twice as much left, and among equals the conversation's own order decides. So at equal headroom
nothing moves, and the account that runs short sheds cold conversations first.
Rule 4: no account is asked beyond what is known to be left while another has room; where none
has, the call waits for the one that has it first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import frexp
from typing import NamedTuple

TOKENS_PER_S = 10_000
LONGEST_WORTH_S = 10.0
FULLEST, EMPTIEST = 0, 12
NEVER = float("inf")


class Option(NamedTuple):
    """One account, as it is for this call at this moment."""

    wait_s: float
    """until it can take the call; 0: it can now; infinite: its credential is refused"""
    share: float = 1.0
    """of its tightest limit, what would be left after the call"""


class Pick(NamedTuple):
    """Where the call goes, and how long it had better wait before it does."""

    at: int
    wait_s: float = 0.0
    worth: bool = False
    """does it wait for its cache, and not because it must"""


def worth_s(cached: int) -> float:
    """How long a cache of so many tokens is worth waiting for."""
    return min(cached / TOKENS_PER_S, LONGEST_WORTH_S)


def grade(share: float) -> int:
    """How often what is left was halved: accounts of one grade are equals."""
    if share <= 0:
        return EMPTIEST
    return min(max(-frexp(min(share, 1.0))[1], FULLEST), EMPTIEST)


def choose(
    order: Sequence[int],
    options: Sequence[Option],
    warm_at: int = -1,
    worth: float = 0.0,
    refused: Collection[int] = (),
) -> Pick:
    """The account for a call. `order`: as the conversation meets them; `warm_at`: where its
    cache is, worth so many seconds more; `refused`: those that have refused this very call.
    """
    left = [at for at in order if at not in refused] or order
    if warm_at in left and options[warm_at].wait_s <= worth:
        wait_s = options[warm_at].wait_s
        return Pick(warm_at, wait_s, worth=wait_s > 0)
    free = [at for at in left if options[at].wait_s <= 0]
    if free:
        return Pick(min(free, key=lambda at: grade(options[at].share)))
    at = min(left, key=lambda at: options[at].wait_s)
    return Pick(at, options[at].wait_s)
