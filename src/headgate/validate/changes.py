"""Decides which files have changed since a commit, by asking git.

Rule 1: a branch is compared from where it was left, not from where it has got to since: what
others did there in the meantime is no change of ours.
Rule 2: what is committed, staged, changed or new and not ignored counts alike; what was removed
does not, and of a renamed file its new name.
Rule 3: where nothing has been committed, everything is new. Submodules are repositories of
their own.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from headgate.validate.gather import SUFFIXES, Refusal
from headgate.validate.problem import shown
from headgate.validate.project import repository

HEAD = "HEAD"
_REMOTE = "refs/remotes/origin/"


class Done(NamedTuple):
    """What git said."""

    code: int
    out: bytes
    err: bytes


def changed(here: Path, since: str) -> list[str]:
    """Files that differ from a commit, also new ones, as they are named from here."""
    top = repository(here)
    if top is None:
        raise Refusal("--changed asks git, and this is no repository", "name the files instead")
    if since.startswith("-"):
        raise Refusal(f"{shown(since)} is no commit", "--changed main")
    names = set(_names(top, ("ls-files", "-z", "-o", "--exclude-standard")))
    if _git(top, ("rev-parse", "-q", "--verify", HEAD)).code == 0:
        names |= _differing(top, since)
    elif since == HEAD:
        names |= set(_names(top, ("ls-files", "-z", "-c")))
    else:
        raise Refusal("nothing is committed here yet", "--changed alone takes every file")
    whole = (top / name for name in sorted(names) if name.endswith(SUFFIXES))
    return [os.path.relpath(it, here) for it in whole if it.is_file() and not it.is_symlink()]


def _differing(top: Path, since: str) -> set[str]:
    commit = _commit(top, since)
    words = ("diff", "--name-only", "-z", "--diff-filter=d", "--no-renames", "--no-ext-diff")
    return set(_names(top, (*words, "--ignore-submodules", commit, "--")))


def _commit(top: Path, since: str) -> str:
    """The commit to compare with: where we and a branch have parted."""
    named = f"{since}^{{commit}}"
    found = _git(top, ("rev-parse", "-q", "--verify", named))
    if found.code:
        raise _unknown(top, since)
    commit = found.out.decode().strip()
    parted = _git(top, ("merge-base", commit, HEAD))
    return parted.out.decode().strip() if parted.code == 0 and parted.out.strip() else commit


def _unknown(top: Path, since: str) -> Refusal:
    what = f"git does not know the commit {shown(since)}"
    if _git(top, ("rev-parse", "--is-shallow-repository")).out.strip() == b"true":
        remedy = "git fetch --unshallow, or fetch-depth: 0 of the checkout"
        return Refusal(f"{what}: this clone holds the newest commits alone", remedy)
    remote = f"origin/{since}"
    if _git(top, ("rev-parse", "-q", "--verify", _REMOTE + since)).code == 0:
        return Refusal(what, f"--changed {shown(remote)}")
    return Refusal(what, "--changed HEAD~1")


def _names(top: Path, words: Sequence[str]) -> list[str]:
    done = _git(top, words)
    if done.code:
        lines = done.err.decode("utf-8", "replace").strip().splitlines() or ["git failed"]
        raise Refusal(f"git cannot tell what has changed: {shown(lines[0])}", "name the files")
    return [it for it in done.out.decode("utf-8", "surrogateescape").split("\0") if it]


def _git(top: Path, words: Sequence[str]) -> Done:
    typed = ("git", "-C", str(top), *words)
    try:
        done = subprocess.run(typed, capture_output=True, check=False)  # noqa: S603 - git
    except OSError as error:
        raise Refusal("--changed asks git, and git is not installed", "install git") from error
    return Done(done.returncode, done.stdout, done.stderr)
