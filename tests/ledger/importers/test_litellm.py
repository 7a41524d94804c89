"""LiteLLM's spend logs become drafts, whichever way they were taken out of its database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.litellm import IMPORTER, OWN_CACHE
from headgate.ledger.importers.reading import sheet
from headgate.ledger.importers.reading.documents import CUT
from headgate.ledger.importers.reading.usage import HOLDS, WITHOUT
from tests.ledger.importers.exports import lines, opened, read, table, taken, why

ROW: dict[str, Any] = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05",
    "spend": 0.0123,
    "total_tokens": 1_100,
    "prompt_tokens": 1_000,
    "completion_tokens": 100,
    "startTime": "2026-04-16T12:00:00.250000+00:00",
    "endTime": "2026-04-16T12:00:04.250000+00:00",
    "completionStartTime": "2026-04-16T12:00:01.250000+00:00",
    "model": "gpt-4o",
    "model_group": "smart",
    "custom_llm_provider": "openai",
    "metadata": {
        "user_api_key_alias": "ci",
        "user_api_key_team_alias": "search",
        "usage_object": {
            "prompt_tokens": 1_000,
            "completion_tokens": 100,
            "total_tokens": 1_100,
            "prompt_tokens_details": {"cached_tokens": 600},
            "completion_tokens_details": {"reasoning_tokens": 40},
        },
    },
    "cache_hit": "False",
    "request_tags": ["nightly", "User-Agent: openai", "User-Agent: openai/2.1"],
    "team_id": "team-1",
    "end_user": "u-7",
    "session_id": "s-1",
    "status": "success",
    "messages": {},
    "response": {},
    "proxy_server_request": {},
}


def as_cells(row: dict[str, Any]) -> list[Any]:
    return [json.dumps(it) if isinstance(it, dict | list) else it for it in row.values()]


def as_csv(path: Path, *rows: dict[str, Any]) -> Path:
    return table(path, [list(ROW), *map(as_cells, rows)])


def test_a_row_of_openai_is_split_into_classes_that_do_not_overlap(tmp_path: Path) -> None:
    (made,), reading = read(IMPORTER, lines(tmp_path / "a.jsonl", [ROW]))
    assert (made.input_fresh, made.cache_read, made.output) == (400, 600, 100)
    assert made.reasoning_of_output == 40
    assert (made.id, made.model, made.model_asked) == ("chatcmpl-1", "gpt-4o", "smart")
    assert (made.provider, made.surface, made.stated_nusd) == ("openai", "chat", 12_300_000)
    assert (made.took_us, made.ttft_us) == (4_000_000, 1_000_000)
    assert (made.key, made.team, made.session) == ("ci", "search", "s-1")
    assert (made.tags, made.client) == ("nightly,user=u-7", "openai/2.1")
    assert made.at_us == 1_776_340_800_250_000
    assert reading.tally.notes == {HOLDS: 1}


def test_litellm_adds_what_anthropic_cached_to_the_prompt_tokens(tmp_path: Path) -> None:
    usage = {
        "prompt_tokens": 10_000,
        "completion_tokens": 100,
        "total_tokens": 10_100,
        "cache_read_input_tokens": 7_000,
        "cache_creation_input_tokens": 2_500,
        "prompt_tokens_details": {
            "cached_tokens": 7_000,
            "cache_creation_tokens": 2_500,
            "cache_creation_token_details": {
                "ephemeral_5m_input_tokens": 500,
                "ephemeral_1h_input_tokens": 2_000,
            },
        },
        "server_tool_use": {"web_search_requests": 3},
        "service_tier": "standard",
        "inference_geo": "us",
    }
    row = ROW | {
        "model": "anthropic/claude-sonnet-4-5",
        "custom_llm_provider": "anthropic",
        "call_type": "anthropic_messages",
        "prompt_tokens": 10_000,
        "metadata": {"usage_object": usage},
    }
    (made,), _ = read(IMPORTER, lines(tmp_path / "a.jsonl", [row]))
    assert (made.input_fresh, made.cache_read) == (500, 7_000)
    assert (made.cache_write_5m, made.cache_write_1h) == (500, 2_000)
    assert (made.web_searches, made.tier, made.geo) == (3, "", "us")
    assert (made.model, made.surface) == ("claude-sonnet-4-5", "messages")


@pytest.mark.parametrize(
    "usage",
    [
        {"cache_read_input_tokens": 5_000, "cache_creation_input_tokens": 200},
        {"input_tokens": 1_000, "output_tokens": 1, "cache_read_input_tokens": 500},
    ],
    ids=["of a version that did not add it", "as Anthropic itself writes it"],
)
def test_a_prompt_told_without_its_cached_part_is_the_fresh_part(
    tmp_path: Path, usage: dict[str, int]
) -> None:
    row = ROW | {"metadata": {"usage_object": usage}}
    (made,), reading = read(IMPORTER, lines(tmp_path / "a.jsonl", [row]))
    assert made.input_fresh == 1_000
    assert made.cache_read == usage["cache_read_input_tokens"]
    assert reading.tally.notes == {WITHOUT: 1}


def test_csv_json_lines_an_array_and_a_page_say_the_same(tmp_path: Path) -> None:
    files = [
        as_csv(tmp_path / "a.csv", ROW),
        lines(tmp_path / "a.jsonl", [ROW]),
        tmp_path / "a.json",
        tmp_path / "b.json",
    ]
    files[2].write_text(json.dumps([ROW], indent=1))
    files[3].write_text(json.dumps({"data": [ROW], "total": 1, "page": 1}))
    found = [read(IMPORTER, file)[0] for file in files]
    assert found[0] == found[1] == found[2] == found[3]
    assert len(found[0]) == 1


def test_what_its_own_cache_answered_costs_nothing_and_used_nothing(tmp_path: Path) -> None:
    row = ROW | {"request_id": "chatcmpl-1_cache_hit1776340900.1", "cache_hit": "True"}
    (made,), reading = read(IMPORTER, lines(tmp_path / "a.jsonl", [row]))
    assert (made.answered_from, made.stated_nusd) == ("hit", 0)
    assert (made.input_fresh, made.output) == (0, 0)
    assert reading.tally.notes == {OWN_CACHE: 1}


def test_a_failure_keeps_its_status_and_kind(tmp_path: Path) -> None:
    about = {"status": "failure", "error_information": {"error_code": "429"}}
    row = ROW | {"status": "failure", "metadata": about, "spend": 0, "prompt_tokens": 0}
    (made,), _ = read(IMPORTER, lines(tmp_path / "a.jsonl", [row]))
    assert (made.status, made.fault, made.ending) == (429, "upstream_limited", "error")


def test_a_stored_prompt_leaves_a_fingerprint_and_no_text(tmp_path: Path) -> None:
    def row(number: int, system: str) -> dict[str, Any]:
        turns = [
            {"role": "system", "content": system},
            {"role": "user", "content": f"{number}"},
        ]
        body = {"messages": turns, "tools": [{"type": "function"}], "max_tokens": 50}
        return ROW | {"request_id": f"r{number}", "proxy_server_request": json.dumps(body)}

    secret = "the words of the house"
    rows = [row(1, secret), row(2, secret), row(3, "others")]
    found, _ = read(IMPORTER, as_csv(tmp_path / "a.csv", *rows))
    first, second, third = found
    assert first.head == second.head != third.head != 0
    assert (first.tools_offered, first.max_output) == (1, 50)
    assert first.head_bytes > len(secret)
    assert secret not in repr(found)
    (bare, *_), _ = read(IMPORTER, tmp_path / "a.csv", secret=b"")
    assert bare.head == 0


def test_times_without_a_zone_are_of_the_zone_that_is_said(tmp_path: Path) -> None:
    row = ROW | {"startTime": "2026-04-16 12:00:00", "endTime": "", "completionStartTime": ""}
    path = as_csv(tmp_path / "a.csv", row)
    (utc,), _ = read(IMPORTER, path)
    (berlin,), _ = read(IMPORTER, path, timezone="Europe/Berlin")
    assert utc.at_us - berlin.at_us == 2 * 3600 * 1_000_000


def test_a_table_saved_by_a_spreadsheet_elsewhere_is_understood(tmp_path: Path) -> None:
    rows = [ROW | {"spend": "0,0123"}, ROW | {"spend": "1.200,5", "prompt_tokens": "1.000"}]
    path = table(tmp_path / "a.csv", [list(ROW), *map(as_cells, rows)], delimiter=";")
    found, _ = read(IMPORTER, path)
    assert [made.stated_nusd for made in found] == [12_300_000, 1_200_500_000_000]
    assert [made.input_fresh for made in found] == [400, 400]


def test_numbers_that_are_written_in_two_ways_are_refused(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "a.csv", ROW, ROW | {"spend": "0,0123"})
    with pytest.raises(Refused, match="written in two ways") as refused:
        next(IMPORTER.read(opened(path)))
    assert "--decimal" in refused.value.remedy
    found, reading = read(IMPORTER, path, decimal=".")
    assert len(found) == 1
    assert why(reading) == {"its spend is no number as others of the file are written": 1}


def test_every_bad_row_is_told_with_its_line_and_the_others_are_read(tmp_path: Path) -> None:
    rows = [
        ROW,
        ROW | {"startTime": "yesterday"},
        ROW | {"request_id": ""},
        ROW | {"model": ""},
        ROW | {"spend": "-1"},
        ROW | {"startTime": "2031-01-01T00:00:00Z"},
        ROW | {"endTime": "2026-04-16T11:00:00Z"},
    ]
    found, reading = read(IMPORTER, as_csv(tmp_path / "a.csv", *rows))
    assert len(found) == 2
    assert found[1].took_us == 0
    assert sum(why(reading).values()) == 5
    assert reading.tally.lines == 7
    assert [line for _, line, _ in reading.tally.examples] == [3, 4, 5, 6, 7]


def test_a_cut_file_loses_its_last_row_and_says_so(tmp_path: Path) -> None:
    rows = [ROW | {"request_id": f"r{number}"} for number in range(5)]
    path = as_csv(tmp_path / "a.csv", *rows)
    path.write_bytes(path.read_bytes()[:-400])
    found, reading = read(IMPORTER, path)
    assert len(found) == 4
    assert set(why(reading)) <= {sheet.CUT, sheet.OPEN}
    array = tmp_path / "a.json"
    array.write_text(json.dumps(rows)[:-200])
    found, reading = read(IMPORTER, array)
    assert len(found) == 4
    assert why(reading) == {CUT: 1}


def test_joined_files_repeat_their_header_and_rows_keep_their_ids(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "a.csv", ROW, ROW | {"request_id": "b"})
    path.write_bytes(path.read_bytes() * 2)
    found, reading = read(IMPORTER, path)
    assert [made.id for made in found] == ["chatcmpl-1", "b"] * 2
    assert reading.tally.ignored == {sheet.AGAIN: 1}


def test_a_missing_column_is_named_before_anything_is_read(tmp_path: Path) -> None:
    names = [name for name in ROW if name != "prompt_tokens"]
    path = table(tmp_path / "a.csv", [names, [ROW[name] for name in names]])
    with pytest.raises(Refused, match="it has no column prompt_tokens") as refused:
        next(IMPORTER.read(opened(path)))
    assert "--map" in refused.value.remedy


def test_a_header_alone_has_no_rows_and_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert read(IMPORTER, as_csv(tmp_path / "a.csv"))[0] == []
    (tmp_path / "b.csv").write_bytes(b"")
    with pytest.raises(Refused, match="it is empty"):
        next(IMPORTER.read(opened(tmp_path / "b.csv")))


def test_an_interrupted_import_goes_on_where_it_stopped(tmp_path: Path) -> None:
    rows = [ROW | {"request_id": f"r{number}"} for number in range(1_200)]
    rows[3] = ROW | {"startTime": "no time"}
    path = as_csv(tmp_path / "a.csv", *rows)
    whole, all_of_it = read(IMPORTER, path)
    first = opened(path)
    begun = list(next(iter(IMPORTER.read(first))))
    rest = opened(path, offset=first.offset)
    assert begun + taken(IMPORTER, rest) == whole
    first.tally.add(rest.tally)
    assert first.tally == all_of_it.tally


def test_other_files_are_not_taken_for_spend_logs() -> None:
    assert not IMPORTER.fits(Path("a.csv"), b"timestamp,model,input_tokens\n")
    assert not IMPORTER.fits(Path("a.json"), b'{"type": "user", "message": {}}')
