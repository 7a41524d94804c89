"""Sealing is tried out as the guide says, and beside a gateway that serves."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headgate.ledger.archive.segment import DAY_US
from headgate.store.place import connect
from tests.e2e import guide
from tests.e2e.guide import section
from tests.ledger.archive.scenes import add, rows_at

PORTS = ("4487", "4488")
SOON = """
import sys
from headgate.cli import main, tending
tending.FIRST_S = 0.1
sys.argv[1:] = ["up", *sys.argv[1:]]
main()
"""


@pytest.mark.slow
@pytest.mark.e2e
def test_sealing_goes_as_the_guide_says(tmp_path: Path) -> None:
    text = guide.read("keep-years-of-rows.md", PORTS)
    (tmp_path / "years.toml").write_text(guide.blocks(text, "toml")[0])
    output = guide.run(text, tmp_path)
    sealed = section(output, "Seal them")
    assert "years.db-archive" in sealed
    assert "claude-sonnet-5-5" in sealed
    checked = section(output, "Check that everything is there")
    words = [
        line for line in checked.splitlines() if line in ("whole", "broken", "whole again")
    ]
    assert words == ["whole", "broken", "whole again"]
    assert "missing" in checked
    assert "would be removed" in section(output, "Keep it small")


@pytest.mark.slow
@pytest.mark.e2e
def test_a_gateway_that_serves_has_old_rows_sealed_and_stops_at_once(tmp_path: Path) -> None:
    ledger = tmp_path / "headgate.db"
    now_us = time.time_ns() // 1000
    with contextlib.closing(connect(ledger)) as connection:
        add(connection, *rows_at(now_us - 9 * DAY_US, now_us))
    file = tmp_path / "headgate.toml"
    file.write_text(f'[ledger]\npath = "{ledger}"\n[providers.anthropic]\napi_key = "env:K"\n')
    words = [f"--config={file}", "--port=0", "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", SOON, *words],
        env=os.environ | {"K": "sk-ant-any", "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "url" in json.loads(process.stdout.readline())
        _sealed(ledger)
        began = time.monotonic()
        process.terminate()
        assert process.wait(20) == 0
        assert time.monotonic() - began < 10


def _sealed(ledger: Path) -> None:
    ends = time.monotonic() + 30
    while True:
        with contextlib.closing(connect(ledger)) as connection:
            if connection.execute("SELECT count(*) FROM segment").fetchone() == (1,):
                assert connection.execute("SELECT count(*) FROM call").fetchone() == (1,)
                return
        assert time.monotonic() < ends, "nobody sealed anything"
        time.sleep(0.1)
