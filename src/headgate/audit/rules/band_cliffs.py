"""Prompts just above a length from which every token of a request costs more.

Rule 1: only prompts within a quarter above the start of a band are within reach of trimming;
what lies further above is counted, and not claimed.
Rule 2: what a prompt would have cost below is its own lines at the lower band's prices, so that
discounts and surcharges stay as they were.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from headgate.audit.about import (
    ASKED,
    OF_PROJECT,
    TOKENS,
    called,
    caller,
    count,
    least_nusd,
    matching,
    share,
    usd,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.ledger.book.columns import PER_CALL
from headgate.money.pricing import CLASSES, Band
from headgate.wire.model import STANDARD

REACH = 1.25
LEAST_CALLS = 5

_LONG = f"""
SELECT provider, model_sent, CAST(max({TOKENS}) AS BIGINT) AS longest FROM book
WHERE {{rows}} GROUP BY ALL ORDER BY ALL
"""
_ABOVE = f"""
SELECT key_id, of_project, count(*) FILTER (near) AS calls, count(*) FILTER (NOT near) AS far,
  coalesce(CAST(round(avg(size) FILTER (near)) AS BIGINT), 0) AS size,
  coalesce(CAST(sum(cost_nusd) FILTER (near) AS BIGINT), 0) AS cost,
  coalesce(CAST(sum(cost_nusd - search_nusd - output_nusd * {{output}}
    - {{above}} / size * (input_nusd * {{input}} + cache_read_nusd * {{read}}
    + cache_write_nusd * {{write}})) FILTER (near) AS BIGINT), 0) AS saving
FROM (SELECT *, {OF_PROJECT} AS of_project, {TOKENS} AS size, {TOKENS} <= {{most}} AS near
      FROM book
      WHERE {{rows}} AND {{whose}} AND {TOKENS} > {{above}} AND {TOKENS} <= {{next}})
GROUP BY ALL ORDER BY saving DESC, key_id, of_project
"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    rows = f"{ASKED} AND cost_nusd > 0 AND {evidence.able(RULE.needs)}"
    least = least_nusd(evidence)
    for provider, model, longest in evidence.book.rows(_LONG.format(rows=rows)):
        bands = evidence.rates(provider, model, evidence.until_us - 1).table(STANDARD).bands
        higher = 2**40
        for band, lower in itertools.pairwise(bands):
            if longest > band.above:
                whose = matching(provider=provider, model_sent=model)
                text = _asked(band, lower, higher, rows, whose)
                for found in evidence.book.records(text):
                    if found["saving"] >= least and found["calls"] >= LEAST_CALLS:
                        yield _finding(evidence, found | {"model": model}, band, whose)
            higher = band.above


def _asked(band: Band, lower: Band, higher: int, rows: str, whose: str) -> str:
    part = {
        name: below / own if own else 1.0
        for name, own, below in zip(CLASSES, band.rates, lower.rates, strict=True)
    }
    return _ABOVE.format(
        rows=rows,
        whose=whose,
        above=band.above,
        most=int(band.above * REACH),
        next=higher,
        input=part["input"],
        read=part["cache_read"],
        write=part["cache_write_5m"],
        output=part["output"],
    )


def _finding(evidence: Evidence, found: dict[str, Any], band: Band, whose: str) -> Finding:
    scope = f"{whose} AND {matching(**caller(found))} AND {ASKED}"
    over = found["size"] - band.above
    far = (
        f" {count(found['far'])} more are too far above it to be trimmed."
        if found["far"]
        else ""
    )
    return Finding(
        rule=RULE.name,
        subject=called(evidence, found, model=found["model"]) + f", above {count(band.above)}",
        saving_nusd=found["saving"],
        confidence="strong",
        what=f"{count(found['calls'])} prompts of on average {count(found['size'])} tokens were"
        f" just above {count(band.above)}, where every token of {found['model']} costs more."
        f" Trimmed by {share(over, found['size'])} to below it they would have cost"
        f" {usd(found['saving'])} less than {usd(found['cost'])}.{far}",
        change=f"At the caller: keep the prompt at {count(band.above)} tokens or fewer, cache"
        " reads included: fewer retrieved passages, older turns summarised. Count before"
        " sending: POST /v1/messages/count_tokens costs nothing.",
        where=f"{scope} AND {TOKENS} > {band.above} AND {TOKENS} <= {int(band.above * REACH)}",
        scope=scope,
        rows=found["calls"],
        figures={name: found[name] for name in ("calls", "far", "size", "cost")}
        | {"above": band.above},
    )


def fires_on() -> list[dict[str, Any]]:
    """Prompts of 104,000 tokens where 100,000 are a fifth of the price."""
    return [_row(n, 104_000 + n) for n in range(30)]


def silent_on() -> list[dict[str, Any]]:
    """Just below, and far above."""
    return [_row(n, 99_900) for n in range(30)] + [_row(n, 160_000) for n in range(30)]


def _row(n: int, size: int) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + n * 600_000_000,
        "key_id": "k_docs",
        "model_sent": "claude-haiku-5-5",
        "input_fresh": size,
        "output": 500,
    }


RULE = Rule(
    name="band_cliffs",
    title="Prompts just above a price band",
    needs=frozenset({PER_CALL}),
    judge=judge,
    fires_on=fires_on,
    silent_on=silent_on,
)
