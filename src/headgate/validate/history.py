"""Remembers what failed, so that code which fails twice goes to a person, not to a third try.

Rule 1: what is counted are attempts: other code for the same prompt, or for the same path where
no prompt is known. The same bytes checked again are the same attempt.
Rule 2: an attempt that passes ends the row of failures.
Rule 3: the file is only added to, by one process at a time; a torn last line is passed over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from headgate.validate.problem import State, Verdict

TWICE = 2
MOST_BYTES = 8 << 20
"""beyond that the older half goes"""


class Attempt(msgspec.Struct, frozen=True):
    """One version of a file and what came of it."""

    at_us: int
    path: str
    code: str
    """hash of what it held"""
    failed: tuple[tuple[str, str, str], ...] = ()
    """(stage, check, rule) of each kind of problem; none: it passed"""
    prompt: str = ""
    model: str = ""
    call: str = ""

    @property
    def identity(self) -> str:
        """What counts as the same thing tried again."""
        return f"prompt {self.prompt}" if self.prompt else f"file {self.path}"


def failures(verdicts: Iterable[Verdict]) -> tuple[tuple[str, str, str], ...]:
    """What an attempt failed for."""
    found: dict[tuple[str, str, str], None] = {}
    for it in verdicts:
        if it.state is State.FAILED:
            rules = [one.rule for one in it.problems if one.level != "notice"] or [""]
            found.update(dict.fromkeys((it.stage.value, it.check, rule) for rule in rules))
    return tuple(found)


def load(path: Path) -> list[Attempt]:
    """All attempts, the oldest first; an unreadable line is passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    return [it for line in lines if line and (it := _decoded(line)) is not None]


def _decoded(line: bytes) -> Attempt | None:
    try:
        return msgspec.json.decode(line, type=Attempt)
    except msgspec.MsgspecError:
        return None


def append(path: Path, attempts: Sequence[Attempt]) -> None:
    """Add what is new: the same code that ends the same way again is not."""
    if not attempts:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path):
        before = {it.identity + it.path: it for it in load(path)}
        new = [it for it in attempts if not _is_known(before.get(it.identity + it.path), it)]
        if not new:
            return
        _make_room(path)
        data = b"".join(msgspec.json.encode(it) + b"\n" for it in new)
        with path.open("ab") as file:
            if file.tell() and not _ends_line(path):
                data = b"\n" + data
            file.write(data)


def _is_known(last: Attempt | None, new: Attempt) -> bool:
    return last is not None and (last.code, last.failed) == (new.code, new.failed)


def _ends_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _make_room(path: Path) -> None:
    if path.exists() and path.stat().st_size > MOST_BYTES:
        lines = path.read_bytes().splitlines(keepends=True)
        beside = path.with_suffix(".new")
        beside.write_bytes(b"".join(lines[len(lines) // 2 :]))
        beside.replace(path)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def needing_review(attempts: Iterable[Attempt]) -> dict[str, int]:
    """Identity -> how many attempts in a row have failed, where a person should look."""
    rows: dict[str, set[str]] = {}
    for it in attempts:
        if it.failed:
            rows.setdefault(it.identity, set()).add(it.code)
        else:
            rows.pop(it.identity, None)
    return {identity: len(codes) for identity, codes in rows.items() if len(codes) >= TWICE}


class Repeated(msgspec.Struct, frozen=True):
    """Failures of one prompt, one model and one check."""

    prompt: str
    """or the path, where no prompt is known"""
    model: str
    check: str
    stage: str
    attempts: int
    """that failed in it"""
    of: int
    """attempts of that prompt and model"""
    files: int
    rules: tuple[tuple[str, int], ...]
    """the most frequent first"""
    last_us: int
    needs_review: bool


def repeats(attempts: Sequence[Attempt], least: int = TWICE) -> list[Repeated]:
    """What failed at least so often, the most frequent first."""
    waiting = needing_review(attempts)
    of: dict[tuple[str, str], set[str]] = {}
    groups: dict[tuple[str, str, str, str], list[Attempt]] = {}
    for it in attempts:
        of.setdefault((it.identity, it.model), set()).add(it.code)
        for stage, check in dict.fromkeys((stage, check) for stage, check, _ in it.failed):
            groups.setdefault((it.identity, it.model, check, stage), []).append(it)
    made = [
        _repeated(key, its, len(of[key[0], key[1]]), key[0] in waiting)
        for key, its in groups.items()
        if len({it.code for it in its}) >= least
    ]
    return sorted(made, key=lambda it: (-it.attempts, it.prompt, it.check))


def _repeated(
    key: tuple[str, str, str, str], its: Sequence[Attempt], of: int, waiting: bool
) -> Repeated:
    identity, model, check, stage = key
    rules: dict[str, int] = {}
    for it in its:
        for _, one, rule in it.failed:
            if one == check:
                rules[rule] = rules.get(rule, 0) + 1
    return Repeated(
        prompt=identity.partition(" ")[2],
        model=model,
        check=check,
        stage=stage,
        attempts=len({it.code for it in its}),
        of=of,
        files=len({it.path for it in its}),
        rules=tuple(sorted(rules.items(), key=lambda it: (-it[1], it[0]))),
        last_us=max(it.at_us for it in its),
        needs_review=waiting,
    )
