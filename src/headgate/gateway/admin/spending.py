"""What a key, team or organisation, a tag or the whole house spent, and has left of budgets.

Rule 1: what is spent is what the ledger has committed; calls that still run are not in it.
Rule 2: days, weeks and months are those of UTC; a row of the sums is read per day and process.
"""

from __future__ import annotations

from datetime import UTC, datetime

from headgate.gateway.admin import reading, shape
from headgate.gateway.admin.operation import Job, Operation
from headgate.gateway.admin.reach import house_wide
from headgate.policy.cap import HOUSE, NO_CAPS, Budget, Caps, Span, span
from headgate.store.keys import DAY_US
from headgate.store.sql import Connection


def spending(job: Job, account: str, state: str, caps: Caps) -> shape.Spend:
    """The account's sums, its budgets, and its last days if any are asked for."""
    today = job.now_us // DAY_US
    days = job.query.days

    def spent(period: Span) -> shape.Spent:
        calls, nusd = _sums(job.store, account, period)
        return shape.Spent(_day(period.first), calls, nusd)

    return shape.Spend(
        account,
        state,
        spent(span("day", today)),
        spent(span("month", today)),
        spent(span("total", today)),
        [_left(job.store, account, budget, today) for budget in caps.budgets],
        reading.limits(caps),
        _by_day(job.store, account, Span(today - days + 1, today)) if days else [],
    )


def _left(store: Connection, account: str, budget: Budget, today: int) -> shape.BudgetState:
    period = span(budget.period, today)
    _, spent = _sums(store, account, period)
    ends = period.ends_us()
    return shape.BudgetState(
        budget.period,
        budget.kind,
        reading.usd(budget.nusd),
        _day(period.first),
        reading.moment(ends) if ends else None,
        spent,
        max(0, budget.nusd - spent),
    )


def _sums(store: Connection, account: str, period: Span) -> tuple[int, int]:
    calls, nusd = store.execute(
        "SELECT coalesce(sum(calls), 0), coalesce(sum(cost_nusd), 0) FROM spend"
        " WHERE account = ? AND day BETWEEN ? AND ?",
        (account, period.first, period.last),
    ).fetchone()
    return int(calls), int(nusd)


def _by_day(store: Connection, account: str, period: Span) -> list[shape.Day]:
    rows = store.execute(
        "SELECT day, sum(calls), sum(cost_nusd) FROM spend"
        " WHERE account = ? AND day BETWEEN ? AND ? GROUP BY day ORDER BY day",
        (account, period.first, period.last),
    )
    return [shape.Day(_day(day).date(), int(calls), int(nusd)) for day, calls, nusd in rows]


def _day(day: int) -> datetime:
    return datetime.fromtimestamp(day * (DAY_US // 1_000_000), UTC)


def _house(job: Job) -> object:
    house_wide(job.who, "what all spent")
    caps, tag = job.config.caps, job.query.tag
    if tag:
        return spending(job, f"tag:{tag}", "open", dict(caps.tags).get(tag, NO_CAPS))
    return spending(job, HOUSE, "open", caps.house)


OPERATIONS = [
    Operation("GET", "/admin/spend", "orgs:read", "What the whole house, or calls with a tag, "
              "spent and have left", shape.Spend, _house, query=shape.HouseDays),
]  # fmt: skip
