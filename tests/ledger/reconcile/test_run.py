"""One reconciliation asks whom it has a key of, and loses nothing when one does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.config import load
from headgate.ledger import insert
from headgate.ledger.reconcile import run
from headgate.ledger.reconcile.fetch import Fetched, Source
from headgate.ledger.reconcile.page import NoReport
from headgate.ledger.reconcile.reported import Reported, drifts, rows
from headgate.ledger.reconcile.run import Books, bring, judge, sellers, sources
from headgate.ledger.reconcile.sides import DAY_US
from headgate.ledger.shelf import Folder
from headgate.store.place import Place
from headgate.store.sql import Connection, transaction
from headgate.store.sqlite import connect
from tests.ledger.rows import entry

DAY = 20_740
ENV = {"K": "sk-x", "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-x"}
USED = Reported("anthropic", "", DAY, "claude-opus-5-5", "", "", 1, 1_000, 0, 0, 0, 10)
CONFIG = load(
    '[providers.eu]\nkind = "anthropic"\napi_key = "env:K"\n'
    '[providers.mine]\nkind = "ollama"\nbase_url = "http://127.0.0.1:1"\n'
    '[reconcile]\nanthropic_workspaces = ["w1"]\n',
    ENV,
    source="x",
)


def test_whoever_has_an_admin_key_is_asked() -> None:
    assert sources(CONFIG) == [Source("anthropic", "sk-ant-admin01-x", "", ("w1",))]


def test_calls_are_in_the_report_of_their_vendor_whatever_the_provider_is_called() -> None:
    assert sellers(CONFIG) == {"eu": "anthropic", "mine": "mine"}


def test_one_that_does_not_answer_stops_nobody_else(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(source: Source, first: int, last: int) -> Fetched:
        if source.provider == "openai":
            raise NoReport("it is away", "wait")
        return Fetched([USED], {("anthropic", DAY, True)}, "")

    monkeypatch.setattr(run, "fetch", fetch)
    asked = [Source("openai", "k"), Source("anthropic", "k")]
    lost, got = bring(connection, asked, DAY, DAY)
    assert lost.trouble is not None
    assert (got.rows, got.days) == (1, 1)
    assert rows(connection, DAY, DAY)


def test_what_is_found_is_kept_for_whoever_watches(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    row = entry(
        at_us=DAY * DAY_US + 5,
        provider="eu",
        model_sent="claude-opus-5-5-20261021",
        model_served="",
        surface="messages",
        answered_from="",
        simulated=0,
        input_fresh=1_000,
        cost_nusd=4_000_000,
        input_nusd=4_000_000,
        output=0,
    )
    with transaction(connection):
        insert._insert_calls(connection, [row])
    run.hold(connection, Fetched([USED], set(), ""), (DAY + 2) * DAY_US)
    books = Books(connection, store, Folder(tmp_path / "archive"))
    found = judge(books, CONFIG, DAY * DAY_US, (DAY + 1) * DAY_US)
    assert found.state == "unreconciled"
    (kept,) = drifts(connection, DAY)
    assert (kept.ours_nusd, kept.theirs_nusd) == (4_000_000, 4_200_000)


def test_a_night_asks_for_the_last_days_up_to_midnight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    async def fetch(source: Source, first: int, last: int) -> Fetched:
        asked.append((first, last))
        return Fetched([], set(), "")

    monkeypatch.setattr(run, "fetch", fetch)
    monkeypatch.setattr(run, "now_us", lambda: (DAY + 1) * DAY_US + 5)
    place = tmp_path / "headgate.db"
    connection = connect(place)
    done, found = run.nightly(Books(connection, place, Folder(tmp_path)), CONFIG)
    assert asked == [(DAY - 6, DAY)]
    assert [it.provider for it in done] == ["anthropic"]
    assert found.state == "no report"
    connection.close()
