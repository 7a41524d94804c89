"""The day on which spend stood furthest above the days before it, and what grew on that day.

Rule 1: which day stands out is decided as for the first look at a bill.
Rule 2: what a spike cost beyond the usual is told and never claimed: whether that work was
wanted only people can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.audit.about import least_nusd, share, usd
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.stats.spike import highest

DAY_US = 86_400_000_000
TELLS = 0.5
"""of the growth, from which on one key or model explains it"""

ROWS = f"span_us <= {DAY_US}"
_DAYS = (
    f"SELECT at_us // {DAY_US} AS day, CAST(sum(cost_nusd) AS BIGINT) AS spent FROM book"
    + (f" WHERE {ROWS} GROUP BY ALL ORDER BY ALL")
)
_GREW = f"""
SELECT {{name}} AS name, sum(cost_nusd) FILTER (at_us >= {{start}}) AS spike,
  coalesce(sum(cost_nusd) FILTER (at_us < {{start}}), 0) / {{days}} AS usual,
  CAST(coalesce(sum(calls) FILTER (at_us >= {{start}}), 0) AS BIGINT) AS calls
FROM book WHERE {ROWS} AND at_us >= {{since}} AND at_us < {{start}} + {DAY_US} GROUP BY ALL
HAVING spike > 0 ORDER BY spike - usual DESC LIMIT 1
"""
DIMENSIONS = {
    "key": "key_id",
    "model": "model_sent",
    "project": "project",
    "system prompt": "CASE WHEN head = 0 THEN '' ELSE printf('%016x', head) END",
    "session": "session",
    "hour (UTC)": "CASE WHEN span_us = 0"
    " THEN printf('%02d:00', (at_us // 3600000000) % 24) ELSE '' END",
}


def judge(evidence: Evidence) -> Iterator[Finding]:
    spent = dict(evidence.book.rows(_DAYS))
    found = highest(spent)
    if found is None or not found.stands_out:
        return
    day, usual = found.day, found.usual
    over = spent[day] - usual
    if over >= least_nusd(evidence):
        yield _finding(evidence, day, usual, spent)


def _finding(evidence: Evidence, day: int, usual: int, spent: dict[int, int]) -> Finding:
    date = _date(evidence, day)
    over = spent[day] - usual
    days = day - min(spent)
    grown = _grown(evidence, day, days, over)
    told = "; ".join(
        f"{it['dimension']} {it['called']} {usd(it['usual'])} → {usd(it['spike'])}"
        f" ({share(it['growth'], over)} of the growth)"
        for it in grown
    )
    named = {it["dimension"]: it["called"] for it in grown}
    times = f"{spent[day] / usual:.1f} times" if usual else "and nothing is"
    return Finding(
        rule=RULE.name,
        subject=f"day {date}",
        saving_nusd=over,
        confidence="hypothesis",
        what=f"{date} (UTC) cost {usd(spent[day])}, {times} the usual {usd(usual)}"
        f" of the {days} days before: {usd(over)} more."
        f" What grew: {told or 'all of it alike'}.",
        change=_change(date, usual, named),
        where=f"{ROWS} AND at_us >= {day * DAY_US} AND at_us < {(day + 1) * DAY_US}",
        rows=_calls(evidence, day),
        needs="word of whether that work was wanted",
        figures={"day": date, "spent_nusd": spent[day], "usual_nusd": usual, "grew": grown},
    )


def _grown(evidence: Evidence, day: int, days: int, over: int) -> list[dict[str, Any]]:
    """What explains at least half of the growth, in each dimension."""
    found = []
    for dimension, name in DIMENSIONS.items():
        text = _GREW.format(
            name=name, start=day * DAY_US, days=days, since=(day - days) * DAY_US
        )
        for row in evidence.book.records(text):
            growth = row["spike"] - row["usual"]
            if row["name"] and growth >= TELLS * over:
                called = evidence.names.get(row["name"], row["name"])
                found.append(
                    {
                        "dimension": dimension,
                        "called": called,
                        "spike": int(row["spike"]),
                        "usual": int(row["usual"]),
                        "growth": int(growth),
                        "calls": row["calls"],
                    }
                )
    return found


def _date(evidence: Evidence, day: int) -> str:
    (text,) = evidence.book.one(f"SELECT strftime(make_timestamp({day * DAY_US}), '%Y-%m-%d')")
    return str(text)


def _calls(evidence: Evidence, day: int) -> int:
    (calls,) = evidence.book.one(
        f"SELECT coalesce(sum(calls), 0) FROM book WHERE {ROWS}"
        f" AND at_us >= {day * DAY_US} AND at_us < {(day + 1) * DAY_US}"
    )
    return int(calls)


def _change(date: str, usual: int, named: dict[str, str]) -> str:
    most = max(1, round(2 * usual / 1e9))
    if "session" in named:
        cap = f"[loops]\nsession_usd = {most}"
    elif "key" in named:
        cap = f'[budgets.each_key]\nday = {most}\nkind = "soft"'
    else:
        cap = f'[budgets.house]\nday = {most}\nkind = "watch"'
    return f"# would have told on {date}, at twice the usual of {usd(usual)}\n{cap}"


def fires_on() -> list[dict[str, Any]]:
    """Six even days, and a seventh on which one key spends eight times as much."""
    even = [_row(day, n, "k_app") for day in range(7) for n in range(24)]
    return even + [_row(6, n % 24, "k_job", n) for n in range(168)]


def silent_on() -> list[dict[str, Any]]:
    """Days that differ by half, and too few days to know what is usual."""
    return [
        _row(day, n % 24, "k_app", n) for day in range(7) for n in range(24 + 6 * (day % 3))
    ]


def _row(day: int, hour: int, key: str, minute: int = 0) -> dict[str, Any]:
    at_us = 1_793_577_600_000_000 + day * DAY_US + hour * 3_600_000_000
    return {
        "at_us": at_us + minute * 1_000_000,
        "key_id": key,
        "input_fresh": 20_000,
        "output": 1_000,
    }


RULE = Rule(
    name="daily_spike",
    title="The day that cost the most above its usual",
    needs=frozenset(),
    judge=judge,
    fires_on=fires_on,
    silent_on=silent_on,
)
