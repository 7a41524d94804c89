"""`headgate demo`: a bill from simulated traffic, and nothing of the user's is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


def demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headgate", "demo", "--port", "0", "--seconds", "3", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_bill_names_every_key_and_says_it_is_simulated(tmp_path: Path) -> None:
    done = demo(tmp_path, "--exit")
    assert done.returncode == 0, done.stderr
    assert "ana" in done.stdout
    assert "claude-" in done.stdout
    assert "simulated" in done.stdout
    assert "no real model is called" in done.stderr
    assert "for clients that mark nothing" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_json_holds_exact_nano_dollars_for_every_call(tmp_path: Path) -> None:
    done = demo(tmp_path, "--json")
    rows = json.loads(done.stdout)
    assert sum(row["calls"] for row in rows) == 12
    assert all(isinstance(row["cost_nusd"], int) for row in rows)
    assert sum(row["cost_nusd"] for row in rows) > 0
