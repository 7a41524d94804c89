"""Decides what each call was made for: the purposes of headgate.toml or of a file, as SQL over
the book; and what a map of them may begin with.

Rule 1: the first entry that fits a row decides; of what an entry names all must hold, of a
list one.
Rule 2: a row that no entry fits is unmapped, and is shown as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from headgate.audit.about import quoted, share, usd
from headgate.audit.evidence import Evidence
from headgate.config.model import Purpose
from headgate.config.purpose import UNMAPPED, hours
from headgate.policy.glob import matches

__all__ = ("UNMAPPED", "Purpose", "case", "suggest")

GATEWAY = "gateway"
"""what rows are called that were imported from nowhere"""
_TOLD = 12
"""entries of a suggestion"""
_LEAST_SHARE = 0.01

_COLUMNS = {
    "tags": "tags",
    "routes": "route",
    "models": "model_sent",
    "projects": "project",
    "surfaces": "surface",
}
_BY = (
    ("projects", "project", "project <> ''"),
    ("keys", "key_id", "project = '' AND key_id <> ''"),
    ("heads", "printf('%016x', head)", "project = '' AND key_id = '' AND head <> 0"),
    ("models", "model_sent", "project = '' AND key_id = '' AND head = 0"),
)
"""(what an entry names, its column, rows that nothing better names)"""


def case(purposes: Sequence[Purpose], names: Mapping[str, str] | None = None) -> str:
    """SQL: what a row was made for. `names`: what keys are called, by their id."""
    whens = [f"WHEN {_fits(it, names or {})} THEN {quoted(it.purpose)}" for it in purposes]
    return f"CASE {' '.join(whens)} ELSE {quoted(UNMAPPED)} END" if whens else quoted(UNMAPPED)


def _fits(purpose: Purpose, names: Mapping[str, str]) -> str:
    parts = [
        _one_of(column, getattr(purpose, name))
        for name, column in _COLUMNS.items()
        if name != "tags" and getattr(purpose, name)
    ]
    if purpose.keys:
        called = [
            id_ for id_, name in names.items() if any(matches(it, name) for it in purpose.keys)
        ]
        parts.append(_one_of("key_id", (*purpose.keys, *called)))
    if purpose.tags:
        fit = _one_of("tag", purpose.tags)
        parts.append(f"len(list_filter(string_split(tags, ','), lambda tag: {fit})) > 0")
    if purpose.sources:
        parts.append(_one_of("source", ("" if it == GATEWAY else it for it in purpose.sources)))
    if purpose.heads:
        parts.append(_one_of("printf('%016x', head)", (it.zfill(16) for it in purpose.heads)))
    if found := hours(purpose.hours) if purpose.hours else None:
        parts.append(_within(*found))
    return "(" + " AND ".join(parts or ["FALSE"]) + ")"


def _one_of(column: str, patterns: Iterable[str]) -> str:
    """As in the rest of headgate.toml: * is any run of characters, ? any one of them."""
    fits = [
        f"regexp_full_match({column}, {quoted(_expression(it))}, 's')"
        if "*" in it or "?" in it
        else f"{column} = {quoted(it)}"
        for it in patterns
    ]
    return "(" + " OR ".join(fits) + ")"


def _expression(pattern: str) -> str:
    """RE2 knows fewer escapes than Python does: everything is spelt by its number."""
    wild = {"*": ".*", "?": "."}
    return "".join(
        wild.get(it, it if it.isascii() and it.isalnum() else f"\\x{{{ord(it):x}}}")
        for it in pattern
    )


def _within(start: int, end: int) -> str:
    hour = "((at_us // 3600000000) % 24)"
    if start < end:
        return f"(span_us = 0 AND {hour} >= {start} AND {hour} < {end})"
    return f"(span_us = 0 AND ({hour} >= {start} OR {hour} < {end}))"


def suggest(evidence: Evidence) -> str:
    """A map to begin with, as TOML: what carries at least one percent of the spend, by the best
    that rows tell: project, else key, else fingerprint of the system prompt, else model."""
    (spent,) = evidence.book.one("SELECT coalesce(sum(cost_nusd), 0) FROM book")
    found: list[tuple[int, str, str, int]] = []
    for names, column, where in _BY:
        rows = evidence.book.rows(
            f"SELECT {column}, sum(cost_nusd)::BIGINT, sum(calls)::BIGINT FROM book"
            f" WHERE {where} GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT {_TOLD}"
        )
        found += [(cost, names, value, calls) for value, cost, calls in rows]
    found = [it for it in sorted(found, reverse=True) if it[0] >= _LEAST_SHARE * spent > 0]
    head = [
        "# What calls are made for: name each entry by its work, and say whether it has",
        "# business value. The first entry that fits a call decides; the rest is unmapped.",
        "# Put it into headgate.toml, or into a file: headgate audit --purposes FILE",
    ]
    parts = [_entry(evidence, it, spent) for it in found[:_TOLD]]
    return "\n".join(head) + "\n\n" + "\n\n".join(parts) + ("\n" if parts else "")


def _entry(evidence: Evidence, it: tuple[int, str, str, int], spent: int) -> str:
    cost, names, value, calls = it
    called = evidence.names.get(value, value) if names == "keys" else value
    purpose = called.rstrip("/").rpartition("/")[2] or called
    return (
        f"[[purposes]]  # {usd(cost)}, {share(cost, spent)} of the spend, {calls:,} calls\n"
        f"purpose = {_toml(purpose)}\n"
        "# valuable = true\n"
        f"{names} = [{_toml(called)}]"
    )


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    told = "".join(it if it.isprintable() else f"\\U{ord(it):08x}" for it in escaped)
    return f'"{told}"'
