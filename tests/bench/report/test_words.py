"""Words say no more than numbers do."""

from __future__ import annotations

import pytest

from headgate.bench.report.words import dollars


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
