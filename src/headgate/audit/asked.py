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

from collections.abc import Iterable, Sequence
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
    *("audit_heads", "audit_sums"),
)
WHOSE = ("source", "provider", "credential", "model_sent", "key_id", "project")
"""who calls what, as columns of the book"""
_WHOSE = ", ".join(WHOSE)
_BUCKET = "CASE WHEN head_bytes > 0 THEN floor(ln(head_bytes) * 10)::INTEGER ELSE -1 END"
"""lengths within a tenth of each other"""


class Whose(NamedTuple):
    """Rows that are judged together."""

    number: int
    who: int
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
    _lay_who(evidence)
    evidence.say("who sends which prompts")
    _lay_units(evidence)
    _lay_rows(evidence)
    evidence.book.rows(
        "CREATE TEMP TABLE audit_laid AS SELECT ? AS since_us, ? AS until_us,"
        " coalesce(min(at_us), 0) AS first_us, coalesce(max(at_us), 0) AS last_us FROM book",
        window,
    )


def whose(evidence: Evidence) -> list[Whose]:
    """All that are judged together, by their numbers from 0 on."""
    lay_out(evidence)
    rows = evidence.book.rows(
        f"SELECT unit, who, {_WHOSE}, head, tools, least_bytes, most_bytes"
        " FROM audit_unit JOIN audit_who USING (who) ORDER BY unit"
    )
    return [Whose(*row) for row in rows]


def scope(it: Whose) -> str:
    """SQL: everything that the same caller asks of the same model, whatever the prompt."""
    return matching(**dict(zip(WHOSE, it[2:8], strict=True)))


def where(it: Whose, units: Sequence[Whose]) -> str:
    """SQL over the view `book` that finds their rows."""
    said = [scope(it)]
    if it.is_spoilt:
        said += [_spoilt(it)]
    elif it.head is not None:
        said += [f"head = {it.head}"]
    else:
        beside = [other for other in units if other.who == it.who and other is not it]
        heads = ", ".join(str(other.head) for other in beside if other.head is not None)
        said += [f"head NOT IN ({heads})"] if heads else []
        said += [f"NOT ({_spoilt(other)})" for other in beside if other.is_spoilt]
    return " AND ".join(said)


def _spoilt(it: Whose) -> str:
    lengths = f"head_bytes >= {it.least_bytes} AND head_bytes <= {it.most_bytes}"
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
    since, until = evidence.book.one("SELECT since_us, until_us FROM audit_laid")
    return int(since), int(until)


def judged(evidence: Evidence) -> str:
    """SQL over the view `book`: the rows whose use of a cache can be judged."""
    return (
        f"{evidence.able(NEEDS)} AND span_us = 0 AND calls = 1 AND uncached_nusd > 0"
        " AND answered_from = '' AND tier <> 'batch'"
    )


