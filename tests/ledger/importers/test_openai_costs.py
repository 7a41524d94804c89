"""OpenAI's costs are a report to compare with, and never spend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headgate.ledger.importers.openai_costs import IMPORTER
from headgate.ledger.importers.reading.reports import NO_SPEND
from headgate.ledger.reconcile.reported import Reported
from tests.ledger.importers.exports import opened, read, table, why

_NAMES = (
    "start_time end_time start_time_iso end_time_iso amount_value amount_currency line_item"
    " project_id organization_id organization_name"
)
NAMES = _NAMES.split()
SPAN = ["1759622400", "1759708800", "2025-10-05T00:00:00+00:00", "2025-10-06T00:00:00+00:00"]


def row(value: str, item: str, currency: str = "usd") -> list[str]:
    return [*SPAN, value, currency, item, "proj_1", "org-1", "Personal"]


def reported(path: Path) -> list[Reported]:
    assert IMPORTER.reported is not None
    return list(IMPORTER.reported(opened(path)))


def test_lines_tell_their_model_and_what_they_pay_for(tmp_path: Path) -> None:
    rows = [
        row("0.8958740000000000", "gpt-5-mini, input"),
        row("0.1", "gpt-5-mini, cached input"),
        row("0.2", "gpt-5-mini, output"),
        row("0.3", "web search tool calls"),
        row("0.4", ""),
    ]
    found = reported(table(tmp_path / "a.csv", [NAMES, *rows]))
    assert [(it.model, it.line) for it in found] == [
        ("gpt-5-mini", "input"),
        ("gpt-5-mini", "cache_read"),
        ("gpt-5-mini", "output"),
        ("", "web search tool calls"),
        ("", "all"),
    ]
    assert found[0].cost_nusd == 895_874_000
    assert (found[0].day, found[0].account) == (20_366, "proj_1")


def test_pages_of_the_api_say_the_same_in_json(tmp_path: Path) -> None:
    result: dict[str, Any] = {
        "object": "organization.costs.result",
        "amount": {"value": 0.06, "currency": "usd"},
        "line_item": "gpt-4o-2024-08-06, output",
        "project_id": "proj_1",
    }
    bucket = {"object": "bucket", "start_time": 1759622400, "end_time": 1759708800}
    page = {"object": "page", "data": [bucket | {"results": [result]}], "has_more": False}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(page))
    assert IMPORTER.fits(path, path.read_bytes())
    (line,) = reported(path)
    assert (line.model, line.line, line.cost_nusd) == (
        "gpt-4o-2024-08-06",
        "output",
        60_000_000,
    )


def test_importing_it_counts_no_dollar_twice(tmp_path: Path) -> None:
    rows = [row("1.5", "gpt-5, input"), row("", ""), row("1", "gpt-5, input", "eur")]
    found, reading = read(IMPORTER, table(tmp_path / "a.csv", [NAMES, *rows]))
    assert found == []
    assert reading.tally.ignored[NO_SPEND] == 1
    assert why(reading) == {"it is not in dollars": 1}


def test_usage_is_another_format() -> None:
    assert not IMPORTER.fits(Path("a.csv"), b"start_time,end_time,start_time_iso,model\n")
