"""Prompts that come again soon, of a model that caches only what is marked, and are not marked.

Rule 1: heads come again by whoever sends them, turns with the next call of a conversation.
Rule 2: what would have been saved is replayed with the vendor's rules: what is too short, comes
too late or is being written saves nothing, and every write costs its premium.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from headgate.audit.about import count, least_nusd
from headgate.audit.asked import NEEDS
from headgate.audit.caching import MOST_FINDINGS, example, finding, switch
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.audit.holdout import Verdict, verdicts


def judge(evidence: Evidence) -> Iterator[Finding]:
    least = least_nusd(evidence)
    fit = (it for it in verdicts(evidence) if is_it(it) and it.saving >= least)
    for verdict in islice(fit, MOST_FINDINGS):
        what = (
            f"{count(verdict.total('calls'))} calls paid the plain price for prompts that came"
            " again while a cache would have held them."
        )
        yield finding(evidence, (RULE.name, verdict), what, _change(evidence, verdict))


def is_it(verdict: Verdict) -> bool:
    return verdict.current == "none" and not verdict.whose.is_spoilt


def _change(evidence: Evidence, verdict: Verdict) -> str:
    if not verdict.whose.source:
        return switch(evidence, verdict.whose, "on")
    marks = [
        ("the last block of system" if it.part == "heads" else "the last message")
        + (' with "ttl": "1h"' if it.policy == "1h" else "")
        for it in verdict.changes
        if it.policy != "none"
    ]
    return (
        'set "cache_control": {"type": "ephemeral"} on ' + " and on ".join(marks) + ", or send"
        ' these calls through Headgate with [cache] prompt = "on"'
    )


def fires_on() -> Sequence[dict[str, Any]]:
    """A long system prompt every minute, never marked."""
    return [example(n, head=7) for n in range(120)]


def silent_on() -> Sequence[dict[str, Any]]:
    """The same once in two hours, which no cache holds; and prompts that are too short."""
    rare = [example(120 * n, head=7) for n in range(40)]
    short = [example(n, head=8) | {"input_fresh": 300, "key_id": "short"} for n in range(40)]
    return [*rare, *short]


RULE = Rule("no_caching", "prompts that are never cached", NEEDS, judge, fires_on, silent_on)
