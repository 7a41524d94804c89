"""Each thing that cannot be checked has its own words, and nothing dangerous is opened."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from headgate.validate.gather import Wanted, gather


def refused(here: Path, *paths: str) -> list[str]:
    projects, wrong = gather(Wanted(paths, here))
    assert projects == []
    return [it.what for it in wrong]


def names(here: Path, *paths: str) -> list[str]:
    projects, wrong = gather(Wanted(paths, here))
    assert wrong == []
    return sorted(source.path for project in projects for source in project.sources)


def test_each_wrong_name_has_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "lost.py").symlink_to("nowhere.py")
    (tmp_path / "out.py").symlink_to("/etc/passwd")
    with socket.socket(socket.AF_UNIX) as sock:
        os.chdir(tmp_path)
        sock.bind("sock.py")
        said = refused(
            tmp_path,
            *("gone.py", "notes.txt", "empty", "pipe.py", "sock.py", "lost.py", "out.py"),
            "two\nlines\u202e.py",
        )
    assert len(set(said)) == 8
    for part in (
        *("gone.py does not exist", "which language", "no source file", "a pipe"),
        *("sock.py is no regular file", "leads nowhere", "leads out of"),
        "two\\nlines\\u202e.py does not exist",
    ):
        assert any(part in it for it in said), (part, said)


def test_a_giant_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.py").open("wb") as file:
        file.truncate(10 << 30)
    assert "10,737,418,240 bytes" in refused(tmp_path, "huge.py")[0]


def test_what_merely_lies_in_a_folder_keeps_nothing_from_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "ok.py").write_text("x = 1\n")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "lost.py").symlink_to("nowhere.py")
    with (tmp_path / "huge.py").open("wb") as file:
        file.truncate(10 << 30)
    projects, wrong = gather(Wanted((".",), tmp_path))
    assert [it.path for project in projects for it in project.sources] == ["ok.py"]
    assert [(it.is_named, it.what.partition(" ")[0]) for it in wrong] == [(False, "huge.py")]


def test_standard_input_is_a_file_of_the_language_that_is_said(tmp_path: Path) -> None:
    projects, _ = gather(Wanted(("-",), tmp_path, "go", b"package main\n"))
    assert [it.suffix for it in projects[0].sources] == [".go"]
    projects, _ = gather(Wanted(("-",), tmp_path, "", b"#!/usr/bin/env bash\n"))
    assert [it.suffix for it in projects[0].sources] == [".sh"]


def test_a_folder_gives_its_sources_once_and_what_git_ignores_is_left_out(
    tmp_path: Path,
) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name in ("a.py", "sub/b.ts", "skip/c.py", "d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".gitignore").write_text("skip/\n")
    (tmp_path / "link.py").symlink_to("a.py")
    assert names(tmp_path, ".", "a.py") == ["a.py", "sub/b.ts"]


def test_what_git_named_is_passed_over_where_it_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "link.py").symlink_to("/nowhere")
    wanted = Wanted(("link.py", "gone.py"), tmp_path, changed=frozenset(("link.py", "gone.py")))
    assert gather(wanted) == ([], [])
