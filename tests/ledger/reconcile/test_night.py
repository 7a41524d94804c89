"""Every night is reconciled once, by one of however many could."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from headgate.config.model import Config, Reconcile
from headgate.ledger.archive.chore import last
from headgate.ledger.reconcile import night
from headgate.ledger.reconcile.night import CHORE, HELD_US, claim, reconcile_if_due
from headgate.ledger.reconcile.page import NoReport
from headgate.ledger.reconcile.run import Outcome
from headgate.ledger.reconcile.sides import DAY_US
from headgate.ledger.reconcile.verdict import Verdict
from headgate.ledger.shelf import Folder
from headgate.store.place import Place
from headgate.store.sql import Connection

DUE = 20_740 * DAY_US
EMPTY = Verdict("no report", None, (), (), ())
CONFIG = Config(reconcile=Reconcile(daily_at="00:00"))


def test_one_has_the_night_until_it_died_or_is_done(connection: Connection) -> None:
    assert claim(connection, DUE, DUE + 1)
    assert not claim(connection, DUE, DUE + 2)
    assert claim(connection, DUE, DUE + 1 + HELD_US)


class Nights:
    """What a night does, scripted."""

    def __init__(self) -> None:
        self.done = 0
        self.trouble: NoReport | None = None
        self.breaks = False

    def __call__(self, *_: Any) -> tuple[list[Outcome], Verdict]:
        self.done += 1
        if self.breaks:
            raise ValueError("a bug")
        return [Outcome("anthropic", 0, 0, self.trouble)], EMPTY


@pytest.fixture
def nights(monkeypatch: pytest.MonkeyPatch) -> Nights:
    it = Nights()
    monkeypatch.setattr(night, "nightly", it)
    monkeypatch.setattr(night, "now_us", lambda: DUE + 5)
    return it


def test_what_went_well_is_done_once(
    nights: Nights, store: Place, connection: Connection, tmp_path: Path
) -> None:
    shelf = Folder(tmp_path / "shelf")
    assert reconcile_if_due(store, shelf, CONFIG) is not None
    assert reconcile_if_due(store, shelf, CONFIG) is None
    assert nights.done == 1
    kept = last(connection, CHORE)
    assert kept is not None
    assert (kept.worked_us, kept.trouble) == (DUE + 5, "")


def test_what_went_wrong_is_kept_and_tried_again(
    nights: Nights, store: Place, connection: Connection, tmp_path: Path
) -> None:
    shelf = Folder(tmp_path / "shelf")
    nights.trouble = NoReport("it is away", "wait")
    found = reconcile_if_due(store, shelf, CONFIG)
    assert found is not None
    assert found.trouble == "anthropic: it is away; wait"
    kept = last(connection, CHORE)
    assert kept is not None
    assert (kept.worked_us, kept.trouble) == (0, "anthropic: it is away; wait")
    nights.trouble, nights.breaks = None, True
    with contextlib.suppress(ValueError):
        reconcile_if_due(store, shelf, CONFIG)
    kept = last(connection, CHORE)
    assert kept is not None
    assert kept.trouble == "a bug"
    nights.breaks = False
    assert reconcile_if_due(store, shelf, CONFIG) is not None
    assert nights.done == 3


def test_without_a_time_of_day_no_night_is_due(
    nights: Nights, store: Place, tmp_path: Path
) -> None:
    config = Config(reconcile=Reconcile(daily_at=""))
    assert reconcile_if_due(store, Folder(tmp_path), config) is None
    assert nights.done == 0
