"""Calls that nobody waits for, at the price of calls that somebody does.

Rule 1: a caller that says so, by x-headgate-latency or a tag, is believed.
Rule 2: else it takes more: no stream, no conversation, no tools, no answer that comes back in a
later prompt, and a rhythm such as a nightly job's, or runs of hundreds of calls that come back.
Rule 3: a single run only suggests it, and so does a source that does not know what streamed:
that is a hypothesis.
Rule 4: a batch costs half, and finds little of what a cache holds: what a cache saves already
may be worth more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from headgate.audit.about import (
    ANSWERED,
    ASKED,
    count,
    either,
    least_nusd,
    matching,
    quoted,
    subject,
    usd,
)
from headgate.audit.asked import DAY_US, WHOSE, rates_of
from headgate.audit.caching import MOST_FINDINGS
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.audit.groups import BATCH_HITS, Spend, batched, spend
from headgate.ledger.book.columns import PER_CALL
from headgate.wire.model import Terms

HOUR_US, MINUTE_US = 3_600_000_000, 60_000_000
WAITS = re.compile(
    r"(^|[^a-z0-9])(batch|nightly|cron|bulk|offline|background|24h)($|[^a-z0-9])"
)
"""what a caller declares of its calls, as a latency class or among its tags"""
ROWS = f"{ASKED} AND {ANSWERED} AND tier = '' AND batch_id = '' AND cost_nusd > 0"
LIVE_SHARE = 0.02
"""more calls that stream, or call tools, or answer a prompt, and somebody waits"""
NIGHTLY_SHARE, NIGHTLY_HOURS, NIGHTLY_DAYS = 0.9, 2, 3
"""calls in so many hours of the day, on so many days, are a nightly job"""
RUN_CALLS, RUN_US, RUN_MOST_US, RUN_GAP_US = 200, 15 * MINUTE_US, 12 * HOUR_US, 5 * MINUTE_US
"""a run: so many calls for so long, without a pause; what never ends is a service"""
LOOKED_AT = 20
"""callers, the dearest first"""
MOST_WORDS = 200

Why = Literal["declared", "nightly", "runs", "one run", ""]
WHY = {
    "declared": "their caller says that they can wait",
    "nightly": "they come in the same hours of the day, outside of any conversation",
    "runs": "they come in long runs, outside of any conversation",
    "one run": "they came in one long run",
}

_CALLS = f"""
SELECT {", ".join(WHOSE)}, {{declared}} AS declared, count(*) AS calls,
  sum(cost_nusd)::BIGINT AS nusd,
  count(*) FILTER (stream = 1 OR tools_called > 0) AS live,
  count(*) FILTER (session <> '') AS talks
FROM book WHERE {{rows}} GROUP BY ALL
ORDER BY nusd DESC, {", ".join(WHOSE)}, declared LIMIT {LOOKED_AT}
"""
_HOURS = f"""
SELECT at_us // {DAY_US} AS day, at_us % {DAY_US} // {HOUR_US} AS hour, count(*)
FROM book WHERE {{where}} GROUP BY ALL
"""
_SESSIONS = "SELECT count(DISTINCT session), count(*) FROM book WHERE {where} AND session <> ''"
_ANSWERED = """
WITH asked AS (SELECT chain FROM book WHERE {where} AND len(chain) > 0 LIMIT 400000),
begun AS (SELECT unnest(chain[-4:-2]) AS ends FROM asked WHERE len(chain) > 1)
SELECT count(*) FROM begun WHERE ends IN (SELECT chain[-1] FROM asked)
"""
_RUNS = """
WITH gaps AS (SELECT at_us, at_us - lag(at_us) OVER (ORDER BY at_us) AS gap FROM book
  WHERE {where}),
runs AS (SELECT at_us, sum((gap IS NULL OR gap > {gap})::INTEGER) OVER (ORDER BY at_us) AS run
  FROM gaps)
