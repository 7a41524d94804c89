"""Caches that a changing prefix breaks: something early in the prompt differs from call to
call, so that nothing behind it can be read.

Rule 1: heads of one length that differ with every call are replayed as if they did not: what
differs can move behind them.
Rule 2: where the gateway saw which part changed, what it noted is what it cost.
Rule 3: of transcripts only tokens are known: a conversation that went on in time and was
written again, and not read, was broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from headgate.audit import rhythm
from headgate.audit.about import (
    count,
    either,
    least_nusd,
    matching,
    quoted,
    share,
    subject,
    usd,
)
from headgate.audit.asked import NEEDS, scope
from headgate.audit.caching import MOST_FINDINGS, about, example, finding, switch
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.audit.holdout import Verdict, verdicts
from headgate.policy.miss import REMEDIES

CHANGED = ("tools_changed", "system_changed", "messages_changed", "settings_changed")
LEAST_LOST = 3
"""calls that were broken before it is told"""

_NOTED = """
SELECT source, key_id, provider, model_sent, miss, regexp_extract(miss_at, '^[a-z_]*') AS part,
  count(*) AS calls, sum(miss_nusd)::BIGINT AS nusd, mode(miss_at) AS place
FROM book WHERE {changed} AND miss_nusd > 0 AND {able}
GROUP BY ALL HAVING nusd >= {least} AND calls >= {calls} ORDER BY nusd DESC, 2, 4 LIMIT {most}
"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    least = least_nusd(evidence)
    every = verdicts(evidence)
    spoilt = (it for it in every if it.whose.is_spoilt and it.saving >= least)
    for verdict in islice(spoilt, MOST_FINDINGS):
        yield finding(
            evidence, (RULE.name, verdict), _told(verdict), _change(evidence, verdict)
        )
    yield from _noted(evidence, least)
    broken = [it for it in every if it.whose.source and _is_broken(it, least)]
    broken.sort(key=lambda it: -it.total("lost_nusd"))
    for verdict in broken[:MOST_FINDINGS]:
        yield _rewritten(evidence, verdict)


def _told(verdict: Verdict) -> str:
    it = verdict.whose
    lengths = f"{it.least_bytes:,}"
    if it.most_bytes != it.least_bytes:
        lengths += f" to {it.most_bytes:,}"
    return (
        f"Tools and system prompt of {count(verdict.total('calls'))} calls have {lengths} bytes"
        " and are hardly ever the same twice: something small in them changes with every call,"
        " such as a time or a number, and no cache can hold them."
    )


def _change(evidence: Evidence, verdict: Verdict) -> str:
    moved = REMEDIES["system_changed"]
    if verdict.current != "none":
        return moved
    if verdict.whose.source:
        return f'{moved}; then set "cache_control" on the last block of system'
    return f"{moved}; then {switch(evidence, verdict.whose, 'on')}"


def _noted(evidence: Evidence, least: int) -> Iterator[Finding]:
    """What the gateway saw: the vendor's cache held a beginning that was not sent again."""
    text = _NOTED.format(
        changed=either("miss", CHANGED),
        able=evidence.able(NEEDS),
        least=least,
        calls=LEAST_LOST,
        most=MOST_FINDINGS,
    )
    for source, key, provider, model, miss, part, calls, nusd, place in evidence.book.rows(
        text
    ):
        whose = matching(source=source, key_id=key, provider=provider, model_sent=model)
        begins = f"starts_with(miss_at, {quoted(part)})"
        yield Finding(
            rule=RULE.name,
            subject=f"{subject(evidence, key_id=key, model_sent=model)}, {part or 'prompt'}",
            saving_nusd=nusd,
            confidence="strong",
            what=f"{count(calls)} calls began unlike what the vendor had cached, mostly at"
            f" {place or 'a part that is not known'}, and paid {usd(nusd)} more than reading"
            " it would have cost.",
            change=REMEDIES[miss],
            lever="cache",
            where=f"{whose} AND {matching(miss=miss)} AND {begins} AND miss_nusd > 0",
            scope=whose,
            rows=calls,
            figures={"miss": miss, "place": place, "calls": calls},
        )


def _is_broken(verdict: Verdict, least: int) -> bool:
    return verdict.total("lost_calls") >= LEAST_LOST and verdict.total("lost_nusd") >= least


def _rewritten(evidence: Evidence, verdict: Verdict) -> Finding:
    lost, calls = verdict.total("lost_nusd"), verdict.total("lost_calls")
    rows = rhythm.lost_ids(evidence, verdict.whose.number)
    return Finding(
        rule=RULE.name,
        subject=about(evidence, verdict.whose),
        saving_nusd=round(lost),
        confidence="strong",
        what=f"{count(calls)} calls went on with a conversation while its cache was alive, read"
        f" less than half of it and wrote it again: {usd(lost)} beyond reading it, which is"
        f" {share(lost, verdict.total('paid'))} of what all input cost.",
        change="keep tools (MCP servers), system prompt, model and settings the same within a"
        " conversation, and only append to it",
        lever="cache",
        where=f"{verdict.where} AND {either('id', rows)}" if rows else verdict.where,
        scope=scope(verdict.whose),
        rows=int(calls),
        figures={"calls": int(calls), "paid_nusd": round(verdict.total("paid"))},
    )


def fires_on() -> Sequence[dict[str, Any]]:
    """A system prompt that begins with the time, every minute."""
    return [example(n, head=5_000 + n) for n in range(120)]


def silent_on() -> Sequence[dict[str, Any]]:
    """Prompts of all lengths, each sent once: nothing shows that they could be one; and one
    that does not change."""
    many = [
        example(n, head=9_000 + n) | {"key_id": "many", "head_bytes": 20_000 + n * n * 3}
        for n in range(90)
    ]
    return [*many, *(example(n, head=7) for n in range(60))]


RULE = Rule(
    "broken_prefix", "caches broken by a changing prefix", NEEDS, judge, fires_on, silent_on
)
