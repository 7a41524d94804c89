"""Remembers what failed, so that code which fails twice goes to a person, not to a third try.

Rule 1: what is counted are attempts: other code for the same prompt, or for the same path where
no prompt is known. The same bytes checked again are the same attempt.
Rule 2: a row of failures ends when every check that failed in it has passed: one that was not
asked this time does not end it.
Rule 3: the file is only added to, by one process at a time; lines that cannot be read are
passed over: a kill in the middle of one, or a conflict of branches, costs that line alone.
Rule 4: what counts is when an attempt was made, not where its line stands: lines of two
branches may be put together in whatever order (git: merge=union).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

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
    passed: tuple[str, ...] | None = None
    """the checks that it passed; None: written before they were"""
    cost_nusd: int = 0
    """of the call"""

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
        return _read(path.read_bytes())
    except OSError:
        return []


def _read(data: bytes) -> list[Attempt]:
    lines = dict.fromkeys(data.split(b"\n"))  # two branches may have brought the same line
    found = [it for line in lines if line and (it := _decoded(line)) is not None]
    return sorted(found, key=lambda it: it.at_us)


def _decoded(line: bytes) -> Attempt | None:
    try:
        return msgspec.json.decode(line, type=Attempt)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def append(path: Path, attempts: Sequence[Attempt]) -> None:
    """Add what is new: the same code that ends the same way again is not."""
    if not attempts:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path) as file:
        data = file.read()
        before = {it.identity + it.path: it for it in _read(data)}
        new = [it for it in attempts if not _is_known(before.get(it.identity + it.path), it)]
        if not new:
            return
        lines = b"".join(msgspec.json.encode(it) + b"\n" for it in new)
        if len(data) + len(lines) > MOST_BYTES:
            _make_room(path, [*_read(data), *new])
        else:
            file.write(b"\n" + lines if data and not data.endswith(b"\n") else lines)


def _is_known(last: Attempt | None, new: Attempt) -> bool:
    return last is not None and (last.code, last.failed, last.passed) == (
        new.code,
        new.failed,
        new.passed,
    )


def _make_room(path: Path, attempts: Sequence[Attempt]) -> None:
    """The newest, as many as fill half of it."""
    kept: list[bytes] = []
    size = 0
    for it in reversed(attempts):
        line = msgspec.json.encode(it) + b"\n"
        size += len(line)
        if size > MOST_BYTES // 2:
            break
        kept.append(line)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(b"".join(reversed(kept)))
    beside.replace(path)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[BinaryIO]:
    """The file itself, locked, so that no lock lies about; also if it was just replaced."""
    while True:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    file.seek(0)
                    yield file
                    return


def needing_review(attempts: Iterable[Attempt]) -> dict[str, int]:
    """Identity -> how many attempts in a row have failed, where a person should look."""
    rows: dict[str, set[str]] = {}
    waiting: dict[str, set[str]] = {}
    for it in attempts:
        waits = waiting.setdefault(it.identity, set())
        waits.difference_update(waits if it.passed is None else it.passed)
        waits.update(check for _, check, _ in it.failed)
        if it.failed:
            rows.setdefault(it.identity, set()).add(it.code)
        elif not waits:
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
    cost_nusd: int = 0
    """of the calls that failed in it, as far as the ledger knew them"""


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
        cost_nusd=sum({it.call or it.code: it.cost_nusd for it in its}.values()),
    )
