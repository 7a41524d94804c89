"""What is left in an output folder: files that are plain, and no more of them than may be."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from headgate.sandbox import leftovers
from headgate.sandbox.model import Limits


def test_plain_files_become_artefacts_with_their_digest(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_bytes(b"text")
    (found,), is_beyond = leftovers.collect(str(tmp_path), Limits(), {})
    assert (found.path, found.size, found.data) == ("in/a.txt", 4, b"text")
    assert found.sha256 == hashlib.sha256(b"text").hexdigest()
    assert not is_beyond


def test_links_pipes_and_files_of_two_names_are_left_where_they_are(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("t0ken")
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    (folder / "links").symlink_to(tmp_path)
    os.link(secret, folder / "hard")
    os.mkfifo(folder / "pipe")
    assert leftovers.collect(str(folder), Limits(), {}) == ((), False)


def test_more_than_may_be_is_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name)
    found, is_beyond = leftovers.collect(str(tmp_path), Limits(artefacts=2), {})
    assert len(found) == 2
    assert is_beyond


def test_a_folder_that_became_a_link_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("x")
    (tmp_path / "output").symlink_to(tmp_path / "real")
    assert leftovers.collect(str(tmp_path / "output"), Limits(), {}) == ((), False)


def test_what_was_taken_and_is_unchanged_is_not_taken_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    before: dict[str, tuple[int, int, int]] = {}
    assert len(leftovers.collect(str(tmp_path), Limits(), before)[0]) == 1
    assert leftovers.collect(str(tmp_path), Limits(), before)[0] == ()
    (tmp_path / "a").write_text("xy")
    ((again,), _) = leftovers.collect(str(tmp_path), Limits(), before)
    assert again.data == b"xy"


def test_what_a_file_holds_decides_its_kind(tmp_path: Path) -> None:
    (tmp_path / "chart").write_bytes(b"\x89PNG\r\n\x1a\n")
    ((found,), _) = leftovers.collect(str(tmp_path), Limits(), {})
    assert found.mime == "image/png"