def _lay_who(evidence: Evidence) -> None:
    """Who calls what, from how many tokens on its model caches, and its prices on each day."""
    ask = evidence.book.rows
    found = ask(
        f"SELECT {_WHOSE}, at_us // {DAY_US}, sum(uncached_nusd), count(*), min(at_us),"
        f" max(at_us) FROM book"
        f" WHERE {judged(evidence)} GROUP BY ALL ORDER BY ALL"
    )
    who: dict[tuple[str, ...], list[Any]] = {}
    prices: list[tuple[Any, ...]] = []
    for *whose, day, nusd, rows, first, last in found:
        rates = rates_of(evidence, whose[1], whose[3], day * DAY_US + DAY_US // 2)
        worth = cacheprice.worth(rates, SAMPLE_TOKENS)
        if worth is None:
            continue
        least = rates.cache_minimum or DEFAULT_MINIMUM
        plain = [len(who), *whose, least, is_marked(whose[3]), 0, 0, first, last]
        row = who.setdefault(tuple(whose), plain)
        row[-4:] = row[-4] + nusd, row[-3] + rows, min(row[-2], first), max(row[-1], last)
        prices.append((row[0], day, worth.read, worth.write_5m, worth.write_1h))
    texts = [f"{name} VARCHAR" for name in WHOSE]
    others = ["least INTEGER", "is_marked BOOLEAN", "nusd DOUBLE", "rows BIGINT"]
    others += ["first_us BIGINT", "last_us BIGINT"]
    lay(evidence, "audit_who", ["who INTEGER", *texts, *others], who.values())
    ask("ALTER TABLE audit_who ADD COLUMN house UBIGINT")
    ask("UPDATE audit_who SET house = hash(provider, credential, model_sent)")
    factors = [f"{name} DOUBLE" for name in ("read", "write_5m", "write_1h")]
    lay(evidence, "audit_price", ["who INTEGER", "day INTEGER", *factors], prices)


def is_marked(model: str) -> bool:
    """Does its vendor cache only what is marked?"""
    return "claude" in model.lower()


def lay(
    evidence: Evidence, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Make a table of rows that are here."""
    ask = evidence.book.rows
    ask(f"CREATE TEMP TABLE {table} ({', '.join(columns)})")
    values = [list(column) for column in zip(*rows, strict=True)]
    if values:
        kinds = [column.split()[1] for column in columns]
        lists = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind in kinds)
        ask(f"INSERT INTO {table} SELECT {lists}", values)


def _lay_units(evidence: Evidence) -> None:
    ask = evidence.book.rows
    of_who = f"FROM book JOIN audit_who USING ({_WHOSE}) WHERE {judged(evidence)} AND head <> 0"
    ask(
        "CREATE TEMP TABLE audit_heads AS SELECT who, head, tools_offered AS tools,"
        " count(*) AS calls, sum(uncached_nusd) AS nusd, min(head_bytes) AS least_bytes,"
        f" max(head_bytes) AS most_bytes, any_value({_BUCKET}) AS bucket,"
        f" any_value(head_bytes) AS bytes {of_who} GROUP BY who, head, tools"
    )
    ask(
        "CREATE TEMP TABLE audit_spoilt AS SELECT who, tools, bucket,"
        " min(least_bytes) AS least_bytes, max(most_bytes) AS most_bytes FROM audit_heads"
        f" GROUP BY ALL HAVING sum(calls) >= {SPOILT_CALLS}"
        f" AND count(*) >= {SPOILT_SHARE} * sum(calls)"
        f" AND stddev_pop(bytes) <= {SPOILT_SPREAD} * avg(bytes)"
    )
    ask(
        "CREATE TEMP TABLE audit_own AS SELECT who, head, sum(nusd) AS nusd FROM audit_heads"
        " WHERE (who, tools, bucket) NOT IN (SELECT (who, tools, bucket) FROM audit_spoilt)"
        f" GROUP BY ALL HAVING sum(nusd) >= {OWN_SHARE} * (SELECT sum(nusd) FROM audit_who)"
        f" ORDER BY 3 DESC, head LIMIT {OWN_HEADS}"
    )
    ask("DROP TABLE audit_heads")
    # Those of callers come first: their numbers are the callers' own.
    ask(
        "CREATE TEMP TABLE audit_unit AS SELECT (row_number() OVER () - 1)::INTEGER AS unit, *"
        " FROM (SELECT who, NULL::UBIGINT AS head, NULL::BIGINT AS tools,"
        " NULL::INTEGER AS bucket, NULL::BIGINT AS least_bytes, NULL::BIGINT AS most_bytes"
        " FROM audit_who UNION ALL SELECT who, NULL, tools, bucket, least_bytes, most_bytes"
        " FROM audit_spoilt UNION ALL SELECT who, head, NULL, NULL, NULL, NULL FROM audit_own"
        " ORDER BY head NULLS FIRST, tools NULLS FIRST, who, bucket)"
    )


_HEAD = "size * least(1.0, head_bytes / covered)"
PARTS = f"""
  SELECT id, who, house, least, is_marked, at_us, at_us + greatest(ttft_us, 0) AS ready_us,
    at_us >= (first_us + last_us + 1) // 2 AS half,
    session, agent, head, tools_offered, {_BUCKET} AS bucket, cache_plan,
    size AS tokens, cache_read::INTEGER AS got,
    ({TOKENS_WRITTEN})::INTEGER AS put, cache_write_1h::INTEGER AS put_1h,
    uncached_nusd AS plain, input_nusd + cache_read_nusd + cache_write_nusd AS paid,
    cache_read_nusd AS got_nusd, cache_write_nusd AS put_nusd,
    CASE WHEN head <> 0 AND covered > 0 AND {_HEAD} >= least THEN ({_HEAD})::INTEGER ELSE 0 END
      AS head_tokens,
    chain[-1] AS tail, chain[-2] AS end_2, chain[-3] AS end_3, chain[-4] AS end_4
  FROM (SELECT book.*, u.who, u.house, u.least, u.is_marked, u.first_us,
          u.last_us, ({TOKENS_IN})::INTEGER AS size,
          cover[-1] AS covered
        FROM book JOIN audit_who u USING ({_WHOSE}))
"""
"""a row for each call; a head shorter than what its model caches is part of the turns"""


def _lay_rows(evidence: Evidence) -> None:
    """The same with their units: most books need no more than the caller for that."""
    (spoilt,), (own,) = (
        evidence.book.one(f"SELECT count(*) FROM {it}") for it in ("audit_spoilt", "audit_own")
    )
    unit, head, joins = ["p.who"], "hash(house, p.head)", ""
    if own:
        unit.insert(0, "o.unit")
        joins += " LEFT JOIN audit_unit o ON o.who = p.who AND o.head = p.head"
    if spoilt:
        unit.insert(0, "s.unit")
        head = f"CASE WHEN s.unit IS NULL THEN {head} ELSE hash(s.unit) END"
        joins += (
            " LEFT JOIN audit_unit s ON s.who = p.who AND s.tools = p.tools_offered"
            " AND s.bucket = p.bucket AND p.head <> 0"
        )
    evidence.book.rows(
        f"CREATE TEMP VIEW audit_asked AS SELECT coalesce({', '.join(unit)}) AS unit,"
        f" {head} AS head_id, p.* FROM ({PARTS} WHERE {judged(evidence)}) p {joins}"
    )
