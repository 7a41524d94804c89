"""What calls were for can be asked, and a finding that was acted on is measured at once."""

from __future__ import annotations

import contextlib
import json
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.audit.claims import claimed
from headgate.audit.rules.duplicate_calls import RULE
from headgate.cli.auditing import applied, purposes
from headgate.ledger.insert import Batch, write
from headgate.policy.prefix import PAIR
from headgate.store import claim as kept
from headgate.store import keys
from headgate.store.place import connect
from headgate.store.upgrade import upgrade
from tests.audit.ledgers import DAY_US, evidence_of, priced
from tests.ledger.rows import entry
from tests.stores import sign_in

pytestmark = pytest.mark.slow
SAME = b"prompt-1"


def call(n: int, at_us: int, key: str) -> dict[str, Any]:
    row = priced(
        {"at_us": at_us, "input_fresh": 4_000, "output": 300, "key_id": key, "took_us": 1}
    )
    return row | {
        "id": f"c{n}",
        "cache_read": 0,
        "prefix": PAIR.pack(b"opening-", 4_000) + PAIR.pack(SAME, 6_000),
        "opening": "system",
    }


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Two days of one prompt asked again and again, and what an audit said of it."""
    place = tmp_path / "headgate.db"
    upgrade(place)
    now = time.time_ns() // 1000
    with contextlib.closing(connect(place)) as connection:
        sign_in(connection, 1)
        key, _ = keys.create(connection, "faq", now_us=1)
        rows = [call(n, now - 2 * DAY_US + n * DAY_US // 30, key.id) for n in range(60)]
        write(
            connection,
            1,
            Batch(
                1,
                [entry(**{k: row[k] for k in row.keys() - {"calls"}}) for row in rows],
                [],
                [],
            ),
        )
        judged = [row | {"chain": [1, 2], "cover": [4, 6]} for row in rows]
        with evidence_of(judged, names={key.id: "faq"}) as evidence:
            (finding,) = RULE.judge(evidence)
            whole = replace(evidence, since_us=now - 3 * DAY_US, until_us=now)
            kept.keep(connection, [claimed(whole, finding, now)])
    return place


def run(command: Any, ledger: Path, *words: str) -> Result:
    return CliRunner().invoke(command, [*words, "--ledger", str(ledger)])


def test_a_map_is_suggested_and_then_shows_what_the_spend_was_for(
    ledger: Path, tmp_path: Path
) -> None:
    told = run(purposes, ledger, "--suggest")
    assert told.exit_code == 0, told.output
    assert tomllib.loads(told.stdout)["purposes"] == [{"purpose": "faq", "keys": ["faq"]}]
    file = tmp_path / "purposes.toml"
    file.write_text(told.stdout.replace("# valuable", "valuable"))
    shown = run(purposes, ledger, "--purposes", str(file), "--json")
    (bucket,) = json.loads(shown.stdout)
    assert (bucket["name"], bucket["value"], bucket["calls"]) == ("faq", True, 60)
    assert bucket["spend_nusd"] == bucket["after_nusd"] > 0
    table = run(purposes, ledger, "--purposes", str(file)).stdout
    assert "together" in table
    assert "value" in table
    assert "unmapped" in run(purposes, ledger).stdout


def test_a_finding_is_applied_against_the_time_before_and_can_be_withdrawn(
    ledger: Path,
) -> None:
    (listed,) = json.loads(run(applied, ledger, "--json").stdout)
    assert listed["applied_us"] is None
    assert "duplicate_calls: key faq" in run(applied, ledger).stdout
    said = run(applied, ledger, listed["id"][:5])
    assert said.exit_code == 0, said.output
    assert "is in force since" in said.stdout
    (made,) = json.loads(run(applied, ledger, "--json").stdout)
    assert made["applied_us"] > 0
    assert made["detail"]["before"][2] > 0
    undone = run(applied, ledger, listed["id"], "--undo")
    assert "is not in force" in undone.stdout


def test_what_cannot_be_measured_or_meant_is_refused(ledger: Path, tmp_path: Path) -> None:
    (listed,) = json.loads(run(applied, ledger, "--json").stdout)
    early = run(applied, ledger, listed["id"], "--at", "30d")
    assert early.exit_code == 1
    assert "this finding is not there" in early.output
    assert "still to come" in run(applied, ledger, listed["id"], "--at", "2100-01-01").output
    assert "no finding is called ffff" in run(applied, ledger, "ffff").output
    assert "--suggest prints TOML" in run(purposes, ledger, "--suggest", "--json").output
    assert "there is no ledger" in run(purposes, tmp_path / "none.db").output
    empty = tmp_path / "empty.db"
    upgrade(empty)
    assert "no audit has found anything" in run(applied, empty).output
