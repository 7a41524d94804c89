"""Rows that the same claims are about, as groups, and what a group would cost otherwise.

Rule 1: a row is in one group. What a claim saves is spread over its groups by what they cost.
Rule 2: a batch keeps no rhythm: of what a cache holds, only BATCH_HITS are counted as read in
it, and only where the calls use a cache already.
Rule 3: what is asked of a caller is asked once, not of each of its rows.
Rule 4: a ceiling stands for perfect foresight: a batch then reads as well as live calls do.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
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
_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_CALLERS = re.compile(r"(\w+) = ('(?:[^']|'')*')")
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
    found = [Group(held, _spend(row)) for held, row in _held(evidence, claims, _SUMS)]
    return sorted(found, key=lambda it: sorted(it.claims))


def costs(evidence: Evidence, claims: Sequence[Finding], by: str) -> list[dict[str, int]]:
    """What the rows of each claim cost, by what that SQL says of them."""
    found: list[dict[str, int]] = [{} for _ in claims]
    sums = f"{by} AS by_it, coalesce(sum(cost_nusd), 0)::BIGINT"
    for held, (name, nusd) in _held(evidence, claims, sums):
        for number in held:
            found[number][name] = found[number].get(name, 0) + int(nusd)
    return found


def _held(
    evidence: Evidence, claims: Sequence[Finding], sums: str
) -> Iterator[tuple[frozenset[int], Sequence[Any]]]:
    """Which claims hold of rows, and what those rows come to."""
    if not claims:
        return
    conditions = [conjuncts(it.where) for it in claims]
    marks = [
        _Mark(n, conditions[first : first + BITS])
        for n, first in enumerate(range(0, len(claims), BITS))
    ]
    _lay_callers(evidence, marks)
    lists = _Lists()
    names = ", ".join(f"mark{it.number}" for it in marks)
    columns = ", ".join(f"{it.of_row(lists)} AS mark{it.number}" for it in marks)
    some = " OR ".join(f"may{it.number} <> 0" for it in marks)
    rows = evidence.book.rows(
        f"SELECT {names}, {sums} FROM (SELECT book.*, {columns} FROM book"
        f" JOIN audit_caller USING ({_WHOSE}){lists.join(evidence)} WHERE {some})"
        f" GROUP BY ALL HAVING {names.replace(', ', ' + ')} > 0"
    )
    for row in rows:
        yield (
            frozenset(
                mark.number * BITS + bit
                for mark in marks
                for bit in range(BITS)
                if row[mark.number] >> bit & 1
            ),
            row[len(marks) :],
        )


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


def _lay_callers(evidence: Evidence, marks: Sequence[_Mark]) -> None:
    """Of each caller which claims may be about it, as bits, and what they ask of its rows."""
    columns = ", ".join(column for it in marks for column in it.of_caller())
    evidence.book.rows(
        f"CREATE OR REPLACE TEMP TABLE audit_caller AS SELECT {_WHOSE}, {columns}"
        f" FROM (SELECT DISTINCT {_WHOSE} FROM book)"
    )


class _Mark:
    """Which claims hold of a row, as the bits of one number.

    Claims that ask the same of rows but for values, each of callers of its own, are asked as
    one: the values are looked up with the caller.
    """

    def __init__(self, number: int, conditions: Sequence[Condition]) -> None:
        self.number = number
        self.conditions = conditions
        self.slots: list[list[int]] = []
        shapes: dict[str, list[list[int]]] = {}
        for bit, it in enumerate(conditions):
            if it.row:
                alike = shapes.setdefault(_shape(it.row), [])
                self._put(bit, alike)

    def _put(self, bit: int, alike: list[list[int]]) -> None:
        mine = self.conditions[bit].caller
        for slot in alike:
            if all(_apart(self.conditions[other].caller, mine) for other in slot):
                slot.append(bit)
                return
        alike.append([bit])
        self.slots.append(alike[-1])

    def of_caller(self) -> Iterator[str]:
        """SQL of the columns that tell of a caller."""
        every = range(len(self.conditions))
        bits = [
            f"CASE WHEN {self.conditions[it].caller} THEN {1 << it} ELSE 0 END" for it in every
        ]
        yield f"({' + '.join(bits)})::BIGINT AS may{self.number}"
        for n, slot in enumerate(self.slots):
            own = {it: str(1 << it) for it in slot}
            yield f"({self._by_caller(own)} ELSE 0 END)::BIGINT AS {self._slot(n)}"
            for place in self._differ(slot):
                values = {it: self._values(it)[place] for it in slot}
                yield f"{self._by_caller(values)} END AS {self._slot(n)}_{place}"

    def of_row(self, lists: _Lists) -> str:
        """SQL of the number."""
        plain = sum(1 << bit for bit, it in enumerate(self.conditions) if not it.row)
        parts = [f"(may{self.number} & {plain})"]
        for n, slot in enumerate(self.slots):
            name, differ = self._slot(n), self._differ(slot)
            asked = lists.without(self._asked(slot, name, differ))
            parts.append(f"CASE WHEN {name} <> 0 AND ({asked}) THEN {name} ELSE 0 END")
        return f"({' + '.join(parts)})::BIGINT"

    def _asked(self, slot: Sequence[int], name: str, differ: Sequence[int]) -> str:
        """The condition of a slot, with the caller's own values."""
        places = itertools.count()

        def own(value: re.Match[str]) -> str:
            place = next(places)
            return f"{name}_{place}" if place in differ else value[0]

        return _LITERAL.sub(own, self.conditions[slot[0]].row)

    def _slot(self, n: int) -> str:
        return f"slot{self.number}_{n}"

    def _by_caller(self, values: dict[int, str]) -> str:
        whens = (
            f"WHEN {self.conditions[it].caller} THEN {value}" for it, value in values.items()
        )
        return f"CASE {' '.join(whens)}"

    def _values(self, bit: int) -> list[str]:
        return _LITERAL.findall(self.conditions[bit].row)

    def _differ(self, slot: Sequence[int]) -> list[int]:
        """The places of values that are not the same in all of them."""
        rows = zip(*(self._values(it) for it in slot), strict=True)
        return [place for place, values in enumerate(rows) if len(set(values)) > 1]


def _shape(row: str) -> str:
    """What is asked, without the values: claims of one shape are asked as one. What looks into
    the book itself is asked as it stands, and so is a long list."""
    if "SELECT" in row or _is_long(row):
        return row
    return _LITERAL.sub(lambda it: "'?'" if it[0].startswith("'") else "?", row)


def _is_long(row: str) -> bool:
    return any(len(_VALUES.findall(it["values"])) >= LONG_LIST for it in _LIST.finditer(row))


def _apart(one: str, other: str) -> bool:
    """Are there no callers that fit both?"""
    mine = dict(_CALLERS.findall(one))
    return any(mine.get(name, value) != value for name, value in _CALLERS.findall(other))


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


def batched(spend: Spend) -> float:
    """What calls cost in a batch."""
    return BATCH_PRICE * (min(spend.in_batch, spend.plain) + spend.output)


def _spend(row: Sequence[Any]) -> Spend:
    return Spend._make([*(float(it or 0) for it in row[:-1]), int(row[-1])])
