"""Keeps what each account spent on each day, by the process that spent it.

Rule 1: sums move in the transaction of what they count, in the order of their accounts: who
moves the same ones at the same time waits, and nobody waits for each other.
Rule 2: owner 0 stands for all processes that are gone; what they spent is folded into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from headgate.ledger.record import Entry, Intent
from headgate.store.sql import Connection

DAY_US = 86_400_000_000
LARGEST_SUM = 2**60
"""no sum grows by more at once, nor beyond twice that and this: it stays within 64 bits"""
GONE = 0

Sums = Mapping[tuple[str, int], tuple[int, int]]
"""(account, day): (calls, nano-dollars)"""

_INTO = "INSERT INTO spend (account, day, owner, calls, cost_nusd)"
_MERGED = """
ON CONFLICT (account, day, owner) DO UPDATE SET
  calls = spend.calls + excluded.calls,
  cost_nusd = CASE WHEN spend.cost_nusd > 2305843009213693952 THEN spend.cost_nusd
    ELSE spend.cost_nusd + excluded.cost_nusd END
"""


def of_entries(entries: Sequence[Entry]) -> Sums:
    """What these rows add to each account."""
    return _summed((row.charged, row.at_us, 1, row.cost_nusd) for row in entries)


def of_orphans(intents: Iterable[Intent]) -> Sums:
    """What calls of unknown outcome probably cost; they count as calls once they have one."""
    return _summed((row.charged, row.at_us, 0, row.probable_nusd) for row in intents)


def _summed(charges: Iterable[tuple[str, int, int, int]]) -> Sums:
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for charged, at_us, count, cost in charges:
        day = at_us // DAY_US
        for account in charged.split():
            calls, spent = sums.get((account, day), (0, 0))
            sums[account, day] = (calls + count, spent + cost)
    return sums


def add(connection: Connection, owner: int, sums: Sums, *, back: bool = False) -> None:
    """Charge the sums to one owner, or take them `back`."""
    sign = -1 if back else 1
    rows = [
        (account, day, owner, sign * calls, sign * min(cost, LARGEST_SUM))
        for (account, day), (calls, cost) in sorted(sums.items())
    ]
    if rows:
        connection.executemany(f"{_INTO} VALUES (?, ?, ?, ?, ?) {_MERGED}", rows)


def fold(connection: Connection, owner: int) -> None:
    """What an owner spent is from now on what those spent who are gone."""
    connection.execute(
        f"{_INTO} SELECT account, day, {GONE}, calls, cost_nusd FROM spend"  # noqa: S608 - constant text
        f" WHERE owner = ? AND owner <> {GONE} ORDER BY account, day {_MERGED}",
        (owner,),
    )
    connection.execute(f"DELETE FROM spend WHERE owner = ? AND owner <> {GONE}", (owner,))  # noqa: S608 - constant text
