"""A report's file is known by what it holds, and a file that is none says what would be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.cli import Trouble
from headgate.cli.reportfile import read

PAGE = {
    "data": [
        {
            "starting_at": "2026-10-14T00:00:00Z",
            "results": [{"model": "claude-opus-5-5", "output_tokens": 3}],
        }
    ]
}


def test_pages_of_the_admin_api_are_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    file = tmp_path / "anything.txt"
    file.write_text(json.dumps(PAGE))
    (row,) = read(file).rows
    assert (row.model, row.output) == ("claude-opus-5-5", 3)


def test_a_consoles_csv_is_read_by_whoever_knows_it(tmp_path: Path) -> None:
    file = tmp_path / "claude_api_cost.csv"
    file.write_text(
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
        "list_price_usd,cost_type,inference_geo,speed\n"
        "2026-10-14,Claude Opus 5.5,Default,ci,standard,≤ 200k,output,1.25,1.25,token,,\n"
    )
    (row,) = read(file).rows
    assert (row.provider, row.cost_nusd) == ("anthropic", 1_250_000_000)


@pytest.mark.parametrize("text", ["{", "a,b\n1,2\n", '{"data": []}'])
def test_what_is_no_report_is_told_what_would_be(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(Trouble) as error:
        read(file)
    assert error.value.hint
