"""Lays out the book's rows as a prompt cache sees them: whose prompt, which part of it, what
each part cost, and which rows are judged together.

Rule 1: a prompt is its head (tools and system prompt, shared by whoever sends the same) and its
turns (shared by the calls of one conversation). What a part cost is what was paid for its
tokens in their order: first those read, then those written, then the rest.
Rule 2: rows are judged by caller, model and head; the heads of one caller that cost little are
judged as one.
Rule 3: heads of one length that differ with every call are one head that something spoils.
Rule 4: all tables lie in the audit's own DuckDB and are made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from headgate.audit.about import matching
from headgate.audit.evidence import Evidence
from headgate.ledger.book.columns import CACHE, PER_CALL, TOKENS_IN, TOKENS_WRITTEN
from headgate.money.pricing import Rates
from headgate.policy import cacheprice
from headgate.policy.promptcache import DEFAULT_MINIMUM

DAY_US = 86_400_000_000
OWN_HEADS, OWN_SHARE = 200, 0.002
"""so many heads at most are judged alone, if they cost that share of all input"""
SPOILT_CALLS, SPOILT_SHARE, SPOILT_SPREAD = 20, 0.5, 0.01
"""from how many calls on, how many of them with a head of their own, and how much its length
may vary, for a head to count as spoilt"""
SAMPLE_TOKENS = 10_000
"""proportions of prices are those of a request of that size"""
NEEDS = frozenset((PER_CALL, CACHE))

TABLES = (
    *("audit_laid", "audit_price", "audit_who", "audit_spoilt", "audit_own", "audit_unit"),
    "audit_sums",
)
WHOSE = ("source", "provider", "credential", "model_sent", "key_id", "project")
"""who calls what, as columns of the book"""
_WHOSE = ", ".join(WHOSE)
_BUCKET = "CASE WHEN head_bytes > 0 THEN floor(ln(head_bytes) * 10)::INTEGER ELSE -1 END"
"""lengths within a tenth of each other"""


class Whose(NamedTuple):
    """Rows that are judged together."""

    number: int
    source: str
    provider: str
    credential: str
    model: str
    key_id: str
    project: str
    head: int | None
    """None: heads that are judged together, or that are not known"""
    tools: int | None
    """of a head that something spoils: the tools offered, and how long it is; else None"""
    least_bytes: int | None
    most_bytes: int | None

    @property
    def is_spoilt(self) -> bool:
        return self.tools is not None


def lay_out(evidence: Evidence) -> None:
    """Make the tables, unless they are there: audit_price by day, audit_unit, and the view
    audit_asked, a row for each call with what its parts cost."""
    window = (evidence.since_us, evidence.until_us)
    if _laid(evidence) == window:
        return
    for table in TABLES:
        evidence.book.rows(f"DROP TABLE IF EXISTS {table}")
    evidence.book.rows("DROP VIEW IF EXISTS audit_asked")
    evidence.say("what caches cost on each day")
    _lay_prices(evidence)
    evidence.say("who sends which prompts")
    _lay_units(evidence)
    _lay_rows(evidence)
    evidence.book.rows("CREATE TEMP TABLE audit_laid AS SELECT ?, ?", window)


def whose(evidence: Evidence) -> list[Whose]:
    """All that are judged together, by their numbers from 0 on."""
    lay_out(evidence)
    rows = evidence.book.rows(
        f"SELECT unit, {_WHOSE}, head, tools, least_bytes, most_bytes"
        " FROM audit_unit JOIN audit_who USING (who) ORDER BY unit"
    )
    return [Whose(*row) for row in rows]


def scope(it: Whose) -> str:
    """SQL: everything that the same caller asks of the same model, whatever the prompt."""
    return matching(**dict(zip(WHOSE, it[1:7], strict=True)))


def where(it: Whose, units: Sequence[Whose]) -> str:
    """SQL over the view `book` that finds their rows."""
    said = [scope(it)]
    if it.is_spoilt:
        said += [_spoilt(it)]
    elif it.head is not None:
        said += [f"head = {it.head}"]
    else:
        beside = [other for other in units if other[1:7] == it[1:7] and other is not it]
        heads = ", ".join(str(other.head) for other in beside if other.head is not None)
        said += [f"head NOT IN ({heads})"] if heads else []
        said += [f"NOT ({_spoilt(other)})" for other in beside if other.is_spoilt]
    return " AND ".join(said)


def _spoilt(it: Whose) -> str:
    lengths = f"head_bytes BETWEEN {it.least_bytes} AND {it.most_bytes}"
    return f"tools_offered = {it.tools} AND {lengths}"


def rates_of(evidence: Evidence, provider: str, model: str, at_us: int) -> Rates:
    """The prices of that day; where the operator's name of a provider has none, its maker's."""
    found = evidence.rates(provider, model, at_us)
    if found.priced_by in ("catalog", "override", "free"):
        return found
    return evidence.rates("", model, at_us)


def _laid(evidence: Evidence) -> tuple[int, int] | None:
    """The window that the tables are of; a part of it may be looked at meanwhile."""
    if not evidence.book.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'audit_laid'"):
        return None
    since, until = evidence.book.one("SELECT * FROM audit_laid")
    return int(since), int(until)


def _lay_prices(evidence: Evidence) -> None:
    found = evidence.book.rows(
        f"SELECT DISTINCT provider, model_sent, at_us // {DAY_US} FROM book"
        f" WHERE {judged(evidence)}"
    )
    columns: list[list[Any]] = [[] for _ in range(7)]
    for provider, model, day in found:
        rates = rates_of(evidence, provider, model, day * DAY_US + DAY_US // 2)
        worth = cacheprice.worth(rates, SAMPLE_TOKENS)
        if worth is None:
            continue
        least = rates.cache_minimum or DEFAULT_MINIMUM
        row = (provider, model, day, least, worth.read, worth.write_5m, worth.write_1h)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    kinds = ("VARCHAR", "VARCHAR", "BIGINT", "BIGINT", "DOUBLE", "DOUBLE", "DOUBLE")
    names = ("provider", "model", "day", "least", "read", "write_5m", "write_1h")
    lists = ", ".join(
        f"unnest(CAST(? AS {kind}[])) AS {name}"
        for kind, name in zip(kinds, names, strict=True)
    )
    evidence.book.rows(f"CREATE TEMP TABLE audit_price AS SELECT {lists}", columns)


def judged(evidence: Evidence) -> str:
    """SQL over the view `book`: the rows whose use of a cache can be judged."""
    return (
        f"{evidence.able(NEEDS)} AND span_us = 0 AND calls = 1 AND uncached_nusd > 0"
        " AND answered_from = '' AND tier <> 'batch'"
    )


def _lay_units(evidence: Evidence) -> None:
    ask = evidence.book.rows
    rows = judged(evidence)
    ask(
        "CREATE TEMP TABLE audit_who AS SELECT row_number() OVER ()::INTEGER AS who, * FROM"
        f" (SELECT {_WHOSE}, sum(uncached_nusd) AS nusd FROM book WHERE {rows} GROUP BY ALL)"
    )
    of_who = f"FROM book JOIN audit_who USING ({_WHOSE}) WHERE {rows} AND head <> 0"
    ask(
        "CREATE TEMP TABLE audit_spoilt AS"
        f" SELECT who, tools_offered AS tools, {_BUCKET} AS bucket,"
        " min(head_bytes) AS least_bytes, max(head_bytes) AS most_bytes"
        f" {of_who} GROUP BY ALL HAVING count(*) >= {SPOILT_CALLS}"
        f" AND approx_count_distinct(head) >= {SPOILT_SHARE} * count(*)"
        f" AND stddev_pop(head_bytes) <= {SPOILT_SPREAD} * avg(head_bytes)"
    )
    ask(
        "CREATE TEMP TABLE audit_own AS"
        f" SELECT who, head, sum(uncached_nusd) AS nusd {of_who}"
        f" AND (who, tools_offered, {_BUCKET}) NOT IN"
        " (SELECT (who, tools, bucket) FROM audit_spoilt) GROUP BY ALL"
        f" HAVING nusd >= {OWN_SHARE} * (SELECT sum(nusd) FROM audit_who)"
        f" ORDER BY nusd DESC, head LIMIT {OWN_HEADS}"
    )
    ask(
        "CREATE TEMP TABLE audit_unit AS SELECT (row_number() OVER () - 1)::INTEGER AS unit, *"
        " FROM (SELECT who, NULL::UBIGINT AS head, tools, bucket, least_bytes, most_bytes"
        " FROM audit_spoilt UNION ALL SELECT who, head, NULL, NULL, NULL, NULL FROM audit_own"
        " UNION ALL SELECT who, NULL, NULL, NULL, NULL, NULL FROM audit_who)"
    )


_PARTS = f"""
  SELECT id, u.who AS who, at_us, at_us + greatest(ttft_us, 0) AS ready_us, session, agent,
    {TOKENS_IN} AS tokens, cache_read AS got, {TOKENS_WRITTEN} AS put,
    cache_write_1h AS put_1h, uncached_nusd AS plain, provider, model_sent AS model,
    input_nusd + cache_read_nusd + cache_write_nusd AS paid, cache_read_nusd AS got_nusd,
    cache_write_nusd AS put_nusd, tools_offered, head, {_BUCKET} AS bucket,
    CASE WHEN head <> 0 AND len(cover) > 0 AND cover[-1] > 0
      THEN ({TOKENS_IN}) * least(1.0, head_bytes / cover[-1]) ELSE 0 END AS in_head,
    CASE WHEN len(chain) > 1 THEN chain[-1] END AS tail, chain[-2:-4:-1] AS ends
  FROM book JOIN audit_who u USING ({_WHOSE}) WHERE
