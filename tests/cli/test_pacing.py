"""What the ledger tells of times and of who calls."""

from __future__ import annotations

from pathlib import Path

from headgate.cli.openbook import book_since
from headgate.cli.pacing import ENOUGH, situation_of, times
from headgate.ledger import insert
from headgate.money.decision.gateway import Situation
from headgate.store.place import connect
from tests.ledger.rows import entry

DAY_US = 86_400_000_000


def ledger(folder: Path, calls: int) -> Path:
    place = folder / "headgate.db"
    connection = connect(place)
    first = entry()
    rows = [
        first._replace(
            id=f"r{n}",
            at_us=first.at_us + n * 1_000_000,
            ttft_us=100_000 * (n + 1),
            took_us=200_000 * (n + 1),
            key_id=f"k{n % 5}",
            provider=("anthropic", "openai")[n % 2],
            cost_nusd=10**9,
            fault="overloaded" if n % 10 == 0 else "",
            model_sent="m",
        )
        for n in range(calls)
    ]
    insert._insert_calls(connection, rows)
    connection.close()
    return place


def test_a_model_is_timed_by_its_slow_calls(tmp_path: Path) -> None:
    with book_since("1d", (ledger(tmp_path, 100), None)) as book:
        found = times(book, 90)["m"]
    assert 4.5 <= found.ttft_p50_s <= 5.5
    assert 8.5 <= found.ttft_slow_s <= 9.5
    assert found.whole_slow_s == 2 * found.ttft_slow_s


def test_a_model_that_was_hardly_called_was_not_measured(tmp_path: Path) -> None:
    with book_since("1d", (ledger(tmp_path, ENOUGH - 1), None)) as book:
        assert times(book, 99) == {}


def test_the_ledger_knows_who_calls(tmp_path: Path) -> None:
    found = situation_of("1d", (ledger(tmp_path, 40), None), Situation(hourly_nusd=7))
    assert (found.keys, found.vendors, found.hourly_nusd) == (5, 2, 7)
    assert found.failing_share == 0.1
    assert found.monthly_nusd == 40 * 30 * 10**9
