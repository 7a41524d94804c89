"""Calls that were paid for and brought nothing: cut streams, faults, callers that hung up, and
tries that may have been billed although another one answered.

Rule 1: what a failed call cost is what its row says; it is plain.
Rule 2: what a try without an answer cost nobody saw: it is a hypothesis until the provider's
report of the day is compared.
Rule 3: a few failures belong to every traffic: what is below one percent of the spend of a key
on a model is not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.audit.about import (
    ANSWERED,
    ASKED,
    INPUT_NUSD,
    count,
    least_nusd,
    matching,
    share,
    subject,
    usd,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.ledger.book.columns import PER_CALL, TRIES

LEAST_CALLS = 5
LEAST_SHARE = 0.01

KIND = (
    "CASE WHEN ending IN ('client_gone', 'truncated', 'idle') THEN ending"
    " WHEN fault <> '' THEN fault ELSE 'status ' || status END"
)
_BY_KIND = f"""
WITH spent AS (
  SELECT key_id, provider, model_sent, sum(cost_nusd) AS spent FROM book WHERE {{rows}}
  GROUP BY ALL),
failed AS (
  SELECT key_id, provider, model_sent, {KIND} AS kind, any_value(model_asked) AS asked,
    count(*) AS calls, CAST(sum(cost_nusd) AS BIGINT) AS cost,
    CAST(sum(output) AS BIGINT) AS output, median(took_us) / 1e6 AS took_s
  FROM book WHERE {{rows}} AND NOT ({ANSWERED}) AND cost_nusd > 0 GROUP BY ALL)
SELECT failed.*, CAST(spent AS BIGINT) AS spent
FROM failed JOIN spent USING (key_id, provider, model_sent)
ORDER BY cost DESC, key_id, model_sent, kind
"""
_PERHAPS = f"""
SELECT key_id, provider, count(*) AS calls, CAST(sum(maybe_billed) AS BIGINT) AS tries,
  CAST(sum(maybe_billed * {INPUT_NUSD} // greatest(1, tries - maybe_billed)) AS BIGINT) AS cost
FROM book WHERE {{rows}} AND maybe_billed > 0 GROUP BY ALL ORDER BY cost DESC
"""

_CHANGES = {
    "client_gone": "Raise the caller's own timeout above {took_s:.0f} s, or let it ask for a"
    " stream, so that it waits for what it pays for; cap what one answer may take with"
    " max_tokens. Point it at Headgate with its timeout off: Headgate ends calls itself:\n"
    "[providers.{provider}]\ncall_s = 600",
    "idle": "Give up on a silent stream earlier, and ask another target:\n"
    '[models."{asked}"]\n'
    'ladder = ["{provider}:{model_sent} x2", "PROVIDER:MODEL"]\nsilence_s = 30',
    "truncated": "Hold each stream's head until content comes, and name a second target for"
    ' calls that break before it:\n[models."{asked}"]\n'
    'ladder = ["{provider}:{model_sent} x2", "PROVIDER:MODEL"]\nhold_ms = 10000',
}
_OTHERWISE = (
    "See which calls they are and what was answered: headgate tail --help; then name a second"
    ' target:\n[models."{asked}"]\nladder = ["{provider}:{model_sent} x2", "PROVIDER:MODEL"]'
)


def judge(evidence: Evidence) -> Iterator[Finding]:
    rows = f"{ASKED} AND {evidence.able(RULE.needs)}"
    least = least_nusd(evidence)
    for found in evidence.book.records(_BY_KIND.format(rows=rows)):
        much = found["cost"] >= max(least, LEAST_SHARE * found["spent"])
        if much and found["calls"] >= LEAST_CALLS:
            yield _paid(evidence, found)
    for found in evidence.book.records(_PERHAPS.format(rows=rows)):
        if found["cost"] >= least and found["calls"] >= LEAST_CALLS:
            yield _perhaps(evidence, found)


def _paid(evidence: Evidence, found: dict[str, Any]) -> Finding:
    values = {name: found[name] for name in ("key_id", "provider", "model_sent")}
    scope = f"{matching(**values)} AND {ASKED}"
    kind = str(found["kind"])
    change = _CHANGES.get(kind, _OTHERWISE)
    return Finding(
        rule=RULE.name,
        subject=subject(evidence, key_id=found["key_id"], model_sent=found["model_sent"])
        + f", {kind.replace('_', ' ')}",
        saving_nusd=found["cost"],
        confidence="strong",
        what=f"{count(found['calls'])} calls that ended as {kind.replace('_', ' ')} cost"
        f" {usd(found['cost'])}, {share(found['cost'], found['spent'])} of what the key paid"
        f" for this model; {count(found['output'])} tokens of output went nowhere.",
        change=change.format(**found),
        where=f"{scope} AND cost_nusd > 0 AND NOT ({ANSWERED}) AND {KIND} = '{kind}'",
        scope=scope,
        per=f"count(*) FILTER ({ANSWERED})",
        rows=found["calls"],
        figures={name: found[name] for name in ("calls", "cost", "output", "spent", "kind")},
    )


def _perhaps(evidence: Evidence, found: dict[str, Any]) -> Finding:
    values = {name: found[name] for name in ("key_id", "provider")}
    scope = f"{matching(**values)} AND {ASKED}"
    return Finding(
        rule=RULE.name,
        subject=subject(evidence, key_id=found["key_id"], provider=found["provider"])
        + ", tries without an answer",
        saving_nusd=found["cost"],
        confidence="hypothesis",
        what=f"{count(found['tries'])} tries of {count(found['calls'])} calls may have been"
        f" billed although they brought no answer: up to {usd(found['cost'])} of input.",
        change="headgate reconcile\n# compares the provider's own report, day by day",
        where=f"{scope} AND maybe_billed > 0",
        scope=scope,
        rows=found["calls"],
        needs="the provider's report of those days",
        figures={name: found[name] for name in ("calls", "tries", "cost")},
    )


def fires_on() -> list[dict[str, Any]]:
    """One call in ten is hung up on after most of the answer was written."""
    return [_row(n, gone=n % 10 == 0) for n in range(200)]


def silent_on() -> list[dict[str, Any]]:
    """One in two hundred is; faults that cost nothing."""
    refused = {"status": 529, "fault": "overloaded", "ending": "error", "output": 0}
    free = [_row(n, gone=False) | refused | {"input_fresh": 0} for n in range(50)]
    return [_row(n, gone=n % 200 == 7) for n in range(400)] + free


def _row(n: int, *, gone: bool) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + n * 7_000_000,
        "took_us": 40_000_000,
        "key_id": "k_web",
        "input_fresh": 3_000,
        "output": 900,
        "stream": 1,
        "ending": "client_gone" if gone else "complete",
    }


RULE = Rule(
    name="paid_failures",
    title="Failures that were paid for",
    needs=frozenset({PER_CALL, TRIES}),
    judge=judge,
    fires_on=fires_on,
    silent_on=silent_on,
)
