"""Rows that the same claims are about, as groups, and what a group would cost otherwise.

Rule 1: a row is in one group. What a claim saves is spread over its groups by what they cost.
Rule 2: a batch keeps no rhythm: of what a cache holds, only BATCH_HITS are counted as read in
it, and only where the calls use a cache already.
Rule 3: what is asked of a caller is asked once, not of each of its rows.
Rule 4: a ceiling stands for perfect foresight: a batch then reads as well as live calls do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from headgate.audit.asked import WHOSE
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding
from headgate.ledger.book.columns import TOKENS_IN, TOKENS_WRITTEN

BATCH_PRICE = 0.5
BATCH_HITS = 0.30
"""the lower end of what vendors say a batch finds in their caches"""
CACHE, DOWNSHIFT, BATCH = "cache", "downshift", "batch"
BITS = 60
"""claims to one number that says which of them hold of a row"""
LONG_LIST = 20

_WHOSE = ", ".join(WHOSE)
_VALUE = r"'(?:[^']|'')*'|-?\d+"
_VALUES = re.compile(_VALUE)
_LIST = re.compile(
    rf"(?P<column>\b\w+) (?P<no>NOT )?IN \((?P<values>(?:{_VALUE})(?:, ?(?:{_VALUE}))*)\)"
)
_TOKENS = re.compile(r"'(?:[^']|'')*'| AND |[^'()]|[()]", re.DOTALL)
_OTHERWISE = re.compile(r"\b(OR|BETWEEN|CASE)\b(?![^(]*\))")
_OF_CALLER = re.compile(rf"(?:{'|'.join(WHOSE)}) = '(?:[^']|'')*'")

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
    if not claims:
        return []
    conditions = [conjuncts(it.where) for it in claims]
    _lay_callers(evidence, conditions)
    lists = _Lists()
    marks = [
        _mark(n, conditions[first : first + BITS], lists)
        for n, first in enumerate(range(0, len(claims), BITS))
    ]
    names = ", ".join(f"mark{n}" for n in range(len(marks)))
    columns = ", ".join(f"({it})::BIGINT AS mark{n}" for n, it in enumerate(marks))
    some = " OR ".join(f"may{n} <> 0" for n in range(len(marks)))
    found = evidence.book.rows(
        f"SELECT {names}, {_SUMS} FROM (SELECT book.*, {columns} FROM book"
        f" JOIN audit_caller USING ({_WHOSE}){lists.join(evidence)} WHERE {some})"
        f" GROUP BY {names} HAVING {names.replace(', ', ' + ')} > 0"
    )
    kept = []
    for row in found:
        held = {
            number * BITS + bit
            for number in range(len(marks))
            for bit in range(BITS)
            if row[number] >> bit & 1
        }
        kept.append(Group(frozenset(held), _spend(row[len(marks) :])))
    return sorted(kept, key=lambda it: sorted(it.claims))


class Condition(NamedTuple):
    """A claim's rows: what is asked of the caller, and what of each row."""

    caller: str
    row: str
    """empty: nothing"""


def conjuncts(where: str) -> Condition:
    """What of a condition can be asked once for each caller, and not for each row."""
    parts: list[str] = [""]
    depth = 0
    for word in _TOKENS.findall(where):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == " AND ":
            parts.append("")
        else:
            parts[-1] += word
    if any(
        _OTHERWISE.search(re.sub(_VALUE, "0", it)) for it in parts
    ):  # it binds less than AND does
        return Condition("TRUE", where)
    callers = [it for it in parts if _OF_CALLER.fullmatch(it.strip())]
    rows = [it for it in parts if not _OF_CALLER.fullmatch(it.strip())]
    return Condition(" AND ".join(callers) or "TRUE", " AND ".join(rows))


def _lay_callers(evidence: Evidence, conditions: Sequence[Condition]) -> None:
    """Of each caller which claims may be about it, as bits."""
    masks = []
    for number, first in enumerate(range(0, len(conditions), BITS)):
        bits = [
            f"CASE WHEN {it.caller} THEN {1 << bit} ELSE 0 END"
            for bit, it in enumerate(conditions[first : first + BITS])
        ]
        masks.append(f"({' + '.join(bits)})::BIGINT AS may{number}")
    evidence.book.rows(
        f"CREATE OR REPLACE TEMP TABLE audit_caller AS SELECT {_WHOSE}, {', '.join(masks)}"
        f" FROM (SELECT DISTINCT {_WHOSE} FROM book)"
    )


class _Lists:
    """Long lists of values in conditions, each as a bit of a table that is looked up once."""

    def __init__(self) -> None:
        self.bits: dict[str, dict[str, int]] = {}
        """of each column: value -> the lists that it is in"""
        self.count: dict[str, int] = {}

    def without(self, condition: str) -> str:
        """The condition with its long lists replaced by their bits."""
        return _LIST.sub(self._bit, condition)

    def _bit(self, found: re.Match[str]) -> str:
        values, column = _VALUES.findall(found["values"]), found["column"]
        number = self.count.get(column, 0)
        if len(values) < LONG_LIST or number >= BITS:
            return found[0]
        self.count[column] = number + 1
        bits = self.bits.setdefault(column, {})
        for value in values:
            bits[value] = bits.get(value, 0) | 1 << number
        is_in = "=" if found["no"] else "<>"
        return f"(coalesce(in_{column}.bits, 0) & {1 << number}) {is_in} 0"

    def join(self, evidence: Evidence) -> str:
        """Lay the tables, and SQL that joins them."""
        text = ""
        for column, bits in self.bits.items():
            table = f"audit_in_{column}"
            evidence.book.rows(
                f"CREATE OR REPLACE TEMP TABLE {table} AS"
                f" SELECT {column} AS it, 0::BIGINT AS bits FROM book LIMIT 0"
            )
            rows = ", ".join(f"({value}, {mask})" for value, mask in bits.items())
            evidence.book.rows(f"INSERT INTO {table} VALUES {rows}")
            text += f" LEFT JOIN {table} in_{column} ON in_{column}.it = book.{column}"
        return text


def _mark(number: int, conditions: Sequence[Condition], lists: _Lists) -> str:
    """SQL: the bits of the claims that hold of a row."""
    plain = sum(1 << bit for bit, it in enumerate(conditions) if not it.row)
    bits = [
        f"CASE WHEN may{number} & {1 << bit} <> 0"
        f" THEN CASE WHEN {lists.without(it.row)} THEN {1 << bit} ELSE 0 END ELSE 0 END"
        for bit, it in enumerate(conditions)
        if it.row
    ]
    return " + ".join([f"(may{number} & {plain})", *bits])


def batched(spend: Spend) -> float:
    """What calls cost in a batch."""
    return BATCH_PRICE * (min(spend.in_batch, spend.plain) + spend.output)


def _spend(row: Sequence[Any]) -> Spend:
    return Spend._make([*(float(it or 0) for it in row[:-1]), int(row[-1])])
