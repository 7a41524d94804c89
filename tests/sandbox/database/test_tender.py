"""Whoever stands by a server takes its folder away with it, and folders that nobody holds."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from pathlib import Path

import pytest

from headgate.sandbox.database import tender

NOW = 2e9


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_swept_if_nobody_holds_it_and_only_then(place: Path) -> None:
    held, left, other = (place / f"{tender.PREFIX}{it}" for it in ("held", "left", "other"))
    for folder in (held, left):
        folder.mkdir()
        tender.prepare(str(folder))
        (folder / tender.LOCK).touch()
    other.mkdir()
    os.utime(other, (NOW - 1, NOW - 1))
    (place / "headgate-else").mkdir()
    (place / f"{tender.PREFIX}link").symlink_to(place / "headgate-else")
    with (held / tender.LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert tender.sweep(NOW) == 1
        names = {it.name.removeprefix(tender.PREFIX) for it in place.iterdir()}
        assert names == {"held", "other", "link", "headgate-else"}
    assert tender.sweep(NOW + tender.YOUNG_S) == 2
    assert not held.exists()
    assert not other.exists()


def test_a_new_folder_is_held_and_shows_its_doors_to_nobody(place: Path) -> None:
    folder = Path(tender.made())
    tender.prepare(str(folder))
    assert tender.sweep(NOW) == 0
    modes = {
        it: stat.S_IMODE((folder / it).stat().st_mode) for it in ("data", "socket", "doors")
    }
    assert modes == {"data": 0o700, "socket": 0o700, "doors": 0o311}
    tender.remove(str(folder))
    assert not folder.exists()
