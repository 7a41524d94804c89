"""Words say no more than numbers do."""

from __future__ import annotations

import msgspec
import pytest

from headgate.bench.report.figures import Spread, report
from headgate.bench.report.words import UNMEASURED, caching, dollars, parts, span
from tests.bench.runs import run_of


@pytest.mark.parametrize(
    ("nusd", "said"),
    [
        (None, "-"),
        (0, "$0"),
        (1, "$0.000000001"),
        (1289, "$0.000001289"),
        (1_234_567, "$0.00123"),
        (1_234_567_890, "$1.23"),
        (1_234_567_890_000, "$1,234.57"),
    ],
)
def test_dollars_have_the_figures_that_count(nusd: float | None, said: str) -> None:
    assert dollars(nusd) == said


def test_a_short_time_is_never_told_as_none() -> None:
    assert span(Spread(0.04, 9.96, 1234.5)) == "0.04 / 10 / 1,234"
    assert parts(Spread(0.04, 9.96, 1234.5)) == "0.04 / 10"
    assert parts(Spread(0, 0, 0)) == "0 / 0"
    assert (span(None), parts(None, UNMEASURED)) == ("-", "not measured")


def test_what_caches_cost_is_told_where_there_were_any() -> None:
    run = run_of({"one": [5]})
    samples = tuple(
        msgspec.structs.replace(
            it, cache_write_tokens=80, cache_read_nusd=100, cache_write_nusd=300
        )
        for it in run.samples
    )
    _, (row,) = caching(report(msgspec.structs.replace(run, samples=samples)))
    assert row == ("one", "40", "$0.0000001", "80", "$0.0000003", "40.0 %")
    _, (row,) = caching(report(run))
    assert row == ("one", "40", "-", "0", "-", "-")
    bare = tuple(msgspec.structs.replace(it, cache_read_tokens=0) for it in run.samples)
    assert caching(report(msgspec.structs.replace(run, samples=bare)))[1] == []
