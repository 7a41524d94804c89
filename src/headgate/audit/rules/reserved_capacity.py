"""Capacity that is paid for in advance, and how much of it was used, hour by hour.

Rule 1: what a commitment costs stands in no row: the operator says it, in [[commitments]] or
with --commitment. Calls on a reserved tier without one are shown, and priced at nothing.
Rule 2: its worth is what the same calls cost at list prices; what it costs beyond that is
waste, for the part of a month that the window is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.audit.about import (
    ASKED,
    TOKENS,
    count,
    either,
    least_nusd,
    matching,
    quoted,
    share,
    usd,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.config.model import Commitment
from headgate.ledger.book.columns import PER_CALL

MONTH_DAYS = 365 / 12
RESERVED = ("priority", "scale", "provisioned", "reserved")
IDLE = 0.5
"""of the hours with next to no use, from which on it is worth a word"""

_USED = f"""
WITH hour AS (
  SELECT at_us // 3600000000 AS hour, count(*) AS calls, sum(cost_nusd) AS cost,
    sum({TOKENS} + output) AS tokens
  FROM book WHERE {{where}} GROUP BY ALL)
SELECT coalesce(CAST(sum(calls) AS BIGINT), 0) AS calls,
  coalesce(CAST(sum(cost) AS BIGINT), 0) AS cost, count(*) AS hours,
  coalesce(CAST(max(tokens) AS BIGINT), 0) AS peak,
  coalesce(count(*) FILTER (tokens >= {{tenth}} * (SELECT max(tokens) FROM hour)), 0) AS busy
FROM hour
"""
_TIERS = """
SELECT provider, tier FROM book WHERE {where} GROUP BY ALL ORDER BY ALL
"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    able = f"{ASKED} AND {evidence.able(RULE.needs)}"
    least = least_nusd(evidence)
    for made in evidence.commitments:
        found = _used(evidence, f"{able} AND {_served(made)}")
        fee = round(float(made.usd_month) * 1e9 * evidence.days / MONTH_DAYS)
        if fee - found["cost"] >= least:
            yield _unused(evidence, made, found, fee)
    covered = [_served(made) for made in evidence.commitments] or ["FALSE"]
    unsaid = f"{able} AND {either('tier', RESERVED)} AND NOT ({' OR '.join(covered)})"
    for provider, tier in evidence.book.rows(_TIERS.format(where=unsaid)):
        where = f"{able} AND {matching(provider=provider, tier=tier)}"
        found = _used(evidence, where)
        if found["idle"] >= IDLE:
            yield _unsaid(found, f"{provider} {tier}", where)


def _served(made: Commitment) -> str:
    parts = [matching(provider=made.provider)]
    if made.tier:
        parts.append(matching(tier=made.tier))
    if made.models:
        either_of = " OR ".join(f"model_sent GLOB {quoted(it)}" for it in made.models)
        parts.append(f"({either_of})")
    return " AND ".join(parts)


def _used(evidence: Evidence, where: str) -> dict[str, Any]:
    (found,) = evidence.book.records(_USED.format(where=where, tenth=0.1))
    hours = evidence.days * 24
    return found | {"all_hours": round(hours), "idle": 1 - min(1.0, found["busy"] / hours)}


def _how_used(found: dict[str, Any]) -> str:
    return (
        f"{count(found['calls'])} calls used it; in {share(found['idle'], 1)} of"
        f" {count(found['all_hours'])} hours it served less than a tenth of its busiest hour"
        f" ({count(found['peak'])} tokens)"
    )


def _unused(evidence: Evidence, made: Commitment, found: dict[str, Any], fee: int) -> Finding:
    name = " ".join(filter(None, (made.provider, made.tier)))
    return Finding(
        rule=RULE.name,
        subject=f"commitment {name}" + "".join(f", {it}" for it in made.models),
        saving_nusd=fee - found["cost"],
        confidence="strong",
        what=f"{evidence.days:.0f} days of {name} cost {usd(fee)} by your own figure; the calls"
        f" it served cost {usd(found['cost'])} at list prices. {_how_used(found)}.",
        change="At the vendor: reduce the commitment at its next renewal to what list prices"
        " make of its use, or move what runs elsewhere onto it:\n"
        f"# {usd(found['cost'] / evidence.days * MONTH_DAYS)} a month would be even",
        where="FALSE",  # the fee stands in no row: no part of the bill is saved
        scope=_served(made),
        per="(max(at_us) - min(at_us)) // 3600000000",
        rows=found["calls"],
        figures={"fee_nusd": fee, "used_nusd": found["cost"], "idle": found["idle"]},
    )


def _unsaid(found: dict[str, Any], name: str, where: str) -> Finding:
    provider, tier = name.split(" ", 1)
    return Finding(
        rule=RULE.name,
        subject=f"commitment {name}",
        saving_nusd=0,
        confidence="hypothesis",
        what=f"Calls ran on capacity that looks reserved ({name}): {_how_used(found)}.",
        change="Say what it costs, in headgate.toml:\n"
        f'[[commitments]]\nprovider = "{provider}"\ntier = "{tier}"\nusd_month = 5000',
        where=where,
        scope=where,
        rows=found["calls"],
        needs="what is paid for it by the month: --commitment"
        f' "{name} 5000/month", or [[commitments]]',
        figures={"used_nusd": found["cost"], "idle": found["idle"]},
    )


def fires_on() -> list[dict[str, Any]]:
    """A reserved tier that is used for two hours of every day."""
    return [_row(day, hour, "priority") for day in range(5) for hour in (9, 10)]


def silent_on() -> list[dict[str, Any]]:
    """One that is used all day, and calls that pay as they go."""
    rows = [_row(day, hour, "priority") for day in range(5) for hour in range(24)]
    return rows + [_row(day, 12, "") for day in range(5)]


def _row(day: int, hour: int, tier: str) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + (day * 24 + hour) * 3_600_000_000,
        "key_id": "k_live",
        "input_fresh": 50_000,
        "output": 5_000,
        "tier": tier,
    }


RULE = Rule(
    name="reserved_capacity",
    title="Reserved capacity that is not used",
    needs=frozenset({PER_CALL}),
    judge=judge,
    fires_on=fires_on,
    silent_on=silent_on,
)
