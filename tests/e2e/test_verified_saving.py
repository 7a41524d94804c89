"""An audit claims, somebody acts, and a later audit says what came of it: on one ledger, with
the commands as they are typed. The traffic and its cache are simulated."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headgate.cli import main
from headgate.ledger.insert import Batch, write
from headgate.ledger.record import Entry
from headgate.policy.prefix import PAIR
from headgate.store import keys
from headgate.store.place import connect
from headgate.store.upgrade import upgrade
from tests.audit.ledgers import DAY_US, MONDAY_US
from tests.audit.planted.plants import Ground, Plant, duplicate_calls, idle_tools, no_caching
from tests.audit.planted.traffic import rows
from tests.ledger.rows import entry
from tests.stores import sign_in

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
SPAN_US = 6 * DAY_US
TIMES = 2
"""so often before the change, and after it: half of it has to show the waste too"""


def headgate(*words: str) -> Any:
    done = CliRunner().invoke(main, [*words])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def entries(found: Iterable[dict[str, Any]], shift_us: int, name: str) -> list[Entry]:
    """The same rows later, with the fingerprints as a gateway keeps them."""
    made = []
    for n, row in enumerate(found):
        pairs = zip(row["chain"], row["cover"], strict=True)
        kept = {key: value for key, value in row.items() if key in Entry._fields}
        kept["prefix"] = b"".join(PAIR.pack(it.to_bytes(8), size) for it, size in pairs)
        kept |= {"id": f"{name}-{n}", "at_us": row["at_us"] + shift_us}
        made.append(entry(**{"simulated": 1, **kept}))
    return made


def test_what_was_claimed_is_verified_once_somebody_has_acted(tmp_path: Path) -> None:
    place = tmp_path / "headgate.db"
    upgrade(place)
    now = time.time_ns() // 1000
    # whole days: where midnight falls in a time decides how many of its parts show a waste
    midnight = now - now % DAY_US
    first = midnight - 2 * TIMES * SPAN_US - MONDAY_US
    with contextlib.closing(connect(place)) as connection:
        sign_in(connection, 1)
        names = ("faq", "talk", "rag")
        ids = [keys.create(connection, it, now_us=1)[0].id for it in names]
        ground = Ground(11)
        made = (duplicate_calls, idle_tools, no_caching)
        plants: list[Plant] = [make(ground, id_) for make, id_ in zip(made, ids, strict=True)]
        before = rows(it for plant in plants for it in plant.asks)
        for n in range(TIMES):
            made_before = entries(before, first + n * SPAN_US, f"before{n}")
            write(connection, 1, Batch(n + 1, made_before, [], []))
        ledger = ("--ledger", str(place))
        audit = headgate("audit", "run", "--json", *ledger)
        claims = {it["subject"].split(",")[0]: it for it in audit["claims"]}
        assert {*claims} == {"key faq", "key talk", "key rag"}
        day = time.strftime(
            "%Y-%m-%dT%H:%M", time.localtime((midnight - TIMES * SPAN_US) / 1e6)
        )
        for it in claims.values():
            headgate("audit", "applied", it["id"], "--at", day, "--json", *ledger)
        # Two of the three did what they said; the third only said so.
        faq, talk, rag = plants
        after = rows(it for asks in (faq.changed, talk.changed, rag.asks) for it in asks)
        for n in range(TIMES, 2 * TIMES):
            made_later = entries(after, first + n * SPAN_US, f"after{n}")
            write(connection, 1, Batch(n + 1, made_later, [], []))
    later = headgate("audit", "run", "--json", *ledger)
    told = {it["claim"]["subject"].split(",")[0]: it["found"] for it in later["verified"]}
    assert {who: it["state"] for who, it in told.items()} == {
        "key faq": "verified",
        "key talk": "verified",
        "key rag": "not so",
    }
    for who in ("key faq", "key talk"):
        claimed = claims[who]["saving_nusd"]
        assert told[who]["saved_nusd"] == pytest.approx(claimed, rel=0.25)
