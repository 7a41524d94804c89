"""A line of a provider's report has the columns of the table that keeps it."""

from __future__ import annotations

from headgate.ledger.reconcile.reported import Reported
from headgate.store import shape_book


def test_a_line_has_the_columns_of_its_table_but_for_when_it_was_fetched() -> None:
    text = shape_book._REPORTED.split("(", 1)[1].split("PRIMARY KEY")[0]
    columns = tuple(line.split()[0] for line in text.strip().splitlines())
    assert columns == (*Reported._fields, "fetched_us")


def test_what_a_report_does_not_say_is_not_zero() -> None:
    line = Reported("openai", "", 20_000, "gpt-5", "", "", cost_nusd=1)
    assert line.requests is None
    assert line.output is None
