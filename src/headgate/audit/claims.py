"""Decides whether a claimed saving came true: waste is measured again after the change, by the
rule that found it.

Rule 1: what is compared is waste for each unit of work before and after: traffic that grows or
shrinks is no saving and no loss.
Rule 2: a saving has an interval: how far the rates of parts of the time lie apart says how far
chance alone may carry it. What that interval leaves open is too early to tell, and so is
what no part of the time is long enough to show.
Rule 3: the time before the change is as long as the window of the audit that claimed it.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import msgspec

from headgate.audit.about import usd
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.store.claim import Claim

__all__ = (
    "Claim",
    "Measured",
    "Verified",
    "applied",
    "check",
    "claimed",
    "finding_id",
    "measurable",
    "span_us",
)

State = Literal["verified", "too early", "not so"]
MOST_PARTS, LEAST_PARTS = 8, 2
LEAST_CALLS = 50
SHOWN = 0.5
"""parts of the time that show less than this of its waste are too short for the rule"""
CAME_TRUE = 0.25
"""of what was expected; less than that did not come true"""
DAY_US = 86_400_000_000
_Z = 1.959964


class Part(NamedTuple):
    """A part of the time."""

    units: int
    waste_nusd: int


class Measured(NamedTuple):
    """Waste and work of some time."""

    calls: int
    units: int
    waste_nusd: int
    parts: tuple[Part, ...]


class Verified(NamedTuple):
    """What came of a claim since the change."""

    state: State
    saved_nusd: int
    low_nusd: int
    high_nusd: int
    expected_nusd: int
    """what it would have been had all of the waste gone"""
    calls: int
    more_calls: int = 0
    """of one that is too early: how many more will tell; 0: none will"""

    @property
    def words(self) -> str:
        if self.state == "too early":
            if not self.more_calls:
                return "cannot be told: the time before was too short or too uneven"
            return f"too early: {self.more_calls:,} calls more"
        return self.state if self.state == "verified" else "did not come true"

    @property
    def saved(self) -> str:
        """What was saved, and between which bounds it lies."""
        return f"{usd(self.saved_nusd)} ({usd(self.low_nusd)} to {usd(self.high_nusd)})"


class _Detail(msgspec.Struct):
    """What a claim is measured by."""

    scope: str
    per: str
    span_us: int
    before: Measured | None = None


def finding_id(finding: Finding) -> str:
    """The same for the same waste in every audit: eight hexadecimal digits."""
    text = f"{finding.rule}\0{finding.subject}"
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def claimed(evidence: Evidence, finding: Finding, now_us: int) -> Claim:
    """A finding as it is remembered."""
    span = evidence.until_us - evidence.since_us
    detail = _Detail(finding.scope, finding.per, span)
    return Claim(
        finding_id(finding),
        finding.rule,
        finding.subject,
        now_us,
        finding.saving_nusd,
        None,
        msgspec.json.encode(detail).decode(),
    )


def span_us(claim: Claim) -> int:
    """How much time before the change it is measured against."""
    return _detail(claim).span_us


def applied(claim: Claim, rule: Rule, evidence: Evidence, at_us: int) -> Claim:
    """The claim with what it will be measured against: `evidence` is of the time before."""
    detail = _detail(claim)
    detail.before = _measure(claim, rule, evidence)
    return claim._replace(applied_us=at_us, detail=msgspec.json.encode(detail).decode())


def measurable(claim: Claim) -> bool:
    """Was its waste there to be measured against."""
    before = _detail(claim).before
    return before is not None and before.waste_nusd > 0 and before.units > 0


def check(claim: Claim, rule: Rule, evidence: Evidence) -> Verified:
    """What came of it: `evidence` is of the time since the change."""
    before = _detail(claim).before
    assert before is not None, "a claim is applied before it is checked"
    return verify(before, _measure(claim, rule, evidence))


def _detail(claim: Claim) -> _Detail:
    return msgspec.json.decode(claim.detail, type=_Detail)


def _measure(claim: Claim, rule: Rule, evidence: Evidence) -> Measured:
    detail = _detail(claim)
    first, last, calls = evidence.book.one(
        "SELECT coalesce(min(at_us), 0), coalesce(max(at_us), 0), coalesce(sum(calls), 0)"
        f" FROM book WHERE {detail.scope}"
    )
    whole = _part(claim, rule, evidence)
    count = MOST_PARTS
    while True:
        parts = tuple(_parts(claim, rule, evidence, edges(first, last + 1, count)))
        shown = sum(it.waste_nusd for it in parts) >= SHOWN * whole.waste_nusd
        if shown or count <= LEAST_PARTS:
            return Measured(int(calls), whole.units, whole.waste_nusd, parts)
        count //= 2


def edges(start: int, end: int, count: int) -> list[int]:
    """Where time is cut into so many parts: at midnights, if there are enough, because what
    people do is alike from day to day."""
    first, last = start // DAY_US, -(-end // DAY_US)
    days = last - first
    if days > LEAST_PARTS:
        parts = min(count, days)
        return [(first + days * n // parts) * DAY_US for n in range(parts + 1)]
    return [start + (end - start) * n // count for n in range(count + 1)]


def _parts(claim: Claim, rule: Rule, evidence: Evidence, cuts: Sequence[int]) -> Iterator[Part]:
    for since, until in itertools.pairwise(cuts):
        with narrowed(evidence, since, until) as part:
            yield _part(claim, rule, part)


def _part(claim: Claim, rule: Rule, evidence: Evidence) -> Part:
    detail = _detail(claim)
    found = (replace(it, rule=rule.name) for it in rule.judge(evidence))
    waste = sum(it.saving_nusd for it in found if finding_id(it) == claim.id)
    (units,) = evidence.book.one(
        f"SELECT coalesce({detail.per}, 0) FROM book WHERE {detail.scope}"
    )
    return Part(int(units), waste)


@contextlib.contextmanager
def narrowed(evidence: Evidence, since_us: int, until_us: int) -> Iterator[Evidence]:
    """The same evidence of a part of its time; the whole book is not seen meanwhile."""
    book = evidence.book
    book.rows(
        "CREATE OR REPLACE TEMP VIEW book AS SELECT * FROM memory.main.book"
        f" WHERE at_us >= {since_us:d} AND at_us < {until_us:d}"
    )
    try:
        yield replace(evidence, since_us=since_us, until_us=until_us)
    finally:
        book.rows("DROP VIEW temp.main.book")


def verify(before: Measured, after: Measured) -> Verified:
    """What was saved since the change, by the rates of waste before and after it."""
    rate = before.waste_nusd / before.units if before.units else 0.0
    expected = rate * after.units
    saved = expected - after.waste_nusd
    likely = _student(len(before.parts) + len(after.parts) - 2) * after.units
    apart = likely * _error(before), likely * _error(after)
    half = math.hypot(*apart)
    seen = Verified("too early", round(saved), 0, 0, round(expected), after.calls)
    if not math.isfinite(half):
        more = after.calls if math.isfinite(apart[0]) else 0
        return seen._replace(
            low_nusd=seen.saved_nusd, high_nusd=seen.saved_nusd, more_calls=more
        )
    seen = seen._replace(low_nusd=round(saved - half), high_nusd=round(saved + half))
    if after.calls >= LEAST_CALLS:
        if seen.high_nusd < CAME_TRUE * expected or expected <= 0:
            return seen._replace(state="not so")
        if seen.low_nusd > 0:
            return seen._replace(state="verified")
    return seen._replace(more_calls=_more(after.calls, apart, max(saved, CAME_TRUE * expected)))


def _more(calls: int, apart: tuple[float, float], aim: float) -> int:
    """How many calls more make the interval narrower than what it has to show; 0: none do,
    because the time before was too uneven. What lies apart after the change alone shrinks."""
    room = aim**2 - apart[0] ** 2
    if room <= 0 < apart[0]:
        return 0
    needed = calls * apart[1] ** 2 / room if room > 0 else 0.0
    return max(LEAST_CALLS - calls, math.ceil(min(needed, 1e9)) - calls, LEAST_CALLS)


def _error(measured: Measured) -> float:
    """The standard error of a rate of waste, by how far those of its parts lie apart."""
    parts = [it for it in measured.parts if it.units]
    units = sum(it.units for it in parts)
    if len(parts) < LEAST_PARTS or not units:
        return 0.0
    waste = sum(it.waste_nusd for it in parts)
    if waste < SHOWN * measured.waste_nusd:
        return math.inf
    rate = waste / units
    apart = sum((it.waste_nusd - rate * it.units) ** 2 for it in parts)
    return math.sqrt(apart * len(parts) / (len(parts) - 1)) / units


def _student(freedom: int) -> float:
    """Student's t for 95 %, by the first terms of its expansion around the normal one's."""
    freedom = max(freedom, 2)
    cube, fifth = _Z**3, _Z**5
    return (
        _Z
        + (cube + _Z) / (4 * freedom)
        + (5 * fifth + 16 * cube + 3 * _Z) / (96 * freedom**2)
        + (3 * _Z**7 + 19 * fifth + 17 * cube - 15 * _Z) / (384 * freedom**3)
    )
