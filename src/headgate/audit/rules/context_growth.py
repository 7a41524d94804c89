"""Conversations whose input grows with every turn far beyond what those of the same key usually
reach: each turn pays for all before it, so that the cost grows with the square of the turns.

Rule 1: what is usual is the key's own: the median of its conversations. Without ten of them, or
where all of them are long, the bound is a fixed one, and the finding a hypothesis.
Rule 2: compaction is not free: each time the whole context is read once more, a summary is
written, and what is left is written to the cache anew.
Rule 3: what is left out was the oldest, so that it counts at the price of cache reads first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.audit.about import (
    ASKED,
    INPUT_NUSD,
    OF_PROJECT,
    TOKENS,
    called,
    caller,
    count,
    least_nusd,
    matching,
    several,
    share,
    usd,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.ledger.book.columns import PER_CALL, SESSIONS, TOKENS_WRITTEN

LEAST_BOUND = 20_000
FIXED_BOUND = 100_000
SUMMARY = 2_000
"""tokens that a compaction writes and keeps"""
TURNS, KNOWN, OVER = 10, 10, 3
"""calls of a conversation that grew; conversations that make a usual; times the median"""

_WHOSE = "key_id, of_project, session, agent"
_ROWS = f"(SELECT *, {OF_PROJECT} AS of_project FROM book) AS book"
_SESSIONS = f"""
CREATE OR REPLACE TEMP TABLE grown AS
WITH each AS (
  SELECT {_WHOSE}, count(*) AS turns, max({TOKENS}) AS peak, sum(cost_nusd) AS spent
  FROM {_ROWS} WHERE {{rows}} GROUP BY ALL HAVING count(*) >= {TURNS} // 2),
usual AS (
  SELECT key_id, of_project, count(*) AS known, median(peak) AS peak, median(spent) AS spent
  FROM each GROUP BY ALL),
bound AS (
  SELECT *, known >= {KNOWN} AND 1.5 * peak < {FIXED_BOUND} AS own,
    CASE WHEN own THEN greatest({LEAST_BOUND}, CAST(1.5 * peak AS BIGINT))
    ELSE {FIXED_BOUND} END AS most
  FROM usual),
long AS (
  SELECT each.*, own, most FROM each JOIN bound USING (key_id, of_project)
  WHERE turns >= {TURNS} AND each.peak > most
    AND (NOT own OR each.spent > {OVER} * bound.spent)),
shape AS (
  SELECT {_WHOSE}, arg_min({TOKENS}, at_us) AS first,
    coalesce(corr(at_us, {TOKENS}), 0) AS rising
  FROM {_ROWS} SEMI JOIN long USING ({_WHOSE}) WHERE {{rows}} GROUP BY ALL)
SELECT long.*, first, first + {SUMMARY} AS left_over FROM long JOIN shape USING ({_WHOSE})
WHERE rising >= 0.7 AND peak > {OVER} * first AND most > 2 * (first + {SUMMARY})
"""
_CUT = f"""
WITH turn AS (
  SELECT grown.*, cache_read, cache_read_nusd, {INPUT_NUSD} AS paid, {TOKENS} AS size,
    output, output_nusd, {TOKENS_WRITTEN} AS written, cache_write_nusd,
    CASE WHEN {TOKENS} > most
    THEN {TOKENS} - left_over - ({TOKENS} - left_over) % (most - left_over) ELSE 0 END AS beyond
  FROM {_ROWS} JOIN grown USING ({_WHOSE}) WHERE {{rows}}),
talk AS (
  SELECT {_WHOSE}, any_value(own) AS own, any_value(most) AS most, any_value(turns) AS turns,
    any_value(peak) AS peak, any_value(spent) AS spent, count(*) FILTER (beyond > 0) AS longer,
    (any_value(peak) - any_value(left_over))
      // (any_value(most) - any_value(left_over)) AS times,
    sum(least(beyond, cache_read) * cache_read_nusd / greatest(cache_read, 1)
      + greatest(beyond - cache_read, 0) * (paid - cache_read_nusd)
      / greatest(size - cache_read, 1)) AS saved,
    any_value(most) * sum(paid) / greatest(sum(size), 1)
      + {SUMMARY} * sum(output_nusd) / greatest(sum(output), 1)
      + any_value(left_over) * (sum(cache_write_nusd) + sum(paid) - sum(cache_read_nusd)
      - sum(cache_write_nusd)) / greatest(sum(size) - sum(cache_read), 1) AS price
  FROM turn GROUP BY ALL)
SELECT key_id, of_project, own, most, count(*) AS sessions, CAST(sum(turns) AS BIGINT) AS calls,
  CAST(max(peak) AS BIGINT) AS peak, CAST(sum(spent) AS BIGINT) AS spent,
  CAST(sum(saved - times * price) AS BIGINT) AS saving,
  CAST(sum(longer) AS BIGINT) AS longer, list(session ORDER BY spent DESC, session)[:5] AS names
FROM talk WHERE saved > times * price GROUP BY ALL ORDER BY saving DESC, key_id, of_project
"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    rows = f"{ASKED} AND session <> '' AND {evidence.able(RULE.needs)}"
    least = least_nusd(evidence)
    evidence.book.rows(_SESSIONS.format(rows=rows))
    for found in evidence.book.records(_CUT.format(rows=rows)):
        if found["saving"] >= least:
            yield _finding(evidence, found)
    evidence.book.rows("DROP TABLE grown")


def _finding(evidence: Evidence, found: dict[str, Any]) -> Finding:
    scope = f"{matching(**caller(found))} AND session <> '' AND {ASKED}"
    usual = (
        "one and a half times what conversations there usually reach"
        if found["own"]
        else "a fixed bound, for want of a usual"
    )
    return Finding(
        rule=RULE.name,
        subject=called(evidence, found),
        saving_nusd=found["saving"],
        confidence="strong" if found["own"] else "hypothesis",
        what=f"{several(found['sessions'], 'conversation')} grew to up to"
        f" {count(found['peak'])} tokens of input and cost {usd(found['spent'])}."
        f" Compacted at {count(found['most'])} tokens ({usual}) they would have cost"
        f" {share(found['saving'], found['spent'])} less, the summaries paid for.",
        change=_change(found["most"]),
        # not by their names: rows are found by what is wrong with them, however many they are
        where=f"{scope} AND {TOKENS} > {found['most']}",
        scope=scope,
        rows=found["longer"],
        needs="" if found["own"] else "ten conversations there that stay below the bound",
        figures={name: found[name] for name in ("sessions", "peak", "most", "spent")}
        | {"dearest": found["names"]},
    )


def _change(most: int) -> str:
    return (
        f"Compact at {most:,} tokens: in Claude Code /compact, or /clear between two errands;"
        " in a loop of your own summarise the oldest turns once the input is that long."
        " Headgate stops a conversation that costs too much:\n"
        "[loops]\nsession_usd = 5"
    )


def fires_on() -> list[dict[str, Any]]:
    """Two conversations of twenty grow to nine times what the others reach."""
    return [row for talk in range(20) for row in _talk(talk, 120 if talk < 2 else 12)]


def silent_on() -> list[dict[str, Any]]:
    """All grow, and none beyond what the others reach; one is long but does not grow."""
    rows = [row for talk in range(20) for row in _talk(talk, 12 + talk % 5)]
    return rows + [row | {"cache_read": 4_000} for row in _talk(99, 100)]


def _talk(talk: int, turns: int) -> list[dict[str, Any]]:
    start = 1_793_577_600_000_000 + talk * 7_200_000_000
    return [
        {
            "at_us": start + turn * 30_000_000,
            "key_id": "k_agent",
            "session": f"talk-{talk}",
            "input_fresh": 20,
            "cache_read": 4_000 + turn * 1_500 if turn else 0,
            "cache_write_5m": 1_480 if turn else 5_500,
            "output": 250,
        }
        for turn in range(turns)
    ]


RULE = Rule(
    name="context_growth",
    title="Conversations that carry too much",
    needs=frozenset({PER_CALL, SESSIONS}),
    judge=judge,
    fires_on=fires_on,
    silent_on=silent_on,
)
