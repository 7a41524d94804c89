"""A sample is an observation unless it failed for our sake."""

from __future__ import annotations

import pytest

from headgate.bench.grade import Grade
from headgate.bench.sample import Place, Sample


@pytest.mark.parametrize("grade", Grade)
def test_only_infrastructure_is_no_observation(grade: Grade) -> None:
    sample = Sample(arm="a", task="t", sample=1, verdict=grade)
    assert sample.is_counted == (grade is not Grade.INFRASTRUCTURE)
    assert sample.place == Place("a", "t", 1)
