"""Helicone's requests become drafts, with bodies and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.importers.helicone import IMPORTER, NO_CALL, OWN_CACHE
from headgate.ledger.importers.importer import Refused
from tests.ledger.importers.exports import lines, opened, read, table, why

ROW: dict[str, Any] = {
    "response_id": "resp-1",
    "response_created_at": "2026-05-29T13:46:22.963Z",
    "response_status": 200,
    "request_id": "req-1",
    "request_created_at": "2026-05-29T13:46:19.963Z",
    "request_body": {},
    "request_path": "https://api.anthropic.com/v1/messages",
    "request_user_id": "u-1",
    "request_properties": {
        "Helicone-Session-Id": "s-1",
        "Helicone-Session-Name": "tickets",
        "Helicone-Session-Path": "/plan",
        "App": "search",
    },
    "provider": "ANTHROPIC",
    "request_model": "claude-sonnet-4-5",
    "response_model": "claude-sonnet-4-5-20250929",
    "delay_ms": 3_000,
    "time_to_first_token": 400,
    "prompt_tokens": 100,
    "prompt_cache_read_tokens": 900,
    "prompt_cache_write_tokens": 50,
    "completion_tokens": 20,
    "costUSD": 0.0015,
    "model": "claude-sonnet-4-5-20250929",
}
_CSV = (
    "response_id response_created_at response_status request_created_at request_body"
    " request_properties request_user_id model prompt_tokens completion_tokens latency cost_usd"
)
CSV = _CSV.split()


def quoted(value: object) -> str:
    """As its exporter writes cells: quotation marks of objects are doubled twice."""
    if isinstance(value, dict):
        value = json.dumps(value, separators=(",", ":")).replace('"', '""')
    return '"' + str(value).replace('"', '""') + '"' if value is not None else ""


def test_a_request_is_a_call_with_its_session_and_tags(tmp_path: Path) -> None:
    (made,), _ = read(IMPORTER, lines(tmp_path / "a.jsonl", [ROW]))
    assert (made.id, made.model) == ("req-1", "claude-sonnet-4-5-20250929")
    assert (made.provider, made.surface) == ("anthropic", "messages")
    assert (made.input_fresh, made.cache_read, made.cache_write_5m) == (100, 900, 50)
    assert (made.output, made.stated_nusd) == (20, 1_500_000)
    assert (made.took_us, made.ttft_us) == (3_000_000, 400_000)
    assert (made.session, made.project, made.agent) == ("s-1", "tickets", "/plan")
    assert made.tags == "App=search,user=u-1"


def test_reasoning_is_told_beside_the_output_and_is_part_of_it(tmp_path: Path) -> None:
    (made,), _ = read(IMPORTER, lines(tmp_path / "a.jsonl", [ROW | {"reasoning_tokens": 80}]))
    assert (made.output, made.reasoning_of_output) == (100, 80)


def test_the_csv_of_the_exporter_is_read_with_its_doubled_quotation_marks(
    tmp_path: Path,
) -> None:
    row = ROW | {"latency": 3_000, "cost_usd": 0.0015, "request_body": {"max_tokens": 9}}
    path = tmp_path / "a.csv"
    path.write_text(",".join(CSV) + "\n" + ",".join(quoted(row[name]) for name in CSV) + "\n")
    (made,), _ = read(IMPORTER, path)
    assert (made.id, made.session, made.took_us) == ("resp-1", "s-1", 3_000_000)
    assert (made.input_fresh, made.stated_nusd, made.max_output) == (100, 1_500_000, 9)


def test_the_usage_of_a_stored_reply_is_believed(tmp_path: Path) -> None:
    usage = {
        "prompt_tokens": 1_000,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 600},
    }
    row = ROW | {
        "prompt_tokens": None,
        "provider": "OPENAI",
        "response_model": "gpt-4o",
        "response_body": {"usage": usage},
        "request_body": {"messages": [{"role": "system", "content": "hidden words"}]},
    }
    (made,), _ = read(IMPORTER, lines(tmp_path / "a.jsonl", [row]))
    assert (made.input_fresh, made.cache_read, made.output) == (400, 600, 30)
    assert made.head
    assert "hidden" not in repr(made)


def test_what_helicone_answered_itself_was_not_paid(tmp_path: Path) -> None:
    row = ROW | {"cache_reference_id": "6e3a5f0e-0000-4000-8000-000000000001"}
    rows = [row, ROW | {"cache_reference_id": "00000000-0000-0000-0000-000000000000"}]
    found, reading = read(IMPORTER, lines(tmp_path / "a.jsonl", rows))
    assert [made.answered_from for made in found] == ["hit", ""]
    assert (found[0].input_fresh, found[0].stated_nusd) == (0, 0)
    assert reading.tally.notes[OWN_CACHE] == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (429, (429, "error", "upstream_limited")),
        (-3, (0, "client_gone", "")),
        (200, (200, "complete", "")),
    ],
)
def test_statuses_say_how_it_ended(
    tmp_path: Path, status: int, said: tuple[int, str, str]
) -> None:
    (made,), _ = read(IMPORTER, lines(tmp_path / "a", [ROW | {"response_status": status}]))
    assert (made.status, made.ending, made.fault) == said


def test_bad_rows_are_told_and_the_others_are_read(tmp_path: Path) -> None:
    tool = {"model": None, "request_model": None, "response_model": "unknown"}
    nothing = dict.fromkeys(
        ("prompt_tokens", "prompt_cache_read_tokens", "prompt_cache_write_tokens"), 0
    )
    rows = [
        ROW,
        ROW | tool | nothing | {"completion_tokens": 0},
        ROW | tool,
        ROW | {"request_created_at": ""},
        ROW | {"request_id": None, "response_id": None},
        ROW | {"costUSD": -1},
    ]
    found, reading = read(IMPORTER, lines(tmp_path / "a.jsonl", rows))
    assert len(found) == 1
    assert reading.tally.ignored == {NO_CALL: 1}
    assert sum(why(reading).values()) == 4


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    names = [name for name in CSV if name != "completion_tokens"]
    with pytest.raises(Refused, match="no column completion_tokens"):
        next(IMPORTER.read(opened(table(tmp_path / "a.csv", [names, [""] * len(names)]))))
