"""What a hostile run left is collected without following it anywhere."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.worker import collect, frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "output"
    place.mkdir()
    return place


def taken(folder: Path, files: int = 10, size: int = 1000) -> tuple[list[str], bool]:
    taking = collect.Taking(files, size, {})
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    paths = []
    for left in taking.files(fd):
        paths.append(left.path)
        os.close(left.fd)
    os.close(fd)
    return paths, taking.is_over


def test_links_pipes_sockets_and_second_names_are_left_alone(folder: Path) -> None:
    outside = folder.parent / "secret"
    outside.write_text("secret")
    (folder / "link").symlink_to(outside)
    (folder / "folder").symlink_to(folder.parent)
    (folder / "loop").symlink_to(folder)
    os.link(outside, folder / "twin")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(os.path.relpath(folder / "socket"))
    (folder / "real").write_text("1")
    assert taken(folder) == (["real"], False)


def test_a_file_larger_than_what_is_left_is_left_out_and_that_is_told(folder: Path) -> None:
    with open(folder / "sparse", "wb") as file:
        file.truncate(50 << 30)
    (folder / "small").write_text("1")
    assert taken(folder) == (["small"], True)


def test_many_files_and_deep_folders_end_the_collection(folder: Path) -> None:
    for number in range(20):
        (folder / f"{number:02}").write_text("1")
    assert taken(folder, files=5) == ([f"{it:02}" for it in range(5)], True)
    deep = folder / "/".join(["d"] * 40)
    deep.mkdir(parents=True)
    (deep / "file").write_text("1")
    assert taken(folder, files=50)[1]


def test_what_was_taken_before_is_taken_again_only_if_it_changed(folder: Path) -> None:
    (folder / "a").write_text("1")
    (folder / "b").write_text("1")
    before: dict[str, tuple[int, int, int]] = {}
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for expected in (["a", "b"], ["b"]):
        left = list(collect.Taking(9, 99, before).files(fd))
        assert [it.path for it in left] == expected
        for it in left:
            os.close(it.fd)
        (folder / "b").write_text("22")
    os.close(fd)


def test_a_file_that_grows_while_it_is_read_is_read_to_its_told_size(folder: Path) -> None:
    (folder / "a").write_bytes(b"abc")
    fd = os.open(folder / "a", os.O_RDONLY)
    (folder / "a").write_bytes(b"abcdef")
    data = b"".join(collect.told(collect.Left("a", fd, 3, False), 7))
    head, piece = frames.Unpacker().feed(data)
    assert (head.said["size"], piece.payload) == (3, b"abc")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\nb", "a_b"),
        ("gpj\u202e.exe", "gpj_.exe"),
        (os.fsdecode(b"\xff\xfe.txt"), "\ufffd\ufffd.txt"),
        ("-rf", "_rf"),
        ("..", "_"),
        ("a\\b", "a_b"),
        ("dir/\x1b[2J", "dir/_[2J"),
        ("\ud800\udc80", "_\ufffd"),
    ],
)
def test_a_name_neither_steers_a_terminal_nor_misleads(raw: str, shown: str) -> None:
    assert collect.tame(raw) == shown


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1))
def test_a_tamed_name_stays_one_name_and_tame(name: str) -> None:
    shown = collect.tame(name)
    assert shown
    assert collect.tame(shown) == shown
    assert "/" not in shown
    assert shown not in (".", "..")
