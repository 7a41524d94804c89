"""Verdicts that would be the same again are kept, and no others."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headgate.bench.grade import Grade, Graded
from headgate.bench.verdicts import LASTING, Verdicts, key_of
from headgate.sandbox.model import Runtime
from tests.bench.samples import RIGHT, WRONG, doubling

RUNTIME = Runtime("python", "3.11.2", "python")


@pytest.mark.parametrize("grade", Grade)
def test_what_depends_on_the_hour_is_judged_again(tmp_path: Path, grade: Grade) -> None:
    kept = Verdicts(tmp_path / "v.db")
    key = key_of(doubling(), RIGHT, RUNTIME)
    kept.keep(key, Graded(grade=grade, why="é", ms=5.0))
    kept.close()
    found = Verdicts(tmp_path / "v.db").find(key)
    if grade in LASTING:
        assert found == Graded(grade=grade, why="é", cached=True)
    else:
        assert found is None


def test_another_task_code_or_version_is_another_verdict() -> None:
    keys = {
        key_of(doubling(), RIGHT, RUNTIME),
        key_of(doubling(), WRONG, RUNTIME),
        key_of(doubling(timeout_s=1.0), RIGHT, RUNTIME),
        key_of(doubling(lead="x"), RIGHT, RUNTIME),
        key_of(doubling(), RIGHT, msgspec.structs.replace(RUNTIME, version="3.12")),
    }
    assert len(keys) == 5
    assert key_of(doubling(prompt="else"), RIGHT, RUNTIME) in keys


def test_a_table_that_is_no_table_keeps_nothing_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "v.db").write_text("dear diary, today it rained " * 50)
    kept = Verdicts(tmp_path / "v.db")
    kept.keep(b"k", Graded(grade=Grade.PASS))
    assert kept.find(b"k") is None
    kept.close()
    Verdicts(None).keep(b"k", Graded(grade=Grade.PASS))
