"""Decides what came of an order: its status, a hint, its artefacts, from what a worker tells.

Rule 1: what the kernel or the keeper saw decides; a program's own words only name the limit
that a run which failed had run into.
Rule 2: a run that a limit ended says how to stay below it.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import Any, NamedTuple

from headgate.sandbox import model
from headgate.sandbox.model import Artefact, Isolation, Order, Refused, Result, Status
from headgate.sandbox.sniff import mime_of
from headgate.sandbox.worker.frames import Word

NOTHING_DONE: dict[str, Any] = {"reason": "broken", "over": True}
_TAIL = 2048
_REASONS = {
    "wall": Status.WALL,
    "cpu": Status.CPU,
    "memory": Status.MEMORY,
    "processes": Status.PROCESSES,
    "files": Status.OPEN_FILES,
    "file": Status.FILE_SIZE,
    "disk": Status.DISK,
    "inodes": Status.INODES,
    "output": Status.OUTPUT,
    "artefacts": Status.ARTEFACTS,
    "stopped": Status.STOPPED,
    "broken": Status.BROKEN,
    "build": Status.BUILD,
}
_WORDS = (
    (
        Status.MEMORY,
        r"MemoryError|heap out of memory|Cannot allocate memory|memory allocation of \d+ bytes"
        r"|cannot allocate vector|bad_alloc|out of memory|ENOMEM",
    ),
    (Status.OPEN_FILES, r"Too many open files|EMFILE|too many open files"),
    (Status.DISK, r"No space left on device|ENOSPC|no space left on device"),
    (Status.FILE_SIZE, r"File too large|EFBIG|file too large"),
    (
        Status.PROCESSES,
        r"Resource temporarily unavailable|EAGAIN|can't start new thread"
        r"|failed to create new OS thread|pthread_create failed",
    ),
)
CHUNKS = "work in chunks: `headgate exec --chunks`, or `checkpoint` of the API"
_HINTS = {
    Status.WALL: "it took longer than {wall_s:g} s: raise limits.wall_s, or " + CHUNKS,
    Status.CPU: "it used more CPU than {cpu_s:g} s: raise limits.cpu_s, or " + CHUNKS,
    Status.MEMORY: "it needs more than {memory_mb} MB: raise limits.memory_mb, or " + CHUNKS,
    Status.PROCESSES: "it started more than {processes} processes and threads at a time",
    Status.OPEN_FILES: "a process had more than {open_files} files open: close what is read",
    Status.FILE_SIZE: "a file grew beyond {file_mb} MB: write several, or raise limits.file_mb",
    Status.DISK: "its files take more than {disk_mb} MB: delete some, or raise limits.disk_mb",
    Status.INODES: "it made more than {inodes} files and folders",
    Status.OUTPUT: "it wrote more than {output_bytes} bytes: write to $OUTPUT_DIR, print less",
    Status.ARTEFACTS: "$OUTPUT_DIR holds more than {artefacts} files or {artefact_mb} MB: "
    "what is missing here was left out",
}


_NOT_THERE = re.compile(
    r"ModuleNotFoundError: No module named '(numpy|pandas|scipy|matplotlib|seaborn|sklearn)\b"
)


class Step(NamedTuple):
    """How a step ended, as the keeper tells it."""

    name: str
    exit_code: int | None
    signal: int | None
    ms: float
    mark: str
    stdout: str
    stderr: str


class Ended(NamedTuple):
    """All that was told of an order."""

    done: dict[str, Any]
    steps: list[Step]
    output: dict[int, bytearray]
    """of a step that did not end"""
    broken: str
    is_out_of_memory: bool = False
    """the kernel killed one of its processes for it"""


def result(
    order: Order,
    ended: Ended,
    artefacts: tuple[Artefact, ...],
    walls: Isolation,
    total_ms: float,
) -> Result:
    """The result of an order."""
    steps = [*ended.steps]
    stdout, stderr = (ended.output[it].decode("utf-8", "replace") for it in _STREAMS)
    done = ended.done
    status = _status(order, ended)
    if len(steps) < len(order.steps) and status in _UNFINISHED:
        cut = order.steps[len(steps)].name
        steps.append(Step(cut, None, None, 0.0, "", stdout, stderr))
    last = steps[-1] if steps else None
    return Result(
        status=status,
        exit_code=last.exit_code if last else None,
        signal=last.signal if last else None,
        stdout="".join(it.stdout for it in steps),
        stderr="".join(it.stderr for it in steps),
        lost_bytes=done.get("lost", 0),
        value=done.get("value"),
        steps=tuple(_told(it) for it in steps),
        artefacts=artefacts,
        hint=_hint(status, order, ended),
        execution_ms=done.get("ms", 0.0),
        total_ms=total_ms,
        cpu_ms=done.get("cpu_ms", 0.0),
        peak_mb=round((done.get("peak") or done.get("rss", 0)) / (1 << 20), 1),
        language=order.runtime.language,
        version=order.runtime.version,
        isolation=walls,
    )


_STREAMS = (Word.STDOUT, Word.STDERR)
_UNFINISHED = model.LIMITED | {Status.STOPPED, Status.BROKEN}


def _told(step: Step) -> model.Ended:
    return model.Ended(
        step.name, step.exit_code, step.signal, step.ms, step.stdout, step.stderr
    )


def _hint(status: Status, order: Order, ended: Ended) -> str:
    if status == Status.BROKEN:
        return f"the sandbox failed, not the code: {ended.broken or 'the worker is gone'}"
    limits = order.limits
    words = {name: getattr(limits, name) for name in limits.__struct_fields__}
    words["cpu_s"] = limits.cpu_s or limits.wall_s
    if status == Status.ERROR:
        return _missing(order, ended)
    return _HINTS.get(status, "").format(**words)


def _missing(order: Order, ended: Ended) -> str:
    """A library that code often means to have, and that is not there."""
    told = ended.steps[-1].stderr[-_TAIL:] if ended.steps else ""
    found = _NOT_THERE.search(told) if order.runtime.language == "python" else None
    if found is None:
        return ""
    return f"{found[1]} is not installed where the code runs: pip install 'headgate[sci]'"


def _status(order: Order, ended: Ended) -> Status:
    last = ended.steps[-1] if ended.steps else None
    reason = ended.done["reason"]
    if ended.is_out_of_memory and reason in ("", "broken"):
        return Status.MEMORY
    reason = reason or (last.mark if last is not None else "")
    if reason:
        status = _REASONS.get(reason, Status.ERROR)
        return _filled(ended) if status == Status.DISK else status
    if last is None or (last.exit_code == 0 and last.signal is None):
        return Status.OK
    named = _named_limit(last)
    if named is not None:
        return _filled(ended) if named == Status.DISK else named
    if last.signal is not None:
        return Status.SIGNAL
    step = next((it for it in order.steps if it.name == last.name), None)
    return Status.BUILD if step is not None and step.is_build else Status.ERROR


def _filled(ended: Ended) -> Status:
    """Of the two things a file system can run out of."""
    space, inodes = ended.done.get("space", (0, 1))
    return Status.INODES if not inodes and space else Status.DISK


def _named_limit(step: Step) -> Status | None:
    tail = step.stderr[-_TAIL:]
    return next((status for status, words in _WORDS if re.search(words, tail)), None)


def unlaid(path: str) -> Refused:
    """Nothing was run: a file of the order has no place in the work folder."""
    return Refused(
        f"file {path!a} cannot be laid into the work folder",
        "a folder has that name, or a file or a link stands where a folder must: rename it",
    )


class Growing:
    """An artefact as it comes: hashed piece by piece, so that a large one holds up nobody."""

    def __init__(self, path: str) -> None:
        self._path, self._data, self._hash = path, io.BytesIO(), hashlib.sha256()

    def add(self, data: bytes) -> None:
        self._data.write(data)
        self._hash.update(data)

    def whole(self) -> Artefact:
        """As it was left; its bytes are handed over, not copied: 60 MB would take 30 ms."""
        path, data = self._path, self._data.getvalue()
        return Artefact(path, len(data), self._hash.hexdigest(), mime_of(path, data), data)
