"""Reckons what a run that goes on has spent: what is known, and what may be billed besides.

Rule 1: a call that was begun and has no end counts as the most that it could cost, unless a
row of the ledger says for sure what it did.
Rule 2: where journal and ledger disagree the larger sum counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headgate.bench.journal import Before

AGAIN = "-again"
"""behind the id of a call that is made a second time, without what was refused of it"""


class Billed(NamedTuple):
    """A call as the ledger has it."""

    nusd: int
    is_sure: bool


def is_sure(ending: str, maybe_billed: int) -> bool:
    """Is what a row says of its cost all that there can be?"""
    return ending in ("complete", "error") and not maybe_billed


def reckoned(before: Before, ledger: Mapping[str, Billed]) -> Before:
    """The same run, with what its open calls cost or may have cost."""
    found, lost = 0, 0
    doubtful = set[str]()
    for call, most in before.open.items():
        names = (call, f"{call}{AGAIN}")
        rows = [ledger[it] for it in names if it in ledger]
        known = sum(it.nusd for it in rows)
        if known and all(it.is_sure for it in rows):
            found += known
        else:
            lost += most
            doubtful.update(names)
    whole = sum(it.nusd for call, it in ledger.items() if call not in doubtful)
    spent = max(before.spent_nusd + found, whole)
    return before._replace(spent_nusd=spent, lost_nusd=lost, open={})
