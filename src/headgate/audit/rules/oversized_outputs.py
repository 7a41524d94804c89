"""Output that was paid for and not needed: answers cut at their limit and asked again, answers
that ran on until a limit stopped them, and models that think far more than they say.

Rule 1: an answer that was cut and asked again was of no use: what it cost is waste.
Rule 2: an answer many times as long as its purpose's usual that only a limit stopped ran away:
what lies beyond twice the longest usual one is waste.
Rule 3: how much thinking an answer needs only answers can tell: that is a hypothesis.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.audit.about import (
    ANSWERED,
    ASKED,
    TOKENS,
    count,
    least_nusd,
    matching,
    quoted,
    share,
    subject,
    usd,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.ledger.book.columns import PER_CALL

AGAIN_US = 900_000_000
"""within which a prompt that was cut is asked again because it was cut"""
LEAST_CALLS = 5
USUAL_CALLS = 50
RUNS_ON = 8
"""times the median"""
THINKS = 0.8
"""of the output"""
STEP = 256

_PROMPT = f"CASE WHEN len(chain) > 0 THEN chain[-1] ELSE hash(session, {TOKENS}) END"
_KNOWN = "(len(chain) > 0 OR session <> '')"
CUT = "max_output > 0 AND output >= max_output"
_AGAIN = f"""
WITH cut AS (
  SELECT key_id, provider, model_sent, id, at_us, max_output, cost_nusd, {_PROMPT} AS prompt
  FROM book WHERE {{rows}} AND {CUT} AND {_KNOWN}),
later AS (
  SELECT key_id, at_us, max_output, {_PROMPT} AS prompt
  FROM book WHERE {{rows}} AND {_KNOWN}
    AND hash(key_id, {_PROMPT}) IN (SELECT hash(key_id, prompt) FROM cut)),
again AS (
  SELECT DISTINCT cut.* FROM cut JOIN later USING (key_id, prompt)
  WHERE later.at_us > cut.at_us AND later.at_us <= cut.at_us + {AGAIN_US}
    AND (later.max_output > cut.max_output OR later.max_output = 0))
SELECT key_id, provider, model_sent, count(*) AS calls,
  CAST(sum(cost_nusd) AS BIGINT) AS cost, CAST(max(max_output) AS BIGINT) AS bound,
  list(id ORDER BY at_us)[:1000] AS ids
FROM again GROUP BY ALL ORDER BY cost DESC, key_id, model_sent
"""
_RUNS = f"""
WITH lot AS (
  SELECT key_id, provider, model_sent, {{purpose}} AS purpose, output, output_nusd, max_output
  FROM book WHERE {{rows}} AND output > 0),
usual AS (
  SELECT key_id, provider, model_sent, purpose, median(output) AS middle,
    CAST(ceil(2 * quantile_cont(output, 0.99) FILTER (NOT ({CUT})) / {STEP}) AS BIGINT)
      * {STEP} AS cap, count(*) AS usual_calls
  FROM lot GROUP BY ALL HAVING count(*) >= {USUAL_CALLS})
SELECT key_id, provider, model_sent, purpose, any_value(middle) AS middle,
  any_value(cap) AS cap,
  count(*) AS calls, any_value(usual_calls) AS usual_calls,
  CAST(sum(output_nusd - output_nusd * cap / output) AS BIGINT) AS cost
FROM lot JOIN usual USING (key_id, provider, model_sent, purpose)
WHERE {CUT} AND output > {RUNS_ON} * middle AND output > cap
GROUP BY ALL HAVING count(*) >= {LEAST_CALLS} AND count(*) <= 0.1 * any_value(usual_calls)
ORDER BY cost DESC, key_id, model_sent
"""
_THOUGHT = f"""
SELECT key_id, provider, model_sent, count(*) AS calls,
  CAST(sum(output) AS BIGINT) AS output, CAST(sum(reasoning_of_output) AS BIGINT) AS thought,
  CAST(sum(output_nusd * reasoning_of_output / output) / 2 AS BIGINT) AS cost
FROM book WHERE {{rows}} AND output > 0 GROUP BY ALL
HAVING count(*) >= {USUAL_CALLS} AND sum(reasoning_of_output) >= {THINKS} * sum(output)
ORDER BY cost DESC, key_id, model_sent
"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    rows = f"{ASKED} AND {ANSWERED} AND {evidence.able(RULE.needs)}"
    least = least_nusd(evidence)
    (cut,) = evidence.book.one(f"SELECT count(*) FROM book WHERE {rows} AND {CUT}")
    texts = ((_AGAIN, _cut), (_RUNS, _runaway), (_THOUGHT, _thought))
    for text, tell in texts if cut >= LEAST_CALLS else texts[2:]:
        asked = text.format(rows=rows, purpose=evidence.purpose)
        for found in evidence.book.records(asked):
            if found["cost"] >= least and found["calls"] >= LEAST_CALLS:
                yield tell(evidence, found)


