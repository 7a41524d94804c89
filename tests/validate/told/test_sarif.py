"""SARIF keeps within what GitHub reads, and its fingerprints outlive moved lines."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.validate.problem import Level, State
from headgate.validate.told import sarif as module
from headgate.validate.told.sarif import address, fingerprints, sarif
from tests.reports import (
    NASTY,
    hostile_problems,
    other,
    problem,
    report,
    sarif_faults,
    verdict,
)


def document(*verdicts: Any, **sources: bytes) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(sarif(report(*verdicts, **sources), "1.2.3"))
    return made


def test_each_check_is_a_run_and_each_problem_a_result_with_its_place() -> None:
    made = document(verdict(problem(line=3)), verdict(problem(check="ty"), check="ty"))
    assert made["version"] == "2.1.0"
    assert [it["tool"]["driver"]["name"] for it in made["runs"]] == [
        "headgate validate: ruff",
        "headgate validate: ty",
    ]
    (result,) = made["runs"][0]["results"]
    assert (result["ruleId"], result["level"], result["ruleIndex"]) == ("F401", "error", 0)
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 3, "startColumn": 1}
    assert len({it["automationDetails"]["id"] for it in made["runs"]}) == 2


def test_a_name_is_written_as_an_address() -> None:
    made = document(verdict(problem(NASTY), path=NASTY))
    place = made["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].startswith("a%0A%3A%3Aerror")


def test_fingerprints_outlive_lines_that_move_and_tell_repeats_apart() -> None:
    before = report(verdict(), a__py=b"import os\n\nx\nx\n")
    after = report(verdict(), a__py=b"# new\n\n  import   os\nx\nx\n")
    one = fingerprints([problem(line=1), problem(line=3), problem(line=4)], before)
    two = fingerprints([problem(line=3), problem(line=4), problem(line=5)], after)
    assert one == two
    assert len(set(one)) == 3


def test_no_more_than_twenty_runs() -> None:
    made = document(*(verdict(problem(check=f"c{n}"), check=f"c{n}") for n in range(30)))
    assert len(made["runs"]) == 20
    assert sum(len(it["results"]) for it in made["runs"]) == 30


def test_the_lightest_are_left_out_where_there_is_no_room_and_it_is_said(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(module, "MOST_RESULTS", 2)
    heavy = problem(line=9, level=Level.ERROR)
    light = [problem(line=n, level=Level.NOTICE) for n in range(1, 5)]
    (run,) = document(verdict(*light, heavy))["runs"]
    assert [it["level"] for it in run["results"]] == ["error", "note"]
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert "3 lighter results" in notes[0]["message"]["text"]


def test_a_document_that_is_too_large_gets_smaller(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 20_000)
    many = [problem(line=n, message="x" * 100) for n in range(1, 200)]
    assert len(sarif(report(verdict(*many)), "1")) <= 20_000


@given(st.lists(hostile_problems(), max_size=4), st.text(max_size=20))
def test_whatever_names_and_words_hold_the_document_is_one(
    problems: list[Any], note: str
) -> None:
    broken = msgspec.structs.replace(other(State.BROKEN, "\udcff.py"), note=note + "\ud800\0")
    told = report(*(verdict(it, path=it.path) for it in problems), broken)
    assert list(sarif_faults(json.loads(sarif(told, "1.2.3")))) == []


def test_a_name_keeps_the_bytes_that_the_file_system_has() -> None:
    assert address("caf\udce9.py") == "caf%E9.py"
    assert address("src/a b.py") == "src/a%20b.py"
    assert address("/srv/a.py") == "file:///srv/a.py"


@pytest.mark.slow
def test_more_than_github_reads_is_cut_to_what_it_reads() -> None:
    """Thirty checks, thirty thousand results of one: twenty runs, the heaviest of each."""
    few = (verdict(problem(check=f"c{n}"), check=f"c{n}") for n in range(30))
    many = [problem(line=n, message="m" * 300) for n in range(1, 30_001)]
    made = sarif(report(verdict(*many), *few), "1")
    document = json.loads(made)
    assert list(sarif_faults(document)) == []
    assert len(made) <= module.MOST_BYTES
    assert "lighter results were left out for want of room" in made.decode()
