"""Prompts that a key asked more than once and paid for each time: the first answer is value,
what was paid for the same answer again is waste.

Rule 1: a prompt is the same by the hash of all of it, with the same model and bound on output.
Rule 2: where the answers differed, they may have been meant to: that is a hypothesis. So it is
where it is not known whether they did, as of answers without a text.
Rule 3: a kept reply does not live longer for being given again: of one that comes back for
days, one answer a lifetime is counted as paid in any case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.audit.about import (
    ANSWERED,
    ASKED,
    count,
    least_nusd,
    matching,
    share,
    span,
    subject,
    usd,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.ledger.book.columns import HEADS, PER_CALL

HOUR_S, DAY_S = 3600, 86_400
MOST_OF_IT = 0.9
"""an hour is enough where it saves so much of what a day does"""
ROWS = f"{ASKED} AND {ANSWERED} AND cost_nusd > 0 AND len(chain) > 0"

# Most prompts are asked once: those that are not are found first, by their hashes alone.
_PROMPTS = """
SELECT key_id, provider, model_sent, any_value(model_asked) AS asked, count(*) AS n,
  sum(cost_nusd) AS cost, max(at_us) - min(at_us) AS between_us, max(took_us) AS took_us,
  count(reply_hash) = count(*) OR bool_and(surface = 'embeddings') AS known,
  min(reply_hash) IS NOT DISTINCT FROM max(reply_hash) AND known AS same
FROM book WHERE {rows} AND chain[-1] IN (
  SELECT chain[-1] FROM book WHERE {rows} GROUP BY chain[-1] HAVING count(*) > 1)
GROUP BY key_id, provider, model_sent, chain[-1], max_output HAVING count(*) > 1
"""
_STORED = "least(n, 1 + between_us // {ttl_s}000000)"
_SAVED = "CAST(sum(cost - cost / n * " + _STORED + ") AS BIGINT)"
_BY_KEY = """
SELECT key_id, provider, model_sent, same, known, any_value(asked) AS asked,
  count(*) AS prompts,
  CAST(sum(n) AS BIGINT) AS calls, CAST(sum(n - 1) AS BIGINT) AS repeats,
  coalesce(CAST(sum(n - 1) FILTER (between_us < took_us) AS BIGINT), 0) AS at_once,
  {hour} AS hour_nusd, {day} AS day_nusd, CAST(sum(cost - cost / n) AS BIGINT) AS ever_nusd
FROM ({prompts}) GROUP BY ALL ORDER BY day_nusd DESC, key_id, model_sent
"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    rows = f"{ROWS} AND {evidence.able(RULE.needs)}"
    least = least_nusd(evidence)
    text = _BY_KEY.format(
        prompts=_PROMPTS.format(rows=rows),
        hour=_SAVED.format(ttl_s=HOUR_S),
        day=_SAVED.format(ttl_s=DAY_S),
    )
    for found in evidence.book.records(text):
        if found["day_nusd"] >= least:
            yield _finding(evidence, found, rows)


def _finding(evidence: Evidence, found: dict[str, Any], rows: str) -> Finding:
    enough = found["hour_nusd"] >= MOST_OF_IT * found["day_nusd"]
    ttl_s, saving = (HOUR_S, found["hour_nusd"]) if enough else (DAY_S, found["day_nusd"])
    values = {name: found[name] for name in ("key_id", "provider", "model_sent")}
    scope = matching(**values)
    repeated = (
        f"SELECT chain[-1] FROM book WHERE {scope} AND {rows} "
        "GROUP BY chain[-1], max_output HAVING count(*) > 1"
    )
    unlike = "answers that differ" if found["known"] else "answers that were not compared"
    differ = "" if found["same"] else f", {unlike}"
    alike = " the answers differed, though" if found["known"] else " nobody knows how alike"
    return Finding(
        rule=RULE.name,
        subject=subject(evidence, key_id=found["key_id"], model_sent=found["model_sent"])
        + differ,
        saving_nusd=saving,
        confidence="strong" if found["same"] else "hypothesis",
        what=f"{count(found['prompts'])} prompts were asked {count(found['calls'])} times:"
        f" {count(found['repeats'])} repeats cost {usd(found['ever_nusd'])}"
        f" ({share(found['at_once'], found['repeats'])} of them came while the first still"
        f" ran). Replies kept for {span(ttl_s)} would have answered"
        f" {usd(saving)} worth of them"
        + (" as they were answered." if found["same"] else f";{alike}."),
        change=_change(found, ttl_s),
        where=f"{scope} AND {rows} AND chain[-1] IN ({repeated})",
        scope=f"{scope} AND calls = 1 AND span_us = 0",
        per="count(DISTINCT chain[-1])",  # repeats that a cache answers are no work undone
        rows=found["calls"],
        ceiling_nusd=found["ever_nusd"],
        needs=""
        if found["same"]
        else "word of who calls whether one prompt is meant to be answered anew each time",
        figures={name: found[name] for name in ("prompts", "calls", "repeats", "at_once")}
        | {"ttl_s": ttl_s},
    )


def _change(found: dict[str, Any], ttl_s: int) -> str:
    return (
        f'[models."{found["asked"]}"]\n'
        f'ladder = ["{found["provider"]}:{found["model_sent"]} x3"]\n'
        'reply_cache = "all"  # "deterministic" where callers ask for temperature 0\n'
        'join = "all"\n\n'
        f"[cache]\nttl_s = {ttl_s}"
    )


def fires_on() -> list[dict[str, Any]]:
    """Forty prompts, each asked five times within minutes."""
    return [_row(n, n % 40, b"answer--") for n in range(200)]


def silent_on() -> list[dict[str, Any]]:
    """As many prompts as calls, and repeats that our own cache answered."""
    fresh = [_row(n, n, b"answer--") for n in range(200)]
    kept = [{**_row(n, n % 40, b"answer--"), "answered_from": "hit"} for n in range(200)]
    return fresh + [row | {"input_fresh": 0, "output": 0, "cost_nusd": 0} for row in kept]


def _row(n: int, prompt: int, answer: bytes) -> dict[str, Any]:
    at_us = 1_793_577_600_000_000 + n * 5_000_000
    return {
        "at_us": at_us,
        "took_us": 2_000_000,
        "key_id": "k_faq",
        "input_fresh": 2_000,
        "output": 300,
        "chain": [77, 1_000 + prompt],
        "cover": [6_000, 8_000],
        "opening": "system",
        "reply_hash": answer,
    }


RULE = Rule(
    name="duplicate_calls",
    title="The same prompt paid for again",
    needs=frozenset({PER_CALL, HEADS}),
    judge=judge,
    fires_on=fires_on,
    silent_on=silent_on,
)
