"""Writes and reads results.json: the run, a record for each sample, and what they add up to.

Rule 1: the records are the truth; aggregates are counted from them and stand beside them.
Rule 2: it is written whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from statistics import fmean

import msgspec

from headgate.bench.grade import Grade
from headgate.bench.sample import Run, Sample

KIND = "headgate bench results"
SHAPE = f"{KIND} 1"


class BadResults(ValueError):
    """A file that holds no results."""

    def __init__(
        self, what: str, remedy: str = "name a file that headgate bench run wrote"
    ) -> None:
        super().__init__(what)
        self.remedy = remedy


class Aggregate(msgspec.Struct, frozen=True):
    """What the samples of one arm add up to."""

    arm: str
    samples: int
    """that count: those of infrastructure do not"""
    correct: int
    accuracy: float
    mean_latency_ms: float
    mean_tokens: float
    """written, of each sample"""
    total_tokens: int
    """read and written"""
    cost_nusd: int
    infrastructure: int


class Results(msgspec.Struct, frozen=True):
    """The file."""

    run: Run
    aggregates: tuple[Aggregate, ...]
    shape: str = SHAPE


def aggregate(arm: str, samples: list[Sample]) -> Aggregate:
    """What the samples of an arm add up to."""
    counted = [it for it in samples if it.is_counted]
    correct = sum(it.correct for it in counted)
    return Aggregate(
        arm=arm,
        samples=len(counted),
        correct=correct,
        accuracy=correct / len(counted) if counted else 0.0,
        mean_latency_ms=fmean(it.latency_ms for it in counted) if counted else 0.0,
        mean_tokens=fmean(it.output_tokens for it in counted) if counted else 0.0,
        total_tokens=sum(tokens(it) for it in counted),
        cost_nusd=sum(it.cost_nusd for it in samples),
        infrastructure=len(samples) - len(counted),
    )


def tokens(it: Sample) -> int:
    """All that it read and wrote."""
    read = it.input_tokens + it.cache_read_tokens + it.cache_write_tokens
    return read + it.output_tokens


def results_of(run: Run) -> Results:
    """The run and what it adds up to."""
    by_arm: dict[str, list[Sample]] = {it.name: [] for it in run.arms}
    for sample in run.samples:
        by_arm[sample.arm].append(sample)
    return Results(run, tuple(aggregate(name, them) for name, them in by_arm.items()))


def write(path: Path, run: Run) -> None:
    """All of it, or nothing."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.json.format(msgspec.json.encode(results_of(run)), indent=1))
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):  # where nothing could be written, nothing is left
            part.unlink(missing_ok=True)


def read(path: Path) -> Run:
    """The run that a file holds."""
    try:
        written = path.read_bytes()
    except OSError as error:
        raise BadResults(f"{path} cannot be read: {error.strerror}") from error
    try:
        shape = msgspec.json.decode(written, type=_Shaped).shape
        if shape != SHAPE:
            remedy = "read it with the Headgate that wrote it, or run the benchmark again"
            raise BadResults(f"{path} is of another version: {shape}, not {SHAPE}", remedy)
        run = msgspec.json.decode(written, type=Results).run
    except msgspec.MsgspecError as error:
        raise BadResults(f"{path} holds no results of headgate bench: {error}") from error
    _check(path, run)
    return run


def may_replace(path: Path) -> bool:
    """Nothing but results is lost where results are written to it."""
    if not path.exists() or not path.stat().st_size:
        return True
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Shaped).shape.startswith(KIND)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return False


class _Shaped(msgspec.Struct):
    shape: str


def _check(path: Path, run: Run) -> None:
    """Every sample is of an arm and a task of the run, and there once."""
    arms, tasks = {it.name for it in run.arms}, {it.id for it in run.tasks}
    for it in run.samples:
        if it.arm not in arms or it.task not in tasks:
            named = f"sample {it.sample} of {it.arm} for {it.task}"
            raise BadResults(f"{path} names no such arm or task: {named}")
        if it.correct is not (it.verdict is Grade.PASS):
            named = f"sample {it.sample} of {it.arm} for {it.task}"
            raise BadResults(f"{path} contradicts itself: {named} is {it.verdict.value}")
    if len({it.place for it in run.samples}) < len(run.samples):
        raise BadResults(f"{path} holds a sample twice")
