"""results.json holds every record, and is whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.grade import Grade
from headgate.bench.results import BadResults, may_replace, read, results_of, write
from tests.bench.runs import run_of


def test_what_was_written_is_read(tmp_path: Path) -> None:
    run = run_of({"one": [5, 0], "two": [3, 2]})
    write(tmp_path / "deep" / "r.json", run)
    assert read(tmp_path / "deep" / "r.json") == run
    assert [it.name for it in (tmp_path / "deep").iterdir()] == ["r.json"]


def test_a_record_has_what_readers_look_for(tmp_path: Path) -> None:
    write(tmp_path / "r.json", run_of({"one": [5, 0]}))
    told = json.loads((tmp_path / "r.json").read_text())
    record = told["run"]["samples"][0]
    assert {"task", "sample", "provider", "model", "correct", "verdict", "latency_ms"} <= set(
        record
    )
    assert {"input_tokens", "output_tokens", "cost_nusd", "error"} <= set(record)
    assert told["aggregates"][0]["accuracy"] == 0.5


@given(st.lists(st.integers(0, 5), min_size=1, max_size=10))
def test_aggregates_are_sums_of_the_records(rights: list[int]) -> None:
    run = run_of({"one": rights})
    (told,) = results_of(run).aggregates
    assert (told.samples, told.correct) == (5 * len(rights), sum(rights))
    assert told.total_tokens == 130 * told.samples
    assert told.cost_nusd == 1000 * told.samples


def test_infrastructure_is_no_sample_but_costs_what_it_cost() -> None:
    run = run_of({"one": [5]})
    lost = tuple(
        msgspec.structs.replace(it, verdict=Grade.INFRASTRUCTURE) for it in run.samples
    )
    (told,) = results_of(msgspec.structs.replace(run, samples=lost)).aggregates
    assert (told.samples, told.infrastructure, told.cost_nusd) == (0, 5, 5000)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "no JSON"])
def test_another_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(BadResults, match=r"r\.json"):
        read(tmp_path / "r.json")


def test_a_file_of_another_version_says_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('{"shape": "headgate bench results 9", "run": "in another manner"}')
    with pytest.raises(BadResults, match="results 9") as error:
        read(path)
    assert "the Headgate that wrote it" in error.value.remedy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arm": "ghost"}, "of ghost for t0"),
        ({"task": "ghost"}, "of one for ghost"),
        ({"sample": 1}, "a sample twice"),
        ({"correct": False}, "contradicts itself"),
    ],
)
def test_a_record_of_nobody_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    run = run_of({"one": [5]})
    first = msgspec.structs.replace(run.samples[0], **changes)
    write(tmp_path / "r.json", run)
    told = json.loads((tmp_path / "r.json").read_text())
    told["run"]["samples"][0] = msgspec.to_builtins(first)
    (tmp_path / "r.json").write_text(json.dumps(told))
    with pytest.raises(BadResults, match=said):
        read(tmp_path / "r.json")


def test_only_results_are_replaced_by_results(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    assert may_replace(path)
    write(path, run_of({"one": [5, 0]}))
    assert may_replace(path)
    for other in (b"[]", b'{"shape": "x"}', b"[[task]]\n", b"\xe9"):
        path.write_bytes(other)
        assert not may_replace(path)
