"""Prompts that are cached for five minutes where an hour pays, or for an hour where five
minutes do.

Rule 1: an hour costs more to write: it pays where pauses between five minutes and an hour would
make the same prompt be written again.
Rule 2: what pauses cost where no other lifetime pays is told as a hypothesis: shorter pauses
would save it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from headgate.audit.about import count, least_nusd, usd
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
WORDS = {"5m": "five minutes", "1h": "an hour", "none": "no time"}

CLAUDE_CODE = {
    "1h": "export ENABLE_PROMPT_CACHING_1H=1 for Claude Code, or in its settings.json"
    ' "promptCacheTtl": "1h"',
    "5m": "export FORCE_PROMPT_CACHING_5M=1 for Claude Code, or in its settings.json"
    ' "promptCacheTtl": "5m"',
}
"""its own switches, as of version 2.1.243"""


def judge(evidence: Evidence) -> Iterator[Finding]:
    least = least_nusd(evidence)
    every = verdicts(evidence)
    fit = [it for it in every if is_it(it) and it.saving >= least]
    for verdict in fit[:MOST_FINDINGS]:
        yield finding(
            evidence, (RULE.name, verdict), _told(verdict), _change(evidence, verdict)
        )
    others = (it for it in every if it not in fit and it.total("cliff_nusd") >= least)
    for verdict in islice(others, MOST_FINDINGS):
        yield _cliffs(evidence, verdict)


def is_it(verdict: Verdict) -> bool:
    """Is another lifetime what saves most?"""
    marks = verdict.current in ("5m", "1h") and not verdict.whose.is_spoilt
    return marks and bool(verdict.changes) and verdict.changes[0].policy in ("5m", "1h")


def _told(verdict: Verdict) -> str:
    told = (
        f"{count(verdict.total('put'))} tokens were written for {WORDS[verdict.current]};"
        f" {WORDS[verdict.changes[0].policy]} would have been cheaper for"
        f" {verdict.changes[0].part}."
    )
    if verdict.total("cliff_calls"):
        told += (
            f" {count(verdict.total('cliff_calls'))} pauses between five minutes and an hour"
            f" cost {usd(verdict.total('cliff_nusd'))} for writing again."
        )
    return told + paid_back(verdict)


def _change(evidence: Evidence, verdict: Verdict) -> str:
    if verdict.whose.source == "claude-code":
        return CLAUDE_CODE[verdict.changes[0].policy]
    marks = [
        ("tools and system" if it.part == "heads" else "messages")
        + (
            ' gets "ttl": "1h"'
            if it.policy == "1h"
            else (" loses its mark" if it.policy == "none" else ' loses its "ttl": "1h"')
        )
        for it in verdict.changes
    ]
    said = '"cache_control" of ' + ", and of ".join(marks)
    if verdict.whose.source or is_planned(verdict):
        return said
    chosen = switch(evidence, verdict.whose, "on")
    return f"{said}; or take the marks out and let Headgate choose: {chosen}"


def _cliffs(evidence: Evidence, verdict: Verdict) -> Finding:
    lost, calls = verdict.total("cliff_nusd"), verdict.total("cliff_calls")
    return Finding(
        rule=RULE.name,
        subject=about(evidence, verdict.whose),
        saving_nusd=round(lost),
        confidence="hypothesis",
        what=f"{count(calls)} calls came more than five minutes after the one before and wrote"
        f" the conversation again: {usd(lost)}. An hour's lifetime would not repay its price"
        f" here.{paid_back(verdict)}",
        change="go on with a long conversation within five minutes, or begin a new one after a"
        " pause (in Claude Code: /clear or /compact before it)",
        lever="cache",
        where=verdict.where,
        scope=scope(verdict.whose),
        rows=int(verdict.total("calls")),
        needs="whether these pauses can be shorter, or conversations end before them",
        figures=figures(verdict) | {"cliffs": int(calls)},
    )


def fires_on() -> Sequence[dict[str, Any]]:
    """A conversation that goes on every ten minutes, written again each time."""
    return [_turn(10 * n, n, {"cache_write_5m": 20_000 + 300 * n}) for n in range(60)]


def silent_on() -> Sequence[dict[str, Any]]:
    """One that goes on every minute, and reads what it wrote."""
    return [
        _turn(n, n, {"cache_read": 20_000 + 300 * (n - 1), "cache_write_5m": 300})
        if n
        else _turn(0, 0, {"cache_write_5m": 20_000})
        for n in range(60)
    ]


def _turn(minute: int, turn: int, usage: dict[str, int]) -> dict[str, Any]:
    return {
        "at_us": 1_793_577_600_000_000 + minute * MINUTE_US,
        "source": "claude-code",
        "project": "shop",
        "session": "monday",
        "input_fresh": 5,
        "output": 150,
        **usage,
    }


RULE = Rule("wrong_ttl", "the wrong cache lifetime", NEEDS, judge, fires_on, silent_on)