SELECT count(*), max(at_us) - min(at_us) FROM runs GROUP BY run
"""


class Caller(NamedTuple):
    """Who asks for what, and whether it says that it can wait."""

    source: str
    provider: str
    credential: str
    model: str
    key_id: str
    project: str
    declared: bool

    def where(self, declared: str) -> str:
        """SQL; `declared`: that holds for calls that can wait."""
        whose = matching(**dict(zip(WHOSE, self[:6], strict=True)))
        return f"{whose} AND {'' if self.declared else 'NOT '}({declared}) AND {ROWS}"


class Seen(NamedTuple):
    """What a caller's calls look like."""

    calls: int
    nusd: int
    live: int
    """that streamed, or called tools"""
    talks: int
    """that belong to conversations"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    least = least_nusd(evidence)
    declared = _declared(evidence)
    rows = f"{ROWS} AND {evidence.able(RULE.needs)}"
    found = 0
    for row in evidence.book.rows(_CALLS.format(rows=rows, declared=declared)):
        caller, calls = Caller(*row[:7]), Seen(*row[7:])
        if calls.nusd < 2 * least or found >= MOST_FINDINGS:
            break
        where = caller.where(declared)
        why = _why(evidence, caller, calls, where)
        if why and _has_batches(evidence, caller):
            costs = spend(evidence, where)
            if costs.total - batched(costs) >= least:
                found += 1
                yield _finding(caller, why, costs, (where, _subject(evidence, caller)))


def _declared(evidence: Evidence) -> str:
    """SQL that holds for calls whose caller says that they can wait. Callers use few words: it
    is they that are looked at, and not every row."""
    said = []
    for column in ("latency_class", "tags"):
        rows = evidence.book.rows(f"SELECT DISTINCT {column} FROM book WHERE {column} <> ''")
        words = sorted(str(it) for (it,) in rows if WAITS.search(str(it).lower()))
        if len(words) > MOST_WORDS:
            said.append(f"regexp_matches(lower({column}), {quoted(WAITS.pattern)})")
        elif words:
            said.append(either(column, words))
    return " OR ".join(said) or "FALSE"


def _why(evidence: Evidence, caller: Caller, seen: Seen, where: str) -> Why:
    """What says that nobody waits."""
    if caller.declared:
        return "declared"
    if seen.live > LIVE_SHARE * seen.calls or _talks(evidence, seen, where):
        return ""
    if _is_nightly(evidence, where):
        return "nightly"
    runs = evidence.book.rows(_RUNS.format(where=where, gap=RUN_GAP_US))
    long = [calls for calls, us in runs if calls >= RUN_CALLS and RUN_US <= us <= RUN_MOST_US]
    if not long or sum(long) < NIGHTLY_SHARE * seen.calls:
        return ""
    return "runs" if len(long) > 1 else "one run"


def _is_nightly(evidence: Evidence, where: str) -> bool:
    """Do they come in the same hours of several days?"""
    hours: Counter[int] = Counter()
    days = set()
    for day, hour, calls in evidence.book.rows(_HOURS.format(where=where)):
        hours[hour] += calls
        days.add(day)
    often = sum(calls for _, calls in hours.most_common(NIGHTLY_HOURS))
    return len(days) >= NIGHTLY_DAYS and often >= NIGHTLY_SHARE * hours.total()


def _talks(evidence: Evidence, seen: Seen, where: str) -> bool:
    """Does any of it belong to conversations?"""
    if seen.talks:
        sessions, calls = evidence.book.one(_SESSIONS.format(where=where))
        if calls - sessions > LIVE_SHARE * seen.calls:
            return True
    (answered,) = evidence.book.one(_ANSWERED.format(where=where))
    return int(answered) > LIVE_SHARE * seen.calls


def _has_batches(evidence: Evidence, caller: Caller) -> bool:
    rates = rates_of(evidence, caller.provider, caller.model, evidence.until_us - 1)
    return rates.priced_by == "catalog" and not rates.unpriced(Terms(tier="batch"))


def _subject(evidence: Evidence, caller: Caller) -> str:
    who = {"key_id": caller.key_id} if caller.key_id or not caller.project else {}
    told = subject(evidence, **who, project=caller.project, model_sent=caller.model)
    return f"{told}, can wait" if caller.declared else told


def _finding(caller: Caller, why: Why, costs: Spend, about: tuple[str, str]) -> Finding:
    """`about`: the SQL that finds the rows, and whom it is about."""
    guess = why == "one run" or (bool(caller.source) and why != "declared")
    return Finding(
        rule=RULE.name,
        subject=about[1],
        saving_nusd=round(costs.total - batched(costs)),
        confidence="hypothesis" if guess else "strong",
        what=f"{count(costs.rows)} calls for {usd(costs.total)} can go in batches: {WHY[why]}."
        f" A batch costs half; {BATCH_HITS:.0%} of what a cache holds is counted as read.",
        change=_change(caller.model),
        lever="batch",
        where=about[0],
        scope=matching(**dict(zip(WHOSE, caller[:6], strict=True))),
        rows=costs.rows,
        ceiling_nusd=round(costs.total / 2),
        needs="the word of whoever runs it that answers can wait for a day" if guess else "",
        figures={"why": why, "calls": costs.rows, "cost_nusd": round(costs.total)},
    )


def _change(model: str) -> str:
    if "claude" in model.lower():
        return (
            "send them to the vendor's POST /v1/messages/batches (up to 100,000 at a time,"
            " answered within 24 hours)"
        )
    return (
        "send them to the vendor's POST /v1/batches with completion_window 24h (up to 50,000 at"
        " a time)"
    )


def fires_on() -> Sequence[dict[str, Any]]:
    """A job at two in the morning; and calls whose caller says that they can wait."""
    nightly = [
        _call(DAY_US * day + 2 * HOUR_US + n * MINUTE_US) for day in range(5) for n in range(50)
    ]
    said = [
        _call(n * HOUR_US) | {"key_id": "etl", "latency_class": "batch", "stream": 1}
        for n in range(50)
    ]
    return [*nightly, *said]


def silent_on() -> Sequence[dict[str, Any]]:
    """The same job in streams; conversations of a desk in office hours; and a service that is
    asked around the clock."""
    streams = [
        _call(DAY_US * day + 2 * HOUR_US + n * MINUTE_US) | {"key_id": "live", "stream": 1}
        for day in range(5)
        for n in range(50)
    ]
    desk = [
        _call(DAY_US * day + 9 * HOUR_US + n * MINUTE_US)
        | {"key_id": "desk", "session": f"{day}-{n // 10}"}
        for day in range(5)
        for n in range(50)
    ]
    shop = [_call(n * 20 * MINUTE_US) | {"key_id": "shop"} for n in range(300)]
    return [*streams, *desk, *shop]


def _call(at_us: int) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + at_us,
        "key_id": "job",
        "input_fresh": 6_000,
        "output": 500,
    }


RULE = Rule(
    "batchable",
    "work that can wait, at live prices",
    frozenset((PER_CALL,)),
    judge,
    fires_on,
    silent_on,
)
