"""Decides what a row of the book is: a row of the ledger, and what sealing or importing adds.

Rule 1: a column is added at the end; files sealed before it read as its default.
Rule 2: what a source does not know is the default, and SOURCES says that it does not know it:
nobody takes an empty column for a fact.
"""

from __future__ import annotations

from typing import NamedTuple, get_type_hints

from headgate.ledger.record import Entry

_KINDS = {int: ("BIGINT", "0"), str: ("VARCHAR", "''")}


class Column(NamedTuple):
    name: str
    kind: str
    """as DuckDB calls it"""
    default: str
    """as SQL"""


def _of_entry() -> list[Column]:
    hints = get_type_hints(Entry)
    found = []
    for name in Entry._fields:
        kind, default = _KINDS.get(hints[name], ("", "NULL"))
        found.append(Column(name, kind or ("VARCHAR" if "json" in name else "BLOB"), default))
    return found


HOT: tuple[Column, ...] = (Column("seq", "BIGINT", "0"), *_of_entry())
"""what the call table holds"""

ADDED: tuple[Column, ...] = (
    Column("source", "VARCHAR", "''"),  # empty: the gateway; else the importer's name
    Column("import_id", "VARCHAR", "''"),
    Column("calls", "BIGINT", "1"),  # how many the row stands for; 0: the source does not say
    Column("span_us", "BIGINT", "0"),  # 0: one call; else all calls of so long, from at_us on
    Column("stated_nusd", "BIGINT", "NULL"),  # what the source itself says it cost
    Column("project", "VARCHAR", "''"),  # what it was done for, where the source tells
    Column("tools_used", "VARCHAR", "''"),  # names and counts, such as: Bash:2 Read:1
    Column("tools_failed", "BIGINT", "0"),
    Column("chain", "UBIGINT[]", "[]"),  # hashes of the request's beginnings, shortest first
    Column("cover", "UINTEGER[]", "[]"),  # the bytes each of them covers
    Column("head", "UBIGINT", "0"),  # that of tools and system prompt; 0: unknown
    Column("head_bytes", "BIGINT", "0"),
)
"""what sealing and importing add"""

BOOK: tuple[Column, ...] = (*HOT, *ADDED)

TOKENS_READ = "input_fresh + cache_read"
TOKENS_WRITTEN = "cache_write_5m + cache_write_1h + cache_write_30m + cache_write_12h"
TOKENS_IN = f"{TOKENS_READ} + {TOKENS_WRITTEN}"

PER_CALL, CACHE, SESSIONS, HEADS, TOOLS, LATENCY, TRIES, PURPOSE = (
    "calls",
    "cache",
    "sessions",
    "heads",
    "tools",
    "latency",
    "tries",
    "purpose",
)
"""what a source may know: single calls, cache tokens, conversations, fingerprints of prompts,
tools, times, failed attempts, keys or tags"""

SOURCES: dict[str, frozenset[str]] = {
    "": frozenset((PER_CALL, CACHE, SESSIONS, HEADS, TOOLS, LATENCY, TRIES, PURPOSE)),
    "claude-code": frozenset((PER_CALL, CACHE, SESSIONS, TOOLS, PURPOSE)),
    "codex": frozenset((PER_CALL, CACHE, SESSIONS, TOOLS, PURPOSE)),
    "litellm": frozenset((PER_CALL, CACHE, SESSIONS, HEADS, LATENCY, PURPOSE)),
    "langfuse": frozenset((PER_CALL, CACHE, SESSIONS, HEADS, LATENCY, PURPOSE)),
    "helicone": frozenset((PER_CALL, CACHE, SESSIONS, HEADS, LATENCY, PURPOSE)),
    "table": frozenset((PER_CALL, CACHE, SESSIONS, HEADS, LATENCY, PURPOSE)),
    "anthropic-console": frozenset((CACHE, PURPOSE)),
    "openai-usage": frozenset((CACHE, PURPOSE)),
    "anthropic-cost": frozenset(),
    "openai-costs": frozenset(),
}
"""what rows of each source can tell"""
