"""Of a dataset only plain files are read, and none that a link leads out of it to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headgate.bench.reading.dataset import read
from headgate.bench.reading.opened import BadFile, content, text

TASK = 'language = "python"\nprompt = "{}"\ntests = "from solution import f"\n'


@pytest.mark.parametrize("name", ["pipe.toml", "device.toml"])
def test_what_never_ends_is_not_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.startswith("pipe"):
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    for dataset in (path, tmp_path):
        with pytest.raises(BadFile, match=r"is no file|leads out"):
            read(dataset)


@pytest.mark.parametrize("name", ["one.toml", "a/prompt.md", "a/test_solution.py"])
def test_a_link_out_of_the_folder_is_refused_and_one_within_it_is_read(
    tmp_path: Path, name: str
) -> None:
    secret, tasks = tmp_path / "secret", tmp_path / "tasks"
    secret.write_text(TASK.format("a key"))
    (tasks / "a").mkdir(parents=True)
    (tasks / "a" / "prompt.md").write_text("p")
    (tasks / "a" / "test_solution.py").write_text("from solution import f")
    link = tasks / name
    link.unlink(missing_ok=True)
    link.symlink_to(secret)
    with pytest.raises(BadFile, match="leads out of"):
        read(tasks)
    (tasks / "shared.txt").write_bytes(secret.read_bytes())
    link.unlink()
    link.symlink_to(tasks / "shared.txt")
    assert read(tasks).tasks


def test_a_folder_that_is_a_link_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "one.toml").write_text(TASK.format("p"))
    (tmp_path / "link").symlink_to(tmp_path / "tasks")
    assert [it.id for it in read(tmp_path / "link").tasks] == ["one"]


def test_the_mark_of_an_editor_and_line_ends_of_windows_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert text(path) == "a\nb"
    assert content(path) == path.read_bytes()
    path.write_bytes(b"\xe9")
    with pytest.raises(BadFile, match="not UTF-8"):
        text(path)
