"""Rows that the same claims are about, as groups, and what a group would cost otherwise.

Rule 1: a row is in one group. What a claim saves is spread over its groups by what they cost.
Rule 2: a batch keeps no rhythm: of what a cache holds, only BATCH_HITS are counted as read in
it, and only where the calls use a cache already.
Rule 3: a ceiling stands for perfect foresight: a batch then reads as well as live calls do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding
from headgate.ledger.book.columns import TOKENS_IN, TOKENS_WRITTEN

BATCH_PRICE = 0.5
BATCH_HITS = 0.30
"""the lower end of what vendors say a batch finds in their caches"""
CACHE, DOWNSHIFT, BATCH = "cache", "downshift", "batch"
BITS = 60
"""claims to one number that says which of them hold of a row"""

_SUMS = f"""
  sum(uncached_nusd) AS plain,
  sum(input_nusd + cache_read_nusd + cache_write_nusd) AS paid,
  sum(output_nusd + search_nusd) AS output,
  sum(CASE WHEN ({TOKENS_IN}) > 0
      THEN uncached_nusd * (cache_read::DOUBLE / ({TOKENS_IN})) ELSE 0 END) AS read_plain,
  sum(cache_read_nusd) AS read_paid,
  sum(CASE WHEN ({TOKENS_IN}) > 0
      THEN uncached_nusd * (({TOKENS_WRITTEN})::DOUBLE / ({TOKENS_IN})) ELSE 0 END)
      AS written_plain,
  sum(cache_write_nusd) AS written_paid,
  count(*) AS rows
"""


class Spend(NamedTuple):
    """What calls cost, in nano-dollars."""

    plain: float = 0
    """all of their input, had there been no cache"""
    paid: float = 0
    """their input, as it was"""
    output: float = 0
    """and all the rest"""
    read_plain: float = 0
    """what was read from a cache, at the plain price"""
    read_paid: float = 0
    written_plain: float = 0
    written_paid: float = 0
    rows: int = 0

    @property
    def total(self) -> float:
        return self.paid + self.output

    @property
    def in_batch(self) -> float:
        """Their input where fewer of them read, at live prices; never more than without."""
        read = self.read_paid / self.read_plain if self.read_plain > 0 else 1.0
        write = self.written_paid / self.written_plain if self.written_plain > 0 else 1.0
        cached = self.read_plain + self.written_plain
        factor = min(1.0, BATCH_HITS * read + (1 - BATCH_HITS) * write)
        return self.plain - cached * (1 - factor)


class Group(NamedTuple):
    """Rows of which the same claims hold."""

    claims: frozenset[int]
    spend: Spend


def spend(evidence: Evidence, where: str) -> Spend:
    """What some rows cost."""
    return _spend(evidence.book.one(f"SELECT {_SUMS} FROM book WHERE {where}"))


def groups(evidence: Evidence, claims: Sequence[Finding]) -> list[Group]:
    """All rows of which any of the claims holds."""
    marks = [
        " + ".join(
            f"CASE WHEN ({claim.where}) THEN {1 << bit} ELSE 0 END"
            for bit, claim in enumerate(claims[first : first + BITS])
        )
        for first in range(0, len(claims), BITS)
    ]
    if not marks:
        return []
    names = [f"mark{n}" for n in range(len(marks))]
    columns = ", ".join(f"({it})::BIGINT AS {n}" for it, n in zip(marks, names, strict=True))
    found = evidence.book.rows(
        f"SELECT {', '.join(names)}, {_SUMS} FROM (SELECT *, {columns} FROM book)"
        f" GROUP BY {', '.join(names)} HAVING {' + '.join(names)} > 0"
    )
    kept = []
    for row in found:
        held = {
            number * BITS + bit
            for number in range(len(names))
            for bit in range(BITS)
            if row[number] >> bit & 1
        }
        kept.append(Group(frozenset(held), _spend(row[len(names) :])))
    return sorted(kept, key=lambda it: sorted(it.claims))


def batched(spend: Spend) -> float:
    """What calls cost in a batch."""
    return BATCH_PRICE * (min(spend.in_batch, spend.plain) + spend.output)


def _spend(row: Sequence[Any]) -> Spend:
    return Spend._make([*(float(it or 0) for it in row[:-1]), int(row[-1])])