"""


def _lay_rows(evidence: Evidence) -> None:
    """Where a head is shorter than what its model caches, it is part of the turns."""
    evidence.book.rows(
        "CREATE TEMP VIEW audit_asked AS"
        " SELECT coalesce(s.unit, o.unit, r.unit) AS unit, p.* EXCLUDE (in_head, head),"
        " CASE WHEN in_head >= least THEN in_head ELSE 0 END AS head_tokens,"
        " CASE WHEN s.unit IS NOT NULL THEN hash(s.unit)"
        " ELSE hash(p.provider, w.credential, p.model, p.head) END AS head_id,"
        " day, least, read, write_5m, write_1h"
        f" FROM ({_PARTS} {judged(evidence)}) p JOIN audit_who w USING (who)"
        " JOIN audit_price c ON c.provider = p.provider AND c.model = p.model"
        f" AND c.day = p.at_us // {DAY_US}"
        " LEFT JOIN audit_unit s ON s.who = p.who AND s.tools = p.tools_offered"
        " AND s.bucket = p.bucket AND p.head <> 0"
        " LEFT JOIN audit_unit o ON o.who = p.who AND o.head = p.head"
        " JOIN audit_unit r ON r.who = p.who AND r.head IS NULL AND r.tools IS NULL"
    )
