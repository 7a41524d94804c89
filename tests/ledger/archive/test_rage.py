"""kill -9 among writers, sealers, compactors and readers: no row is lost or there twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Postgres
from tests.stores import shaped

ROOT = Path(__file__).resolve().parents[3]
SHORT_S, LONG_S = 3.0, 600.0


def raged(place: str, folder: Path, seconds: float) -> dict[str, Any]:
    words = [place, str(folder), str(seconds), "1"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger.archive.rage", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def held(seen: dict[str, Any]) -> None:
    assert seen["wrong"] == []
    assert seen["rows"] >= seen["acked"] > 0
    assert seen["reads"] > 0
    assert seen["deaths"]["seal"] > 0


@pytest.mark.slow
@pytest.mark.e2e
def test_on_a_file_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    held(raged(str(tmp_path / "headgate.db"), tmp_path / "shelf", SHORT_S))


@pytest.mark.slow
@pytest.mark.e2e
def test_on_a_server_nothing_is_lost_or_doubled(postgres: Postgres, tmp_path: Path) -> None:
    held(raged(postgres.fresh(shaped), tmp_path / "shelf", SHORT_S))


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_lost_or_doubled_for_ten_minutes(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seconds = float(os.environ.get("RAGE_S", LONG_S))
    place = str(tmp_path / "headgate.db")
    if kind == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        place, seconds = postgres.fresh(shaped), seconds / 4
    held(raged(place, tmp_path / "shelf", seconds))
