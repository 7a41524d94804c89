"""Several processes write one ledger: each gets its turn soon, no row is lost or doubled."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.shape.tree import ROOT

WRITERS = 4


def contend(ledger: Path, seconds: float, rate: float) -> dict[str, Any]:
    """What all writers say together; `rate`: rows a second of each."""
    command = [sys.executable, "-m", "tests.ledger.contend", str(ledger)]
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, str(seconds), str(rate)],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(WRITERS)
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        said = [json.loads(writer.communicate(timeout=seconds + 30)[0]) for writer in writers]
    took = sorted(ms for each in said for ms in each["took_ms"])
    return {
        "rows": sum(each["rows"] for each in said),
        "troubles": [words for each in said for words in each["troubles"]],
        "p50_ms": took[len(took) // 2],
        "p99_ms": took[int(len(took) * 0.99)],
        "worst_ms": took[-1],
    }


@pytest.mark.slow
def test_four_writers_wait_for_each_other_briefly_and_lose_nothing(tmp_path: Path) -> None:
    ledger = tmp_path / "headgate.db"
    seen = contend(ledger, 2.0, 250)
    print(seen)
    assert seen["troubles"] == []
    assert seen["p99_ms"] < 1000
    with contextlib.closing(sqlite3.connect(ledger)) as db:
        assert db.execute("SELECT count(*) FROM call").fetchone() == (seen["rows"],)
        assert db.execute("SELECT count(*) FROM intent").fetchone() == (0,)
        spent = "SELECT sum(calls), sum(cost_nusd) FROM spend WHERE account = 'house'"
        assert db.execute(spent).fetchone() == (seen["rows"], 5 * seen["rows"])
