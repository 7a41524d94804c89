"""Definitions of tools that are carried in every request and that no answer ever calls.

Rule 1: a set of tools is known by the hash of the request's first part; it is idle when none of
at least fifty answers called any of it.
Rule 2: tools come first in a prompt: what was read from a cache were they before anything else,
so that they cost what a read costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.audit.about import (
    ANSWERED,
    ASKED,
    INPUT_NUSD,
    TOKENS,
    count,
    least_nusd,
    matching,
    subject,
    usd,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.ledger.book.columns import HEADS, PER_CALL, TOKENS_WRITTEN, TOOLS

LEAST_CALLS = 50
ROWS = f"{ASKED} AND tools_offered > 0 AND len(chain) > 1 AND starts_with(opening, 'tools')"

_IDLE = f"""
WITH carried AS (
  SELECT key_id, provider, model_sent, chain[1] AS tools, tools_offered, cover[1] AS bytes,
    {TOKENS} * cover[1] / greatest(cover[-1], 1) AS size, {TOKENS} AS whole, cache_read,
    cache_read_nusd, {TOKENS_WRITTEN} AS written, cache_write_nusd, {INPUT_NUSD} AS paid
  FROM book WHERE {{rows}}
    AND chain[1] IN (
      SELECT chain[1] FROM book WHERE {{rows}}
      GROUP BY chain[1] HAVING max(tools_called) = 0 AND count(*) >= {LEAST_CALLS})),
priced AS (
  SELECT *, least(size, cache_read) * cache_read_nusd / greatest(cache_read, 1)
    + least(greatest(size - cache_read, 0), written) * cache_write_nusd / greatest(written, 1)
    + greatest(size - cache_read - written, 0)
      * (paid - cache_read_nusd - cache_write_nusd)
      / greatest(whole - cache_read - written, 1) AS cost
  FROM carried)
SELECT key_id, provider, tools, max(tools_offered) AS offered, max(bytes) AS bytes,
  count(*) AS calls, CAST(round(avg(size)) AS BIGINT) AS size,
  CAST(sum(cost) AS BIGINT) AS cost, CAST(sum(paid) AS BIGINT) AS paid
FROM priced GROUP BY ALL HAVING count(*) >= {LEAST_CALLS} ORDER BY cost DESC, key_id, tools
"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    rows = f"{ROWS} AND {ANSWERED} AND {evidence.able(RULE.needs)}"
    least = least_nusd(evidence)
    for found in evidence.book.records(_IDLE.format(rows=rows)):
        if found["cost"] >= least:
            yield _finding(evidence, found)


def _finding(evidence: Evidence, found: dict[str, Any]) -> Finding:
    whose = matching(key_id=found["key_id"], provider=found["provider"])
    name = f"{found['tools']:016x}"
    return Finding(
        rule=RULE.name,
        subject=subject(evidence, key_id=found["key_id"]) + f", tools {name[:8]}",
        saving_nusd=found["cost"],
        confidence="strong",
        what=f"{count(found['offered'])} tools, about {count(found['size'])} tokens, were sent"
        f" with {count(found['calls'])} calls and none was ever called: {usd(found['cost'])}"
        f" of the {usd(found['paid'])} that the input of these calls cost.",
        change="At the caller: leave these tools out where they are not called, or load them on"
        " demand (defer_loading with a tool search tool; in Claude Code switch off the MCP"
        f" servers that bring them: claude mcp list). Which calls:\n"
        f"headgate report tools --json  # tools {name}",
        where=f"{whose} AND {ROWS} AND chain[1] = {found['tools']}",
        scope=f"{whose} AND {ASKED}",
        rows=found["calls"],
        figures={key: found[key] for key in ("offered", "bytes", "calls", "size", "paid")}
        | {"tools": name},
    )


def fires_on() -> list[dict[str, Any]]:
    """Eight tools in every request of a key that only ever talks."""
    return [_row(n, called=0) for n in range(120)]


def silent_on() -> list[dict[str, Any]]:
    """Called once in forty times; and a set that was sent too seldom to tell."""
    seldom = [_row(n, called=0) | {"chain": [55, 6, 7_000 + n]} for n in range(30)]
    return seldom + [_row(n, called=int(n % 40 == 3)) for n in range(120)]


def _row(n: int, *, called: int) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + n * 60_000_000,
        "key_id": "k_talk",
        "input_fresh": 6_000,
        "output": 200,
        "tools_offered": 8,
        "tools_called": called,
        "opening": "tools,system",
        "chain": [44, 5, 6_000 + n],
        "cover": [12_000, 16_000, 24_000],
    }


RULE = Rule(
    name="idle_tools",
    title="Tools that are carried and never called",
    needs=frozenset({PER_CALL, HEADS, TOOLS}),
    judge=judge,
    fires_on=fires_on,
    silent_on=silent_on,
)
