"""Decides how one question is put to DuckDB and to ClickHouse, where their SQL differs.

Rule 1: a question is written once; what differs between the two is said here.
Rule 2: both give the same answer to the last digit: a quantile is a value that was measured,
never one between two of them.
"""

from __future__ import annotations

from typing import Protocol

LEVELS = (0.5, 0.9, 0.99)


class Tongue(Protocol):
    """A dialect of SQL."""

    name: str

    def text(self, value: str) -> str:
        """A value as SQL."""

    def whole(self, number: str, by: str | int) -> str:
        """A quotient of whole numbers that are not negative, without its rest."""

    def quantiles(self, values: str) -> str:
        """The list of the values at LEVELS."""

    def median(self, values: str) -> str: ...

    def words(self, text: str, between: str) -> str:
        """As many rows as words stand there."""

    def word(self, text: str, between: str, number: int) -> str:
        """One word of them, counted from 1; empty: there are not so many."""

    def gaps(self, values: str) -> str:
        """As many rows as there are steps from one value of a list to the next."""

    def listed(self, values: str) -> str:
        """All values of the group, sorted."""

    def most(self, what: str, by: str) -> str:
        """What stands in the row where something is largest."""

    def begins(self, text: str, with_: str) -> str: ...


class _Duck:
    name = "duckdb"

    def text(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    def whole(self, number: str, by: str | int) -> str:
        return f"({number}) // ({by})"

    def quantiles(self, values: str) -> str:
        return f"quantile_disc({values}, [{', '.join(map(str, LEVELS))}])"

    def median(self, values: str) -> str:
        return f"quantile_disc({values}, 0.5)"

    def words(self, text: str, between: str) -> str:
        return f"unnest(string_split({text}, {self.text(between)}))"

    def word(self, text: str, between: str, number: int) -> str:
        return f"split_part({text}, {self.text(between)}, {number})"

    def gaps(self, values: str) -> str:
        step = f"{values}[i] - {values}[i - 1]"
        return f"unnest(list_transform(range(2, len({values}) + 1), lambda i: {step}))"

    def listed(self, values: str) -> str:
        return f"list_sort(list({values}))"

    def most(self, what: str, by: str) -> str:
        return f"arg_max({what}, {by})"

    def begins(self, text: str, with_: str) -> str:
        return f"starts_with({text}, {self.text(with_)})"


class _ClickHouse:
    name = "clickhouse"

    def text(self, value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def whole(self, number: str, by: str | int) -> str:
        return f"intDiv({number}, {by})"

    def quantiles(self, values: str) -> str:
        return self._at(values, LEVELS)

    def median(self, values: str) -> str:
        return f"{self._at(values, LEVELS[:1])}[1]"

    def _at(self, values: str, levels: tuple[float, ...]) -> str:
        # Its own exact quantiles take the next higher value; this is what quantile_disc takes.
        listed = ", ".join(map(str, levels))
        place = "toUInt64(greatest(1, ceil(level * length(sorted))))"
        pick = f"arrayMap(level -> sorted[{place}], [{listed}])"
        return f"arrayMap(sorted -> {pick}, [arraySort(groupArray({values}))])[1]"

    def words(self, text: str, between: str) -> str:
        return f"arrayJoin(splitByChar({self.text(between)}, {text}))"

    def word(self, text: str, between: str, number: int) -> str:
        return f"splitByChar({self.text(between)}, {text})[{number}]"

    def gaps(self, values: str) -> str:
        steps = f"arrayPopBack({values}), arrayPopFront({values})"
        return f"arrayJoin(arrayMap((one, next) -> next - one, {steps}))"

    def listed(self, values: str) -> str:
        return f"arraySort(groupArray({values}))"

    def most(self, what: str, by: str) -> str:
        return f"argMax({what}, {by})"

    def begins(self, text: str, with_: str) -> str:
        return f"startsWith({text}, {self.text(with_)})"


DUCK: Tongue = _Duck()
CLICKHOUSE: Tongue = _ClickHouse()
