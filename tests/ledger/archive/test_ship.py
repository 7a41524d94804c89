"""A warehouse gets every sealed row once, whatever happens on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.config.model import Archive
from headgate.ledger.archive import ship as shipping
from headgate.ledger.archive.chore import last
from headgate.ledger.archive.compact import compact
from headgate.ledger.archive.retain import GONE_US, SECOND, prune
from headgate.ledger.archive.segment import DAY_US, live, retire
from headgate.ledger.archive.ship import (
    CHORE,
    Route,
    Shipped,
    manifest_name,
    ship,
    ship_due,
)
from headgate.ledger.book.book import open_files
from headgate.ledger.shelf import Folder, ShelfError
from headgate.store.place import Place
from headgate.store.sql import Connection
from tests.ledger.archive.scenes import NOON, seal_each, shelf_in

pytestmark = pytest.mark.slow


class Warehouse(Folder):
    """A folder that may break down."""

    puts_left = 1_000

    def put(self, path: str, local: Path) -> None:
        if self.puts_left == 0:
            raise ShelfError("the warehouse is away", "wait")
        self.puts_left -= 1
        super().put(path, local)


class Scene:
    """A store, its shelf and a warehouse."""

    def __init__(self, connection: Connection, place: Place, folder: Path) -> None:
        self.connection, self.place, self.folder = connection, place, folder
        self.there = Warehouse(folder / "warehouse")
        self.route = Route(shelf_in(folder), self.there, "warehouse")

    def ship(self, archive: Archive | None = None, now_us: int = NOON) -> Shipped:
        return ship(self.connection, self.route, archive or Archive(), now_us)

    def manifest(self) -> Any:
        return json.loads((self.there.root / manifest_name(self.connection)).read_text())

    def loaded(self) -> int:
        """Rows of whoever loads what the manifest names."""
        files = [self.there.root / it["path"] for it in self.manifest()["segments"]]
        if not files:
            return 0
        with open_files(files) as book:
            return int(book.one("SELECT count(DISTINCT id) FROM book")[0])


@pytest.fixture
def scene(connection: Connection, store: Place, tmp_path: Path) -> Scene:
    it = Scene(connection, store, tmp_path)
    seal_each(connection, store, tmp_path, [NOON, NOON + 1, NOON + 2])
    return it


def test_every_segment_is_copied_once(scene: Scene) -> None:
    assert scene.ship()[:2] == (3, 3)
    assert scene.ship() == Shipped()
    assert (scene.manifest()["rows"], scene.loaded()) == (3, 3)


def test_whoever_is_interrupted_goes_on_from_there(scene: Scene) -> None:
    scene.there.puts_left = 2
    with pytest.raises(ShelfError):
        scene.ship()
    assert not (scene.there.root / manifest_name(scene.connection)).exists()
    scene.there.puts_left = 1_000
    assert scene.ship().segments == 1
    assert scene.loaded() == 3


def test_what_was_compacted_counts_once_and_goes_a_day_later(scene: Scene) -> None:
    scene.ship()
    later = NOON + 3_600 * SECOND
    assert compact(scene.place, scene.route.here, later + 3 * DAY_US).segments == 1
    done = scene.ship(now_us=later)
    assert (done.segments, done.removed) == (1, 0)
    assert (len(scene.manifest()["segments"]), scene.loaded()) == (1, 3)
    assert len(list(scene.there.listed())) == 4
    assert scene.ship(now_us=later + GONE_US + 1).removed == 3
    assert [it.path for it in scene.there.listed()] == [
        it["path"] for it in scene.manifest()["segments"]
    ]


def test_what_was_undone_leaves_the_manifest(scene: Scene) -> None:
    scene.ship()
    first = live(scene.connection)[0]
    retire(scene.connection, [first.path], NOON)
    scene.ship()
    assert scene.loaded() == 2


def test_what_only_grew_too_old_here_stays_in_the_warehouse(scene: Scene) -> None:
    scene.ship()
    archive = Archive(keep_s=86_400.0, keep_hot_s=3_600.0)
    later = NOON + 30 * DAY_US
    assert prune(scene.connection, scene.route.here, archive, later).expired == 3
    scene.ship(archive, later)
    assert live(scene.connection) == []
    assert scene.loaded() == 3
    prune(scene.connection, scene.route.here, archive, later + 9 * DAY_US)
    scene.ship(archive, later + 9 * DAY_US)
    assert scene.loaded() == 3


def test_a_segment_that_is_missing_here_is_named(scene: Scene) -> None:
    missing = live(scene.connection)[1].path
    (shelf_in(scene.folder).root / missing).unlink()
    with pytest.raises(ShelfError, match="is not in"):
        scene.ship()


def test_a_segment_that_is_damaged_is_not_shipped(scene: Scene) -> None:
    damaged = live(scene.connection)[0].path
    (shelf_in(scene.folder).root / damaged).write_bytes(b"x")
    with pytest.raises(ShelfError, match="is damaged"):
        scene.ship()
    assert list(scene.there.listed()) == []


def test_a_segment_that_goes_meanwhile_is_left_out(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments = live(scene.connection)
    retire(scene.connection, [segments[0].path], NOON)
    (shelf_in(scene.folder).root / segments[0].path).unlink()
    answers = [segments]
    real = live
    monkeypatch.setattr(shipping, "live", lambda it: answers.pop() if answers else real(it))
    assert scene.ship().segments == 2
    assert scene.loaded() == 2


def test_what_is_due_is_shipped_where_the_settings_say_and_trouble_is_kept(
    scene: Scene, tmp_path: Path
) -> None:
    here = scene.route.here
    assert ship_due(scene.place, here, Archive(), {}, NOON) is None
    archive = Archive(ship=str(tmp_path / "far"))
    done = ship_due(scene.place, here, archive, {}, NOON)
    assert done is not None
    assert done.segments == 3
    (tmp_path / "file").write_text("in the way")
    blocked = Archive(ship=str(tmp_path / "file" / "below"))
    with pytest.raises(OSError, match="below"):
        ship_due(scene.place, here, blocked, {}, NOON + 1)
    kept = last(scene.connection, CHORE)
    assert kept is not None
    assert (kept.worked_us, "below" in kept.trouble) == (NOON, True)


def test_a_manifest_that_could_not_be_written_is_written_the_next_time(scene: Scene) -> None:
    scene.there.puts_left = 3
    with pytest.raises(ShelfError):
        scene.ship()
    scene.there.puts_left = 1
    assert scene.ship() == Shipped()
    assert scene.loaded() == 3
    assert scene.ship() == Shipped(), "it is there, and is not written again"


def test_what_a_killed_process_left_half_copied_is_swept_up(scene: Scene) -> None:
    tag = manifest_name(scene.connection).removeprefix("manifest-").removesuffix(".json")
    left = scene.there.staging() / f"ship-{tag}-0123.part"
    others = scene.there.staging() / "ship-00c0ffee-0123.part"
    for file in (left, others):
        file.write_bytes(b"half")
    scene.ship()
    assert (left.exists(), others.exists()) == (False, True)
