"""OpenAI's usage, from its dashboard or its API, becomes rows that stand for spans of time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.openai_usage import EMPTY, IMPORTER, OTHERS, UNGROUPED
from headgate.ledger.importers.reading.usage import UNPRICED
from tests.ledger.importers.exports import opened, read, table, why

_NAMES = (
    "start_time end_time start_time_iso end_time_iso project_id num_model_requests user_id"
    " api_key_id model batch service_tier input_tokens output_tokens input_cached_tokens"
    " input_uncached_tokens input_text_tokens output_text_tokens input_cached_text_tokens"
    " input_audio_tokens input_cached_audio_tokens output_audio_tokens input_image_tokens"
    " input_cached_image_tokens output_image_tokens"
)
NAMES = _NAMES.split()
SPAN = ["1776340800", "1776340860", "2026-04-16T12:00:00+00:00", "2026-04-16T12:01:00+00:00"]
ROW = [
    *SPAN,
    *("proj_1", "10.0", "user-1", "key_1", "gpt-4o-2024-08-06", "FALSE", "default"),
    *("59200.0", "10646.0", "5760.0", "53440.0", "53440.0", "10646.0", "5760.0"),
    *["0.0"] * 6,
]
BLANK = [*SPAN, *[""] * 20]
RESULT = {
    "object": "organization.usage.completions.result",
    "input_tokens": 1_000,
    "output_tokens": 50,
    "input_cached_tokens": 300,
    "input_cache_write_tokens": 200,
    "num_model_requests": 4,
    "project_id": "proj_1",
    "api_key_id": "key_1",
    "model": "gpt-5.6",
    "batch": True,
    "service_tier": "default",
}


def page(*results: dict[str, Any]) -> dict[str, Any]:
    bucket = {"object": "bucket", "start_time": 1776297600, "end_time": 1776384000}
    return {
        "object": "page",
        "data": [bucket | {"results": list(results)}, bucket | {"results": []}],
        "has_more": False,
        "next_page": None,
    }


def test_a_row_stands_for_the_calls_of_a_minute(tmp_path: Path) -> None:
    (made,), reading = read(IMPORTER, table(tmp_path / "a.csv", [NAMES, ROW, BLANK]))
    assert (made.span_us, made.calls) == (60_000_000, 10)
    assert (made.input_fresh, made.cache_read, made.output) == (53_440, 5_760, 10_646)
    assert (made.model, made.provider, made.tier) == ("gpt-4o-2024-08-06", "openai", "")
    assert (made.key, made.project) == ("key_1", "proj_1")
    assert made.at_us == 1_776_340_800_000_000
    assert reading.tally.ignored == {EMPTY: 1}


def test_pages_of_the_api_say_the_same_in_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(page(RESULT), indent=2) + "\n" + json.dumps(page(RESULT)))
    found, reading = read(IMPORTER, path)
    first = found[0]
    assert (first.input_fresh, first.cache_read, first.cache_write_30m) == (500, 300, 200)
    assert (first.tier, first.calls, first.span_us) == ("batch", 4, 86_400_000_000)
    assert reading.tally.ignored == {EMPTY: 2}
    assert len(found) == 2


def test_writes_of_half_a_day_are_a_class_of_their_own(tmp_path: Path) -> None:
    result = RESULT | {"input_cache_write_tokens": 200, "input_cache_write_tokens_12h": 150}
    (tmp_path / "a.json").write_text(json.dumps(page(result)))
    (made,), _ = read(IMPORTER, tmp_path / "a.json")
    assert (made.cache_write_30m, made.cache_write_12h, made.input_fresh) == (50, 150, 500)


def test_two_rows_alike_are_two_and_an_overlapping_export_is_none_more(tmp_path: Path) -> None:
    other = [*ROW[:11], "5.0", "6.0", *ROW[13:]]
    rows, _ = read(IMPORTER, table(tmp_path / "a.csv", [NAMES, ROW, other]))
    again, _ = read(IMPORTER, table(tmp_path / "b.csv", [NAMES, BLANK, ROW, other]))
    assert [made.id for made in rows] == [made.id for made in again]
    assert rows[0].id != rows[1].id


def test_an_export_without_usage_has_four_columns_and_is_no_mistake(tmp_path: Path) -> None:
    found, reading = read(IMPORTER, table(tmp_path / "a.csv", [NAMES[:4], SPAN, SPAN]))
    assert found == []
    assert reading.tally.ignored == {EMPTY: 2}
    assert read(IMPORTER, table(tmp_path / "b.csv", [NAMES[:4]]))[0] == []


def test_an_export_that_is_not_grouped_by_model_says_how_to_group_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(page(RESULT | {"model": None})))
    found, reading = read(IMPORTER, tmp_path / "a.json")
    assert found == []
    assert why(reading) == {UNGROUPED: 1}


def test_other_services_are_counted_and_left_out(tmp_path: Path) -> None:
    images = [*NAMES[:4], "images", "num_model_requests", "model"]
    path = table(tmp_path / "a.csv", [images, [*SPAN, "3", "3", "dall-e-3"]])
    found, reading = read(IMPORTER, path)
    assert found == []
    assert reading.tally.ignored == {OTHERS: 1}


def test_embeddings_have_no_output_and_sounds_are_told(tmp_path: Path) -> None:
    embed = [*ROW[:8], "text-embedding-3-small", *ROW[9:12], "0", "0", *ROW[14:]]
    sound = [*ROW[:18], "70.0", *ROW[19:]]
    (one, _), reading = read(IMPORTER, table(tmp_path / "a.csv", [NAMES, embed, sound]))
    assert one.surface == "embeddings"
    assert reading.tally.notes == {UNPRICED: 1}


def test_bad_rows_are_told(tmp_path: Path) -> None:
    rows = [
        ["soon", *ROW[1:]],
        [ROW[1], ROW[0], *ROW[2:]],
        [*ROW[:11], "many", *ROW[12:]],
        ROW[:9],
    ]
    found, reading = read(IMPORTER, table(tmp_path / "a.csv", [NAMES, ROW, *rows]))
    assert len(found) == 1
    assert sum(why(reading).values()) == 4


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", [NAMES[1:], ROW[1:]])
    with pytest.raises(Refused, match="no column start_time"):
        next(IMPORTER.read(opened(path)))


def test_the_same_rows_are_a_report_to_compare_with(tmp_path: Path) -> None:
    assert IMPORTER.reported is not None
    path = table(tmp_path / "a.csv", [NAMES, ROW])
    (line,) = IMPORTER.reported(opened(path))
    assert (line.day, line.account, line.requests) == (20_559, "proj_1", 10)
    assert (line.input_fresh, line.cache_read, line.cost_nusd) == (53_440, 5_760, None)


def test_costs_are_another_format() -> None:
    names = b"start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency\n"
    assert not IMPORTER.fits(Path("cost.csv"), names)
