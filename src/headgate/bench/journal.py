"""What a run has heard so far, on disk: a run that was killed goes on from there.

Rule 1: a sample is on disk before it counts; one that was being written is asked again.
Rule 2: a call is on disk before it is made, with the most that it can cost, and its cost after.
Rule 3: a journal belongs to one plan: with other tasks, arms or numbers it is refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from headgate.bench.sample import Place, Sample

SHAPE = 2


class OtherPlan(ValueError):
    """The journal is of another run than the one that was asked for."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} is of a run with {what}")
        self.remedy = "ask for the same again, name another --out, or remove it with --anew"


class Head(msgspec.Struct, frozen=True):
    """What the samples belong to."""

    name: str
    dataset: str
    arms: tuple[tuple[str, str], ...]
    """name and digest of each"""
    samples_each: int
    begun_us: int
    shape: int = SHAPE


class Begun(msgspec.Struct, frozen=True):
    """A call that is about to be made."""

    begun: str
    """its id"""
    most_nusd: int


class Paid(msgspec.Struct, frozen=True):
    """What a call cost, for sure."""

    paid: str
    cost_nusd: int


class Before(NamedTuple):
    """What a run has heard already."""

    head: Head
    heard: dict[Place, Sample]
    """of each place the last answer"""
    spent_nusd: int
    """of all answers, those included that another one replaced"""
    open: Mapping[str, int] = {}
    """calls of which nobody knows what they cost, and the most that they can have"""
    lost_nusd: int = 0
    """the most that may have been billed beside what is known"""


class Journal:
    """One file, a line of JSON for each call that is made, its cost, and each sample."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def open(self, wanted: Head) -> Before:
        """What was heard; OtherPlan if it is of another run."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "r+b")
        try:
            return self._take(self._file, wanted)
        except BaseException:
            self.close()
            raise

    def _take(self, file: BinaryIO, wanted: Head) -> Before:
        lines = file.read().splitlines(keepends=True)
        if not lines or not lines[0].endswith(b"\n"):
            file.truncate(0)
            file.seek(0)
            self._write(wanted)
            return Before(wanted, {}, 0)
        head = self._read_head(lines[0])
        _compare(self._path, head, wanted)
        whole = [it for it in lines[1:] if it.endswith(b"\n")]
        good = len(lines[0]) + sum(map(len, whole))
        file.truncate(good)  # a line that was torn off
        file.seek(good)
        return _before(head, [_read(it) for it in whole])

    def keep(self, sample: Sample) -> None:
        self._write(sample)

    def note(self, said: Begun | Paid) -> None:
        """A call is made, or was: it is not made before it is on disk."""
        self._write(said, at_once=isinstance(said, Begun))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def remove(self) -> None:
        """All of it is in the results."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _read_head(self, line: bytes) -> Head:
        try:
            return msgspec.json.decode(line, type=Head)
        except msgspec.MsgspecError as error:
            raise OtherPlan(self._path, "a head that nobody can read") from error

    def _write(self, said: Head | Sample | Begun | Paid, *, at_once: bool = True) -> None:
        assert self._file is not None, "open the journal first"
        self._file.write(msgspec.json.encode(said) + b"\n")
        self._file.flush()
        if at_once:
            os.fsync(self._file.fileno())


def _read(line: bytes) -> Sample | Begun | Paid:
    if line.startswith(b'{"begun":'):
        return msgspec.json.decode(line, type=Begun)
    if line.startswith(b'{"paid":'):
        return msgspec.json.decode(line, type=Paid)
    return msgspec.json.decode(line, type=Sample)


def _before(head: Head, lines: Sequence[Sample | Begun | Paid]) -> Before:
    samples = {it.place: it for it in lines if isinstance(it, Sample)}
    begun = {it.begun: it.most_nusd for it in lines if isinstance(it, Begun)}
    paid = {it.paid: it.cost_nusd for it in lines if isinstance(it, Paid)}
    still = {call: most for call, most in begun.items() if call not in paid}
    return Before(head, samples, sum(paid.values()), still)


def _compare(path: Path, head: Head, wanted: Head) -> None:
    for name, what in (
        ("shape", "another version of Headgate"),
        ("dataset", "other tasks"),
        ("arms", "other arms"),
        ("samples_each", f"{head.samples_each} samples each"),
    ):
        if getattr(head, name) != getattr(wanted, name):
            raise OtherPlan(path, what)
