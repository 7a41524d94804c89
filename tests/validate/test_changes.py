"""What has changed is what git says of a branch, whatever state the repository is in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.validate.changes import changed
from headgate.validate.gather import Refusal
from headgate.validate.project import repository

Git = Callable[..., None]


def git_in(folder: Path) -> Git:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        safe = ("-c", "protocol.file.allow=always")
        subprocess.run(
            ["git", "-C", str(folder), *who, *safe, *words], check=True, capture_output=True
        )

    return git


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Two commits on main; feature has left it and renamed, removed and changed files."""
    repository.cache_clear()
    folder = tmp_path / "top"
    folder.mkdir()
    git = git_in(folder)
    git("init", "-q", "-b", "main")
    for name in ("kept", "renamed", "removed", "altered"):
        (folder / f"{name}.py").write_text(f"{name} = 1\n")
    (folder / ".gitignore").write_text("ignored.py\n")
    git("add", ".")
    git("commit", "-qm", "one")
    git("checkout", "-q", "-b", "feature")
    git("mv", "renamed.py", "new_name.py")
    git("rm", "-q", "removed.py")
    (folder / "altered.py").write_text("altered = 2\n")
    git("commit", "-qam", "two")
    return folder


FEATURE = ["altered.py", "new_name.py"]


def test_of_a_branch_renamed_files_count_by_their_new_name_and_removed_ones_not(
    top: Path,
) -> None:
    assert changed(top, "main") == FEATURE
    assert changed(top, "HEAD~1") == FEATURE
    assert changed(top, "HEAD") == []


def test_staged_unstaged_and_new_files_count_and_ignored_ones_do_not(top: Path) -> None:
    git = git_in(top)
    for name in ("staged", "new", "ignored", "gone"):
        (top / f"{name}.py").write_text("x = 1\n")
    git("add", "staged.py", "gone.py")
    (top / "gone.py").unlink()
    (top / "kept.py").write_text("kept = 2\n")
    (top / "notes.txt").write_text("no source\n")
    assert changed(top, "HEAD") == ["kept.py", "new.py", "staged.py"]
    assert changed(top, "main") == sorted([*FEATURE, "kept.py", "new.py", "staged.py"])


def test_what_the_other_branch_did_since_is_no_change_of_ours(top: Path) -> None:
    git = git_in(top)
    git("checkout", "-q", "main")
    (top / "kept.py").write_text("kept = 3\n")
    git("commit", "-qam", "three")
    git("checkout", "-q", "feature")
    assert changed(top, "main") == FEATURE


def test_a_head_that_is_no_branch_is_compared_like_one(top: Path) -> None:
    git_in(top)("checkout", "-q", "--detach", "feature")
    assert changed(top, "main") == FEATURE


def test_histories_without_a_shared_commit_are_compared_as_they_stand(top: Path) -> None:
    git = git_in(top)
    git("checkout", "-q", "--orphan", "other")
    (top / "kept.py").write_text("kept = 4\n")
    git("commit", "-qam", "apart")
    assert changed(top, "main") == ["altered.py", "kept.py", "new_name.py"]


def test_where_nothing_is_committed_everything_is_new(tmp_path: Path) -> None:
    git = git_in(tmp_path)
    git("init", "-q", "-b", "main")
    (tmp_path / "staged.py").write_text("x = 1\n")
    git("add", ".")
    (tmp_path / "new.py").write_text("x = 1\n")
    assert changed(tmp_path, "HEAD") == ["new.py", "staged.py"]
    with pytest.raises(Refusal, match="nothing is committed here yet"):
        changed(tmp_path, "main")


@pytest.mark.slow
def test_a_shallow_clone_says_what_it_lacks(top: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    git_in(tmp_path)("clone", "-q", "--depth=1", f"file://{top}", str(shallow))
    with pytest.raises(Refusal, match="newest commits alone") as refused:
        changed(shallow, "HEAD~1")
    assert "fetch-depth: 0" in refused.value.remedy
    git = git_in(shallow)
    git("fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    assert changed(shallow, "origin/main") == FEATURE


@pytest.mark.slow
def test_a_branch_that_only_the_remote_has_is_named_in_the_remedy(
    top: Path, tmp_path: Path
) -> None:
    git_in(tmp_path)("clone", "-q", f"file://{top}", "clone")
    with pytest.raises(Refusal) as refused:
        changed(tmp_path / "clone", "main")
    assert refused.value.remedy == "--changed origin/main"
    assert changed(tmp_path / "clone", "origin/main") == FEATURE


@pytest.mark.slow
def test_submodules_and_links_are_not_ours_to_check(top: Path, tmp_path: Path) -> None:
    git = git_in(top)
    git("submodule", "add", "-q", f"file://{top}", "sub.py")
    (top / "link.py").symlink_to("kept.py")
    (top / "sub.py" / "kept.py").write_text("kept = 9\n")
    assert changed(top, "HEAD") == []


def test_from_a_folder_inside_names_are_as_they_are_typed_there(top: Path) -> None:
    (top / "deep").mkdir()
    (top / "deep" / "new.py").write_text("x = 1\n")
    assert changed(top / "deep", "HEAD") == ["new.py"]
    assert "../altered.py" in changed(top / "deep", "main")


@pytest.mark.parametrize("wrong", ["nowhere", "--output=x", "main:kept.py", ""])
def test_what_is_no_commit_is_refused(top: Path, wrong: str) -> None:
    with pytest.raises(Refusal):
        changed(top, wrong)


def test_without_a_repository_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no repository"):
        changed(tmp_path, "HEAD")