def _scope(found: dict[str, Any]) -> str:
    names = ("key_id", "provider", "model_sent")
    return f"{matching(**{name: found[name] for name in names})} AND {ASKED}"


def _about(evidence: Evidence, found: dict[str, Any]) -> str:
    return subject(evidence, key_id=found["key_id"], model_sent=found["model_sent"])


def _cut(evidence: Evidence, found: dict[str, Any]) -> Finding:
    ids = ", ".join(quoted(it) for it in found["ids"])
    return Finding(
        rule=RULE.name,
        subject=_about(evidence, found) + ", cut and asked again",
        saving_nusd=found["cost"],
        confidence="strong",
        what=f"{count(found['calls'])} answers were cut at max_tokens of up to"
        f" {count(found['bound'])} and the same was asked again with more room: the cut ones"
        f" cost {usd(found['cost'])}.",
        change=f"At the caller: max_tokens = {4 * found['bound']} at the first asking. Tokens"
        " that are not written are not charged; a bound that is too low is paid for twice.",
        where=f"{_scope(found)} AND id IN ({ids})",
        scope=_scope(found),
        per=f"count(*) FILTER (NOT ({CUT}))",
        rows=found["calls"],
        figures={"calls": found["calls"], "bound": found["bound"]},
    )


def _runaway(evidence: Evidence, found: dict[str, Any]) -> Finding:
    where = (
        f"{_scope(found)} AND {CUT} AND output > {RUNS_ON * found['middle']}"
        f" AND output > {found['cap']} AND {evidence.purpose} = {quoted(found['purpose'])}"
    )
    return Finding(
        rule=RULE.name,
        subject=_about(evidence, found)
        + (f", {found['purpose']}" if found["purpose"] else "")
        + ", answers that run on",
        saving_nusd=found["cost"],
        confidence="strong",
        what=f"{count(found['calls'])} of {count(found['usual_calls'])} answers ran on until"
        f" their limit, more than {RUNS_ON} times the usual {count(found['middle'])} tokens."
        f" With max_tokens at {count(found['cap'])}, twice the longest usual answer, they would"
        f" have cost {usd(found['cost'])} less.",
        change=f"At the caller: max_tokens = {found['cap']}, and a stop sequence or a format"
        " for the answer, so that it knows where to end.",
        where=where,
        scope=_scope(found),
        rows=found["calls"],
        figures={name: found[name] for name in ("calls", "usual_calls", "middle", "cap")},
    )


def _thought(evidence: Evidence, found: dict[str, Any]) -> Finding:
    thought = share(found["thought"], found["output"])
    return Finding(
        rule=RULE.name,
        subject=_about(evidence, found) + ", thinking",
        saving_nusd=found["cost"],
        confidence="hypothesis",
        what=f"{thought} of the output of {count(found['calls'])} calls was reasoning."
        f" Half as much of it would have cost {usd(found['cost'])} less.",
        change="At the caller: a lower effort (output_config.effort or reasoning_effort), or a"
        " smaller thinking budget.",
        where=f"{_scope(found)} AND reasoning_of_output > 0",
        scope=_scope(found),
        rows=found["calls"],
        needs="answers of both efforts to the same prompts, judged: 1,237 pairs show that one"
        " point less would have been seen",
        figures={name: found[name] for name in ("calls", "output", "thought")},
    )


def fires_on() -> list[dict[str, Any]]:
    """Eight answers of two hundred run on until a limit; six more are cut and asked again."""
    rows = [_row(n, 300 + n % 50) for n in range(200)]
    rows += [_row(300 + n, 32_000, max_output=32_000) for n in range(8)]
    rows += [_row(400 + 2 * n, 1_000, key="k_cut", max_output=1_000) for n in range(6)]
    again = [_row(401 + 2 * n, 2_600, key="k_cut", max_output=8_000) for n in range(6)]
    return rows + [row | {"chain": [5, 9_400 + 2 * n]} for n, row in enumerate(again)]


def silent_on() -> list[dict[str, Any]]:
    """Long answers that end by themselves, and bounds that are reached but not by far."""
    long = [_row(n, 300 if n % 10 else 9_000, max_output=16_000) for n in range(200)]
    return long + [_row(300 + n, 1_000, max_output=1_000, key="k_fit") for n in range(100)]


def _row(n: int, output: int, *, key: str = "k_app", max_output: int = 0) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + n * 60_000_000,
        "key_id": key,
        "input_fresh": 1_500,
        "output": output,
        "max_output": max_output,
        "chain": [5, 9_000 + n],
        "cover": [4_000, 6_000],
        "opening": "system",
    }


RULE = Rule(
    name="oversized_outputs",
    title="Output that was not needed",
    needs=frozenset({PER_CALL}),
    judge=judge,
    fires_on=fires_on,
    silent_on=silent_on,
)
