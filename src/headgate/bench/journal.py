"""What a run has heard so far, on disk: a run that was killed goes on from there.

Rule 1: a sample is on disk before it counts; one that was being written is asked again.
Rule 2: a call is on disk before it is made, with the most that it can cost, and its cost after.
Rule 3: a journal belongs to one plan: with other tasks, arms or numbers it is refused.
Rule 4: one run at a time writes it: another one is refused, and nothing is paid for twice.
Rule 5: a line that cannot be read is told, never passed over: it may be what a call cost.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from headgate.bench.sample import Place, Sample

SHAPE = 2
WAITS_S = 1.0
"""for a run that was ended, and whose last line is on its way to the disk"""


class NoJournal(ValueError):
    """A journal that this run cannot go on with; `remedy` says what would help."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class OtherPlan(NoJournal):
    """The journal is of another run than the one that was asked for."""

    def __init__(self, path: Path, what: str) -> None:
        remedy = "ask for the same again, name another --out, or remove it with --anew"
        super().__init__(f"{path} is of a run with {what}", remedy)


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

    def open(self, wanted: Head, *, anew: bool = False) -> Before:
        """What was heard; NoJournal if it is of another run, or another run's just now.

        `anew`: what was heard is forgotten.
        """
        try:
            self._file = self._taken()
        except OSError as error:
            what = f"{self._path} cannot be written: {error.strerror}"
            raise NoJournal(what, "name another --out") from error
        try:
            if anew:
                self._file.truncate(0)
            return self._take(self._file, wanted)
        except BaseException:
            self.close()
            raise

    def _taken(self) -> BinaryIO:
        """The file, for this run alone."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + WAITS_S
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        while True:
            file = os.fdopen(os.open(self._path, flags, 0o600), "r+b")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_at(file):
                    return file
            except BlockingIOError as error:
                file.close()
                if time.monotonic() < until:  # a run that was killed may still be writing
                    time.sleep(WAITS_S / 50)
                    continue
                raise NoJournal(
                    f"another run is writing {self._path}",
                    "let it end, or name another --out",
                ) from error
            except BaseException:
                file.close()
                raise
            file.close()  # its run has ended and removed it: that was not ours to go on with

    def _is_at(self, file: BinaryIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def _take(self, file: BinaryIO, wanted: Head) -> Before:
        *whole, torn = file.read().split(b"\n")
        if not whole:
            file.truncate(0)
            file.seek(0)
            self._write(wanted)
            return Before(wanted, {}, 0)
        head = self._read_head(whole[0])
        _compare(self._path, head, wanted)
        said = [self._read_line(number, it) for number, it in enumerate(whole[1:], 2)]
        file.truncate(file.tell() - len(torn))
        file.seek(0, os.SEEK_END)
        return _before(head, said)

    def _read_line(self, number: int, line: bytes) -> Sample | Begun | Paid:
        try:
            return _read(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise NoJournal(
                f"{self._path}:{number} is damaged: {error}",
                "take the line out, and what it held is asked anew; or begin again with --anew",
            ) from error

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
        self._path.unlink(missing_ok=True)  # first: while it is ours
        self.close()

    def _read_head(self, line: bytes) -> Head:
        try:
            return msgspec.json.decode(line, type=Head)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
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
