"""Whether a key opens the gate is told as the gateway would decide it, and who refuses."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

import pytest

from headgate.cli import Trouble
from headgate.cli.gate import holder, judge
from headgate.store import keys
from headgate.store import tenant as tenants
from headgate.store.sqlite import connect
from headgate.store.traits import Changes

ASKED = ("claude-haiku-5-5", "messages")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "headgate.db"


@pytest.fixture
def operator(ledger: Path) -> Iterator[Connection]:
    with contextlib.closing(connect(ledger)) as connection:
        yield connection


def now_us() -> int:
    return time.time_ns() // 1000


def test_without_any_key_the_gate_is_open(ledger: Path, operator: Connection) -> None:
    assert judge(ledger, None, None, ASKED)["open"] is True
    assert judge(ledger.with_name("none.db"), None, None, ASKED)["open"] is True


def test_the_level_that_refuses_is_named_with_what_may_be_used(
    ledger: Path, operator: Connection
) -> None:
    given = Changes(models=("claude-*",))
    tenants.create(operator, "search", parent="default", changes=given, now_us=now_us())
    _, secret = keys.create(operator, "alice", team="search", now_us=now_us())
    told = judge(ledger, secret, None, ASKED)
    assert told["open"] is True
    assert str(told["why"]).endswith("(alice) of default/search")
    refused = judge(ledger, None, "alice", ("gpt-6", "chat"))
    assert refused["open"] is False
    assert refused["why"] == (
        "403: team 'search' may not use model 'gpt-6'; this key may use claude-*"
    )
    assert judge(ledger, None, None, ASKED)["open"] is None


def test_a_name_that_was_used_again_means_the_living_key(
    ledger: Path, operator: Connection
) -> None:
    keys.create(operator, "alice", now_us=1)
    keys.revoke(operator, "alice", now_us=2)
    assert "is revoked" in str(judge(ledger, None, "alice", ASKED)["why"])
    keys.create(operator, "alice", now_us=3)
    assert judge(ledger, None, "alice", ASKED)["open"] is True


def test_a_name_that_is_nobodys_is_answered_with_what_was_meant(
    ledger: Path, operator: Connection
) -> None:
    keys.create(operator, "alice", now_us=1)
    with pytest.raises(Trouble) as caught:
        judge(ledger, None, "alcie", ASKED)
    assert "did you mean 'alice'?" in caught.value.hint


def test_the_key_that_was_named_is_found_whether_it_opens_or_not(
    ledger: Path, operator: Connection
) -> None:
    _, secret = keys.create(operator, "alice", now_us=now_us())
    for found in (holder(ledger, secret, None), holder(ledger, None, "alice")):
        assert found is not None
        assert found.name == "alice"
    assert holder(ledger, None, None) is None
    assert holder(ledger, "hg-wrong", None) is None
    assert holder(ledger.with_name("none.db"), None, "alice") is None
