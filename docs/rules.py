"""The page of the audit's rules: what each finds, and what rows must tell for that.

Rule 1: title and needs are the rule's own; what it looks at, its module's first sentence.
"""

from __future__ import annotations

import inspect
import sys

from docs.table import header, row
from headgate.audit.finding import Rule
from headgate.audit.page.page import TOLD
from headgate.audit.rules import load
from headgate.ledger.book.columns import SOURCES


def page() -> str:
    rules = load()
    parts = [
        "# The audit's rules",
        "",
        "One file each in `src/headgate/audit/rules`; an installed package brings more through",
        "the entry point group `headgate.audit.rules`.",
        "",
        *header("rule", "what it finds", "what rows must tell"),
        *(row(f"`{it.name}`", _title(it), _needs(it)) for it in rules),
        "",
        "## What each looks at",
        "",
    ]
    for it in rules:
        parts += [f"**{it.name}**: {_about(it)}", ""]
    parts += ["## Which rules judge which source", "", *header("source", "not judged by")]
    for source, tells in SOURCES.items():
        if tells:  # of the rest no row is spend
            name = f"`{source}`" if source else "the gateway"
            parts.append(row(name, _unable(rules, source)))
    return "\n".join([*parts, ""])


def _title(rule: Rule) -> str:
    return rule.title[:1].lower() + rule.title[1:]


def _needs(rule: Rule) -> str:
    return ", ".join(TOLD.get(it, it) for it in sorted(rule.needs)) or "nothing"


def _about(rule: Rule) -> str:
    """The first sentence of the module that judges."""
    text = inspect.getdoc(sys.modules[rule.judge.__module__]) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _unable(rules: tuple[Rule, ...], source: str) -> str:
    """The rules whose needs its rows do not meet."""
    able = [f"`{it.name}`" for it in rules if it.needs <= SOURCES[source]]
    names = [f"`{it.name}`" for it in rules if it.needs - SOURCES[source]]
    if len(names) > len(able):
        return f"all but {', '.join(able)}"
    return ", ".join(names) or "none"
