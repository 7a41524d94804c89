"""A ledger with a few calls of every kind, and reports of it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.ledger.insert import Batch, write
from headgate.ledger.record import Entry
from headgate.policy.prefix import PAIR
from headgate.store import keys
from headgate.store.place import connect
from tests.ledger.rows import INTENT, entry
from tests.stores import sign_in

AT_US = 1_763_720_000_000_000
MINUTE_US = 60_000_000
CENT = 10_000_000


def call(number: int, **more: Any) -> Entry:
    head = PAIR.pack(b"\x07" * 8, 2_000) + PAIR.pack(bytes([number + 1] * 8), 4_000)
    usual: dict[str, Any] = {
        "id": f"req-{number:03d}",
        "at_us": AT_US + number * MINUTE_US,
        "session": "talk-1",
        "usage_from": "provider",
        "priced_by": "catalog",
        "prefix": head,
        "opening": "system",
        "request_bytes": 4_000,
        "tools_offered": 3,
        "tools_called": number % 2,
        "cost_nusd": CENT,
    }
    return entry(**{**usual, **more})


def ledger(folder: Path) -> Path:
    """Eight calls of two sessions, one of them much dearer, one failed; and one under way."""
    path = folder / "headgate.db"
    with contextlib.closing(connect(path)) as connection:
        sign_in(connection, 1)
        key, _ = keys.create(connection, "ci", now_us=1)
        mine: dict[str, Any] = {"key_id": key.id, "tags": "a=1,b=2"}
        rows = [call(number, **mine) for number in range(6)]
        rows.append(
            call(6, session="talk-2", cost_nusd=90 * CENT, cache_read=0, cache_write_1h=9_000)
        )
        bad: dict[str, Any] = {"status": 529, "fault": "overloaded", "ending": "error"}
        rows.append(call(7, session="", tries=2, priced_by="ceiling", model_sent="odd", **bad))
        intent = (1, INTENT._replace(id="under-way", probable_nusd=CENT))
        write(connection, 1, Batch(1, rows, [intent], []))
    return path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, words)])


def data(*words: str | Path) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
