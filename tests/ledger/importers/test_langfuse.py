"""Langfuse's observations become drafts, from a bucket, from a screen or from its API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.langfuse import IMPORTER
from headgate.ledger.importers.reading.usage import HOLDS, WITHOUT
from tests.ledger.importers.exports import lines, opened, read, table, why

ROW: dict[str, Any] = {
    "id": "obs-1",
    "trace_id": "trace-1",
    "project_id": "p",
    "environment": "production",
    "type": "GENERATION",
    "name": "summarise",
    "level": "DEFAULT",
    "start_time": "2026-05-29 13:46:19.963000",
    "end_time": "2026-05-29 13:46:22.963000",
    "completion_start_time": "2026-05-29 13:46:20.463000",
    "provided_model_name": "claude-sonnet-4-5",
    "usage_details": {
        "input": 100,
        "cache_read_input_tokens": 900,
        "output": 50,
        "total": 1050,
    },
    "cost_details": {"input": 0.0003, "output": 0.00075, "total": 0.00132},
    "total_cost": 0.00132,
    "session_id": "s-1",
    "user_id": "u-1",
    "trace_name": "tickets",
    "tags": ["nightly"],
    "input": [{"role": "system", "content": "hidden words"}, {"role": "user", "content": "x"}],
    "model_parameters": {"max_tokens": 500},
}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def test_a_generation_of_a_bucket_export_is_a_call(tmp_path: Path) -> None:
    (made,), reading = read(IMPORTER, lines(tmp_path / "a.jsonl", [ROW]))
    assert (made.id, made.model, made.upstream_id) == ("obs-1", "claude-sonnet-4-5", "trace-1")
    assert (made.input_fresh, made.cache_read, made.output) == (100, 900, 50)
    assert made.stated_nusd == 1_320_000
    assert (made.took_us, made.ttft_us, made.stream) == (3_000_000, 500_000, 1)
    assert made.at_us == 1_780_062_379_963_000
    assert (made.session, made.project, made.agent) == ("s-1", "tickets", "summarise")
    assert made.tags == "nightly,user=u-1,environment=production"
    assert (made.max_output, bool(made.head)) == (500, True)
    assert "hidden" not in repr(made)
    assert reading.tally.notes == {WITHOUT: 1}


def test_both_spellings_and_every_file_format_say_the_same(tmp_path: Path) -> None:
    other = {camel(name): value for name, value in ROW.items()}
    cells = [json.dumps(it) if isinstance(it, dict | list) else it for it in ROW.values()]
    array = tmp_path / "c.json"
    array.write_text(json.dumps({"data": [other], "meta": {"page": 1}}))
    found = [
        read(IMPORTER, path)[0]
        for path in (
            lines(tmp_path / "a.jsonl", [ROW]),
            lines(tmp_path / "b.jsonl", [other]),
            array,
            table(tmp_path / "d.csv", [list(ROW), cells]),
        )
    ]
    assert found[0] == found[1] == found[2] == found[3]


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        ({"input": 100, "input_cached_tokens": 900, "output": 10}, (100, 900, 0, 0, 10, 0)),
        (
            {"input": 1000, "input_cached_tokens": 900, "output": 10, "total": 1010},
            (100, 900, 0, 0, 10, 0),
        ),
        (
            {"input_tokens": 5, "cache_creation_input_tokens": 70, "output_tokens": 1},
            (5, 0, 70, 0, 1, 0),
        ),
        (
            {"input": 5, "cache_creation_input_tokens": 70, "input_cache_creation_1h": 60},
            (5, 0, 10, 60, 0, 0),
        ),
        ({"prompt_tokens": 5, "completion_tokens": 2}, (5, 0, 0, 0, 2, 0)),
        ({"input": 5, "output": 2, "output_reasoning_tokens": 8}, (5, 0, 0, 0, 10, 8)),
    ],
    ids=["parts", "with a sum that tells", "anthropic", "by time", "openai", "reasoning"],
)
def test_every_map_of_usage_is_split_into_classes(
    tmp_path: Path, details: dict[str, int], tokens: tuple[int, ...]
) -> None:
    (made,), _ = read(IMPORTER, lines(tmp_path / "a", [ROW | {"usage_details": details}]))
    assert tokens == (
        made.input_fresh,
        made.cache_read,
        made.cache_write_5m,
        made.cache_write_1h,
        made.output,
        made.reasoning_of_output,
    )


def test_what_held_the_cached_part_is_noted(tmp_path: Path) -> None:
    details = {"input": 1000, "cache_read_input_tokens": 900, "output": 1, "total": 1001}
    _, reading = read(IMPORTER, lines(tmp_path / "a", [ROW | {"usage_details": details}]))
    assert reading.tally.notes == {HOLDS: 1}


def test_spans_say_nothing_of_a_call_and_embeddings_are_calls(tmp_path: Path) -> None:
    rows = [
        ROW,
        ROW | {"id": "b", "type": "SPAN"},
        ROW | {"id": "c", "type": "EMBEDDING", "provided_model_name": "text-embedding-3-small"},
        ROW | {"id": "d", "provided_model_name": "", "usage_details": {}},
    ]
    found, reading = read(IMPORTER, lines(tmp_path / "a", rows))
    assert [made.id for made in found] == ["obs-1", "c"]
    assert sum(reading.tally.ignored.values()) == 2


def test_errors_latency_and_costs_without_details_are_read(tmp_path: Path) -> None:
    row = ROW | {
        "level": "ERROR",
        "cost_details": {},
        "end_time": None,
        "completion_start_time": None,
        "latency": 2.5,
        "time_to_first_token": 0.5,
        "provided_model_name": "openai/gpt-4o",
    }
    (made,), _ = read(IMPORTER, lines(tmp_path / "a", [row]))
    assert (made.status, made.ending, made.fault) == (500, "error", "upstream")
    assert (made.took_us, made.ttft_us) == (2_500_000, 500_000)
    assert (made.stated_nusd, made.provider, made.model) == (1_320_000, "openai", "gpt-4o")


def test_bad_rows_are_told_and_the_others_are_read(tmp_path: Path) -> None:
    rows: list[object] = [
        ROW,
        ROW | {"start_time": "never"},
        ROW | {"usage_details": {"input": -4}},
        ROW | {"provided_model_name": None},
        [1, 2],
    ]
    path = lines(tmp_path / "a.jsonl", rows)
    path.write_text(path.read_text() + '{"id": "cut off')
    found, reading = read(IMPORTER, path)
    assert len(found) == 1
    assert sum(why(reading).values()) == 5


def test_an_export_without_its_times_names_the_column(tmp_path: Path) -> None:
    row = {name: value for name, value in ROW.items() if name != "start_time"}
    with pytest.raises(Refused, match="no column start_time"):
        next(IMPORTER.read(opened(lines(tmp_path / "a.jsonl", [row]))))


def test_an_export_of_traces_says_what_to_export_instead(tmp_path: Path) -> None:
    trace = {"id": "t", "timestamp": "2026-05-29", "sessionId": "s", "bookmarked": False}
    path = lines(tmp_path / "a.jsonl", [trace | {"name": "tickets", "input": "words"}])
    assert IMPORTER.fits(path, path.read_bytes())
    with pytest.raises(Refused, match="it holds traces") as refused:
        next(IMPORTER.read(opened(path)))
    assert "observations" in refused.value.remedy
