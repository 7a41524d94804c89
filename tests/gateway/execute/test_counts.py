"""Runs are counted by language and ending, and workers' counts are summed."""

from __future__ import annotations

import msgspec

from headgate.gateway.execute.counts import MOST, Counts, lines
from headgate.sandbox.model import Result, Status


def result(status: Status = Status.OK, language: str = "python", **more: bool) -> Result:
    return Result(status=status, language=language, execution_ms=500.0, **more)  # type: ignore[arg-type]


def test_workers_count_together() -> None:
    one, other = Counts(), Counts()
    one.count(result())
    other.count(result())
    other.count(result(Status.WALL, "go"))
    other.count(result(cached=True))
    page = "\n".join(lines([one, other]))
    assert 'headgate_execute_runs_total{language="python",status="ok"} 3' in page
    assert 'headgate_execute_runs_total{language="go",status="wall_limit"} 1' in page
    assert 'headgate_execute_seconds_total{language="python"} 1.000000' in page
    assert 'headgate_execute_cached_total{language="python"} 1' in page


def test_nothing_is_shown_where_nothing_ran() -> None:
    assert not [*lines([Counts()])]


def test_counts_survive_the_way_to_another_worker() -> None:
    one = Counts()
    one.count(result())
    assert msgspec.json.decode(msgspec.json.encode(one), type=Counts) == one


def test_no_flood_of_names_fills_the_memory() -> None:
    one = Counts()
    for number in range(MOST + 10):
        one.count(result(language=f"l{number}"))
    assert len(one.runs) == MOST
