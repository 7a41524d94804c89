"""`headgate archive`: what a person can see and do, and the words when something is wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.ledger.archive.segment import DAY_US
from headgate.ledger.archive.turn import turn
from headgate.store.place import connect
from tests.ledger.archive.scenes import add, rows_at

NOW_US = time.time_ns() // 1000
TIMES = (NOW_US - 20 * DAY_US, NOW_US - 10 * DAY_US, NOW_US - 10 * DAY_US + 1, NOW_US)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "headgate.db"
    connection = connect(path)
    add(connection, *rows_at(*TIMES))
    connection.close()
    return path


def run(ledger: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["archive", *words, "--ledger", str(ledger)])


def told(ledger: Path, *words: str) -> dict[str, Any]:
    result = run(ledger, *words, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def segments(ledger: Path) -> list[Path]:
    return sorted(ledger.with_name("headgate.db-archive").rglob("*.parquet"))


def test_what_is_old_is_sealed_and_what_is_asked_for_too(ledger: Path) -> None:
    assert told(ledger, "status")["hot"]["waiting"] == 3
    assert told(ledger, "seal")["rows"] == 3
    assert "no row is old enough" in run(ledger, "seal").stderr
    assert told(ledger, "seal", "--older-than", "0s")["rows"] == 1
    facts = told(ledger, "status")
    assert (facts["hot"]["rows"], facts["sealed"]["rows"]) == (0, 4)
    assert facts["shelf"] == f"{ledger}-archive"


def test_status_is_readable(ledger: Path) -> None:
    assert "3 rows are old enough to be sealed" in run(ledger, "status").stdout
    run(ledger, "seal")
    assert "never tended" in run(ledger, "status").stdout
    run(ledger, "tend")
    assert "last tended at" in run(ledger, "status").stdout


def test_small_segments_become_one(ledger: Path) -> None:
    for days in (15, 5):
        run(ledger, "seal", "--older-than", f"{days}d")
    connection = connect(ledger)
    add(connection, *rows_at(TIMES[0] + 5))
    connection.close()
    run(ledger, "seal")
    done = told(ledger, "compact")
    assert (done["replaced"], done["rows"], done["segments"]) == (2, 2, 1)
    assert told(ledger, "status")["replaced"]["segments"] == 2
    assert "nothing to compact" in run(ledger, "compact").stderr


def test_a_missing_segment_is_named_and_can_be_given_up(ledger: Path) -> None:
    run(ledger, "seal")
    assert run(ledger, "verify").exit_code == 0
    segments(ledger)[0].unlink()
    result = run(ledger, "verify")
    assert result.exit_code == 1
    assert "missing" in result.stdout
    assert "headgate archive verify --forget" in result.stderr
    found = json.loads(run(ledger, "verify", "--json").stdout)
    assert (found["segments"], len(found["flaws"])) == (2, 1)
    asked = CliRunner().invoke(
        main, ["archive", "verify", "--forget", "--ledger", str(ledger)], input="n\n"
    )
    assert asked.exit_code != 0
    assert run(ledger, "verify", "--forget", "--yes").exit_code == 0
    assert run(ledger, "verify").exit_code == 0


def test_pruning_says_what_it_would_remove_before_it_does(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(ledger, "seal")
    assert told(ledger, "prune")["expired"] == 0
    config = tmp_path / "headgate.toml"
    config.write_text("[archive]\nkeep_s = 1_296_000\n")
    monkeypatch.setenv("HEADGATE_CONFIG", str(config))
    assert told(ledger, "prune", "--dry-run") == {"rows": 1, "expired": 1, "dry_run": True}
    assert told(ledger, "status")["sealed"]["rows"] == 3
    assert "segments" in run(ledger, "prune").stdout
    assert told(ledger, "status")["sealed"]["rows"] == 2


def test_while_another_process_is_at_it_nothing_is_begun(ledger: Path) -> None:
    with turn(ledger, connect(ledger)):
        for words in ("seal", "compact", "prune"):
            result = run(ledger, words)
            assert result.exit_code == 1
            assert "another process tends this archive" in result.stderr


def test_mistakes_are_named_with_their_remedy(ledger: Path, tmp_path: Path) -> None:
    result = run(ledger, "seal", "--older-than", "soon")
    assert result.exit_code == 2
    assert "write 0s, 30m, 12h, 7d or 2w" in result.stderr
    missing = run(tmp_path / "nothing.db", "status")
    assert missing.exit_code == 1
    assert "there is no ledger" in missing.stderr


def test_with_sealing_off_a_gateway_leaves_rows_where_they_are(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "headgate.toml"
    config.write_text('[archive]\nseal = "off"\n')
    monkeypatch.setenv("HEADGATE_CONFIG", str(config))
    assert run(ledger, "tend").exit_code == 0
    assert told(ledger, "status")["hot"]["rows"] == 4


def test_an_archive_that_cannot_be_written_is_trouble_and_stays_to_be_read(
    ledger: Path, tmp_path: Path
) -> None:
    ledger.with_name("headgate.db-archive").write_text("a file in its way")
    result = run(ledger, "tend")
    assert result.exit_code == 1
    assert "cannot be made" in result.stderr
    status = run(ledger, "status")
    assert "FAILED at" in status.stdout
    assert told(ledger, "status")["hot"]["rows"] == 4
