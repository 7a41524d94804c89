"""How findings about prompt caches are told: whom they are about, what to change, and figures.

Rule 1: Headgate's own switch is named where the calls came through it; for calls it never saw,
what to set at the vendor.
"""

from __future__ import annotations

from shlex import quote
from typing import Any

from headgate.audit.about import share, subject, usd
from headgate.audit.asked import Whose, scope
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding
from headgate.audit.foresight import SAMPLE, Ceiling, ceiling
from headgate.audit.holdout import Verdict

MOST_FINDINGS = 10
"""of one rule: the largest"""

ALL_OF_IT = 0.99
NEEDED = "calls of another time: these lie in one half of it"


def about(evidence: Evidence, it: Whose) -> str:
    """Whom it is about, such as: key ci, model claude-opus-5-5, prompt 3f09a2c1."""
    who = {"key_id": it.key_id} if it.key_id or not it.project else {}
    told = subject(evidence, **who, project=it.project, model_sent=it.model)
    if it.is_spoilt:
        return f"{told}, prompts that differ each time" + (
            f", {it.tools} tools" if it.tools else ""
        )
    return f"{told}, prompt {it.head >> 32:08x}" if it.head is not None else told


def switch(evidence: Evidence, it: Whose, mode: str) -> str:
    """How Headgate's planning is switched for a key, or for everybody."""
    if it.key_id:
        name = quote(evidence.names.get(it.key_id, it.key_id))
        return f"headgate keys update {name} --prompt-cache {mode}"
    return f'in headgate.toml: [cache] prompt = "{mode}"'


def is_planned(verdict: Verdict) -> bool:
    """Did Headgate set most of the marks, and not the clients?"""
    return 2 * verdict.total("planned") > verdict.total("calls")


def finding(evidence: Evidence, found: tuple[str, Verdict], what: str, change: str) -> Finding:
    """The claim of a rule's verdict, with what it rests on."""
    rule, verdict = found
    top = ceiling(evidence, verdict)
    calls = int(verdict.total("calls"))
    measured = verdict.is_measured
    return Finding(
        rule=rule,
        subject=about(evidence, verdict.whose),
        saving_nusd=round(verdict.saving),
        confidence="measured" if measured else "hypothesis",
        what=f"{what} {_rests_on(verdict, top)}",
        change=change,
        lever="cache",
        where=verdict.where,
        scope=scope(verdict.whose),
        rows=calls,
        ceiling_nusd=round(max(top.nusd, verdict.saving)),
        needs="" if measured else NEEDED,
        figures=figures(verdict) | {"ceiling_of_calls": top.calls},
    )


def figures(verdict: Verdict) -> dict[str, Any]:
    tokens = max(1.0, verdict.total("tokens"))
    return {
        "calls": int(verdict.total("calls")),
        "current": verdict.current,
        "policy": {it.part: it.policy for it in verdict.changes},
        "paid_nusd": round(verdict.total("paid")),
        "uncached_nusd": round(verdict.total("plain")),
        "held_out_nusd": round(verdict.held),
        "read_share": round(verdict.total("got") / tokens, 4),
        "written_share": round(verdict.total("put") / tokens, 4),
    }


def _rests_on(verdict: Verdict, top: Ceiling) -> str:
    if not verdict.is_measured:
        return f"Replayed on the calls it was chosen by: {usd(verdict.saving)}."
    half = verdict.halves[1]
    told = (
        f"Chosen on the first half of the time and replayed on the second, it saves"
        f" {usd(verdict.held)} of the {usd(half.paid)} paid for input there"
        f" ({share(verdict.held, half.paid)}); the claim is that for the whole time."
    )
    if half.replayed < ALL_OF_IT:
        told += f" Of the conversations {half.replayed:.0%} were replayed."
    if top.calls >= SAMPLE:
        told += f" The ceiling was reckoned on {top.calls:,} calls."
    return told


def paid_back(verdict: Verdict) -> str:
    """How much of what was written for an hour was wanted again in time; empty: nothing was."""
    soon, later, never = (verdict.total(name) for name in ("soon", "later", "never"))
    whole = soon + later + never
    if not whole:
        return ""
    return (
        f" Of the tokens written for an hour in conversations {share(soon, whole)} were wanted"
        f" again within five minutes, {share(later, whole)} within the hour, and"
        f" {share(never, whole)} not at all."
    )


def example(minute: int, head: int) -> dict[str, Any]:
    """A call of a small ledger that rules are tried on: one of many with the same beginning."""
    return {
        "at_us": 1_793_577_600_000_000 + minute * 60_000_000,
        "key_id": "ci",
        "input_fresh": 12_000,
        "output": 200,
        "ttft_us": 900_000,
        "opening": "system",
        "chain": [head, 10_000 + minute],
        "cover": [40_000, 48_000],
        "head": head,
        "head_bytes": 40_000,
    }
