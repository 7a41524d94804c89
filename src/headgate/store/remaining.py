"""What a caller's accounts are capped at, what was spent of it and what is left.

Rule 1: what is spent is what the ledger has committed; what is set aside for running calls only
a gateway knows, and adds.
Rule 2: of accounts that others share, only the sum is told, never whose it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from headgate.policy.cap import NO_CAPS, Budget, Limits, Period, span
from headgate.policy.sound import usd
from headgate.store.keys import DAY_US, Key
from headgate.store.sql import Connection
from headgate.store.standing import moment
from headgate.wire.call import Capped

Held = Callable[[str, Period], int]
"""(account, period) -> nano-dollars that are set aside for calls that run"""


def nothing_held(account: str, period: Period) -> int:
    """Of a ledger that is read without its gateway."""
    return 0


def remaining(
    connection: Connection | None,
    capped: Iterable[Capped],
    now_us: int,
    held: Held = nothing_held,
) -> list[dict[str, Any]]:
    """Each account with its limits and what its budgets have left; None: nothing is spent."""
    return [
        {
            "account": it.account,
            "of": it.label,
            "limits": limits_told(it.caps.limits),
            "budgets": [
                _budget(connection, it.account, budget, now_us, held)
                for budget in it.caps.budgets
            ],
            "lower_output": it.caps.lower_output,
            "warn_at": list(it.caps.warn_at) if it.caps.budgets else [],
        }
        for it in capped
    ]


def levels(key: Key) -> list[Capped]:
    """What the key, its team, its organisation and its tags are called, and cap themselves."""
    own = zip(reversed(key.accounts()[: len(key.levels())]), key.levels(), strict=True)
    found = [Capped(at, f"{level} {name!r}", traits.caps) for at, (level, name, traits) in own]
    tags = [Capped(f"tag:{tag}", f"tag {tag!r}", NO_CAPS) for tag in key.tags()]
    return [*reversed(found), *tags]


def limits_told(limits: Limits) -> dict[str, int]:
    """Those that are set, the burst as it is in force."""
    told = {name: amount for name, amount in limits._asdict().items() if amount}
    return told | {"burst": limits.at_once()} if limits.requests else told


def _budget(
    connection: Connection | None, account: str, budget: Budget, now_us: int, held: Held
) -> dict[str, Any]:
    days = span(budget.period, now_us // DAY_US)
    spent, aside = 0, held(account, budget.period)
    if connection is not None:
        row = connection.execute(
            "SELECT COALESCE(SUM(cost_nusd), 0) FROM spend"
            " WHERE account = ? AND day BETWEEN ? AND ?",
            (account, days.first, days.last),
        ).fetchone()
        spent = int(row[0])
    return {
        "period": budget.period,
        "kind": budget.kind,
        "nusd": budget.nusd,
        "usd": usd(budget.nusd),
        "spent_nusd": spent,
        "held_nusd": aside,
        "remaining_nusd": max(budget.nusd - spent - aside, 0),
        "resets": moment(days.ends_us() or None),
    }
