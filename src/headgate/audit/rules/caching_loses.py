"""Prompts that are written to a vendor's cache, and not read often enough to repay it.

Rule 1: a write pays if enough reads follow within its lifetime: where no policy would, the
marks are to go. What loses is judged as it was billed, and replayed without marks.
Rule 2: a vendor that writes unasked, at a premium, is judged by what was paid alone: it has to
lose in both halves of the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from headgate.audit.about import least_nusd, share, usd
from headgate.audit.asked import NEEDS, scope
from headgate.audit.caching import (
    MOST_FINDINGS,
    about,
    figures,
    finding,
    is_planned,
    paid_back,
    switch,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.audit.holdout import Verdict, verdicts

MINUTE_US = 60_000_000


def judge(evidence: Evidence) -> Iterator[Finding]:
    least = least_nusd(evidence)
    every = verdicts(evidence)
    fit = (it for it in every if is_it(it) and it.saving >= least)
    for verdict in islice(fit, MOST_FINDINGS):
        yield finding(
            evidence, (RULE.name, verdict), _told(verdict), _change(evidence, verdict)
        )
    unasked = (it for it in every if it.current == "auto" and _lost(it) >= least)
    for verdict in islice(unasked, MOST_FINDINGS):
        yield _unasked(evidence, verdict)


def is_it(verdict: Verdict) -> bool:
    """Is writing nothing what saves most?"""
    marks = verdict.current in ("5m", "1h") and not verdict.whose.is_spoilt
    return marks and bool(verdict.changes) and verdict.changes[0].policy == "none"


def _told(verdict: Verdict) -> str:
    tokens = max(1.0, verdict.total("tokens"))
    written, read = verdict.total("put"), verdict.total("got")
    return (
        f"{written / tokens:.0%} of the input was written to the cache for {verdict.current},"
        f" and {read / tokens:.0%} read from it: {usd(verdict.total('paid'))} were paid for"
        f" what costs {usd(verdict.total('plain'))} without a cache.{paid_back(verdict)}"
    )


def _change(evidence: Evidence, verdict: Verdict) -> str:
    if not verdict.whose.source and is_planned(verdict):
        return switch(evidence, verdict.whose, "off")
    parts = " and ".join(
        "tools and system" if it.part == "heads" else "messages"
        for it in verdict.changes
        if it.policy == "none"
    )
    return f'take "cache_control" out of {parts} in these calls: nothing reads what it writes'


def _lost(verdict: Verdict) -> float:
    """What was paid beyond the plain price, by the second half; nothing, if the first half
    gained."""
    first, second = verdict.halves
    if first.paid <= first.plain or second.paid <= second.plain:
        return 0.0
    return (second.paid - second.plain) * verdict.total("plain") / second.plain


def _unasked(evidence: Evidence, verdict: Verdict) -> Finding:
    lost, half = _lost(verdict), verdict.halves[1]
    return Finding(
        rule=RULE.name,
        subject=about(evidence, verdict.whose),
        saving_nusd=round(lost),
        confidence="measured",
        what=f"{_told(verdict)} In the second half of the time that lost"
        f" {usd(half.paid - half.plain)} ({share(half.paid - half.plain, half.paid)}).",
        change=(
            switch(evidence, verdict.whose, "on")
            + ", which tells the vendor to write nothing where nothing is read"
            if not verdict.whose.source
            else 'set prompt_cache_options {"mode": "explicit"} without breakpoints'
        ),
        lever="cache",
        where=verdict.where,
        scope=scope(verdict.whose),
        rows=int(verdict.total("calls")),
        ceiling_nusd=round(lost),
        figures=figures(verdict),
    )


def fires_on() -> Sequence[dict[str, Any]]:
    """A prompt that is written for an hour every two hours."""
    return [
        _call(120 * n) | {"input_fresh": 2_000, "cache_write_1h": 10_000} for n in range(40)
    ]


def silent_on() -> Sequence[dict[str, Any]]:
    """The same every minute, read each time but the first."""
    first = _call(0) | {"input_fresh": 2_000, "cache_write_5m": 10_000}
    later = ({"input_fresh": 2_000, "cache_read": 10_000} for _ in range(80))
    return [first, *(_call(n) | more for n, more in enumerate(later, 1))]


def _call(minute: int) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + minute * MINUTE_US,
        "key_id": "ci",
        "output": 200,
        "ttft_us": 900_000,
        "cache_plan": "own",
        "opening": "system",
        "chain": [7, 10_000 + minute],
        "cover": [40_000, 48_000],
        "head": 7,
        "head_bytes": 40_000,
    }


RULE = Rule("caching_loses", "caching that loses money", NEEDS, judge, fires_on, silent_on)
