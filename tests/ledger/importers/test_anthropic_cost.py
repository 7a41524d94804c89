"""Cost CSVs of Anthropic's console are reports to compare with, and never spend."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.ledger.importers.anthropic_cost import IMPORTER
from headgate.ledger.importers.reading.reports import NO_SPEND
from headgate.ledger.reconcile.reported import Reported
from tests.ledger.importers.exports import opened, read, why

OLDEST = (
    "usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd\n"
    "2024-12-07,Claude 3.5 Sonnet 2024-10-22,,Stéphane,message,input_no_cache,0.07\n"
)
MIDDLE = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
    "list_price_usd,cost_type,inference_geo,speed\n"
    "2026-03-15,Claude Opus 4.6,Default,OB-1,message,≤ 200k,input_cache_read,18.71,18.71,"
    "token,global,\n"
    "2026-03-15,,Default,OB-1,message,,,1.20,1.20,web_search,global,\n"
)
NEWEST = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
    "list_price_usd,cost_type,inference_geo,speed,api_key_id,api_key_status\n"
    "2026-08-04,Claude Haiku 4.5,Default,demo,batch,≤ 200k,output,0.02,0.02,token,"
    "not_available,,apikey_01AAA,archived\n"
)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def reported(path: Path) -> list[Reported]:
    assert IMPORTER.reported is not None
    return list(IMPORTER.reported(opened(path)))


@pytest.mark.parametrize(
    ("text", "model", "line", "nusd"),
    [
        (OLDEST, "claude-3-5-sonnet-20241022", "input", 70_000_000),
        (MIDDLE, "claude-opus-4-6", "cache_read", 18_710_000_000),
        (NEWEST, "claude-haiku-4-5", "output", 20_000_000),
    ],
    ids=["seven columns", "twelve", "fourteen"],
)
def test_every_variant_tells_day_model_line_and_dollars(
    tmp_path: Path, text: str, model: str, line: str, nusd: int
) -> None:
    first, *_ = reported(written(tmp_path / "a.csv", text))
    assert (first.provider, first.model, first.line) == ("anthropic", model, line)
    assert first.cost_nusd == nusd
    assert (first.output, first.requests) == (None, None)


def test_what_is_paid_for_other_than_tokens_has_a_line_of_its_own(tmp_path: Path) -> None:
    _, search = reported(written(tmp_path / "a.csv", MIDDLE))
    assert (search.model, search.line, search.cost_nusd) == ("", "search", 1_200_000_000)


def test_batches_are_a_tier(tmp_path: Path) -> None:
    (line,) = reported(written(tmp_path / "a.csv", NEWEST))
    assert (line.tier, line.day, line.account) == ("batch", 20_669, "Default")


def test_importing_it_counts_no_dollar_twice_and_says_what_it_is_for(tmp_path: Path) -> None:
    found, reading = read(IMPORTER, written(tmp_path / "a.csv", MIDDLE))
    assert found == []
    assert reading.tally.ignored == {NO_SPEND: 2}


def test_bad_lines_are_told(tmp_path: Path) -> None:
    text = OLDEST + "2024-12-07,Claude 3 Opus,,S,message,output,\n,x,,S,message,output,1\n"
    found, reading = read(IMPORTER, written(tmp_path / "a.csv", text))
    assert found == []
    assert why(reading) == {
        "it has no cost_usd": 1,
        "its usage_date_utc is no time that is understood": 1,
    }


def test_a_usage_csv_is_another_format() -> None:
    assert not IMPORTER.fits(Path("a.csv"), b"usage_date_utc,model_version,api_key\n")
