"""The folder of a cell: what is laid and taken, however its code has left it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from headgate.sandbox.model import File, Limits, Refused
from headgate.sandbox.workfolder import OUTPUT, OWN, WorkFolder

UID = 61184 if os.geteuid() == 0 else 0


def test_a_file_is_laid_with_its_folders_and_is_the_codes_own(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path, UID)
    folder.lay((File("a/b/c.sh", b"text", executable=True),))
    laid = folder.box / "a" / "b" / "c.sh"
    assert laid.read_bytes() == b"text"
    assert laid.stat().st_mode & 0o100
    owners = {it.stat().st_uid for it in (laid, laid.parent, laid.parent.parent, folder.box)}
    assert owners == {UID or os.geteuid()}


def test_a_link_in_the_way_is_replaced_at_the_end_and_refused_before_it(tmp_path: Path) -> None:
    """The code of a session may have made it while we lay the next file."""
    aim = tmp_path / "aim"
    aim.write_text("untouched")
    folder = WorkFolder(tmp_path, UID)
    (folder.box / "file").symlink_to(aim)
    (folder.box / "above").symlink_to(tmp_path)
    folder.lay((File("file", b"laid"),))
    assert (folder.box / "file").read_bytes() == b"laid"
    with pytest.raises(Refused, match="cannot be laid"):
        folder.lay((File("above/aim", b"laid"),))
    assert aim.read_text() == "untouched"
    assert aim.stat().st_uid == os.geteuid()


def test_artefacts_are_taken_once_and_our_own_files_never(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path, UID)
    folder.lay((File(f"{OUTPUT}/a", b"1"), File("b", b"2")))
    (folder.box / OWN / "cache").write_text("x")
    assert [it.path for it in folder.take(Limits())[0]] == ["a"]
    assert folder.take(Limits())[0] == ()
    found, is_over = folder.files(100, 10)
    assert ({it.path for it in found}, is_over) == ({f"{OUTPUT}/a", "b"}, False)
    assert folder.files(1, 10)[1]


def test_a_last_word_is_read_if_it_is_a_plain_file(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path, UID)
    assert folder.last_word() == ""
    folder.said.write_text("build")
    assert folder.last_word() == "build"
    folder.said.unlink()
    (tmp_path / "secret").write_text("t0ken")
    folder.said.symlink_to(tmp_path / "secret")
    assert folder.last_word() == ""
    (folder.box / OWN).rename(folder.box / "was")
    (folder.box / OWN).symlink_to(folder.box / "was")
    assert folder.last_word() == ""


@pytest.mark.slow
async def test_nothing_stays_though_its_folders_may_not_be_entered(tmp_path: Path) -> None:
    folder = await asyncio.to_thread(WorkFolder, tmp_path, UID)
    await asyncio.to_thread(folder.lay, (File("a/b/c", b"x"),))
    for it in ("a/b", "a"):
        await asyncio.to_thread((folder.box / it).chmod, 0)
    await folder.remove()
    assert await asyncio.to_thread(lambda: [*tmp_path.iterdir()]) == []
