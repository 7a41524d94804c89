"""The guides to reconciling and to exporting are tried out as they are written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headgate.ledger.book.duck import open_duck
from headgate.ledger.insert import Batch, write
from headgate.store.sqlite import connect
from tests.e2e import guide
from tests.e2e.guide import section
from tests.ledger.rows import entry

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

AT = 1_793_000_000_000_000  # in October 2026


def test_both_sides_agree_until_a_call_goes_another_way(tmp_path: Path) -> None:
    text = guide.read("reconcile-with-the-provider.md", ("4297", "4298"))
    text = text.partition("## With your own keys")[0]
    (tmp_path / "try.toml").write_text(guide.blocks(text, "toml")[0])
    output = guide.run(text, tmp_path)
    agreed = section(output, "Agree")
    assert re.search(r"claude-opus-5-5 \(simulated\).* \$0 +equal", agreed)
    assert "did not pass through here" in section(output, "Disagree")


def test_every_export_is_there_and_a_warehouse_can_load_what_was_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / ".local" / "state" / "headgate"
    state.mkdir(parents=True)
    connection = connect(state / "headgate.db")
    connection.execute(
        "INSERT INTO owner (n, lock, pid, started_us, batch) VALUES (1, 'lock', 1, 0, 0)"
    )
    rows = [entry(id=f"c{n}", at_us=AT + n, cost_nusd=5) for n in range(4)]
    write(connection, 1, Batch(1, rows, [], []))
    connection.close()
    text = guide.read("export-and-charge-back.md", ())
    first = "## All\n" + text.partition("## FOCUS 1.2")[0]
    output = guide.run(first, tmp_path)
    assert "(none)" in output
    for name in ("calls.parquet", "calls.csv", "focus.csv", "spans.jsonl"):
        assert (tmp_path / name).stat().st_size, name
    (manifest,) = (tmp_path / "warehouse").glob("manifest-*.json")
    assert json.loads(manifest.read_text())["rows"] == 4
    monkeypatch.chdir(tmp_path)
    duck = open_duck(threads=1)
    *sets, query = filter(str.strip, guide.blocks(text, "duckdb")[0].split(";"))
    for statement in sets:
        duck.execute(statement).fetchall()
    assert duck.execute(query).fetchall() == [(rows[0].model_sent, 20 / 1e9)]
    duck.close()
