"""A job over slices: runs them one after another, keeps what is done, and joins the results.

Rule 1: what a slice came to is kept before the next one begins, so that whatever ends the
whole, it goes on from there.
Rule 2: the code is told which rows it has; it needs to know nothing else.
Rule 3: what cannot be done even in the smallest slice is said, with the most that it used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from headgate.sandbox.chunks import (
    HALVED,
    Chunking,
    Cutting,
    Part,
    Rows,
    Slice,
    join_artefacts,
    parts_of,
)
from headgate.sandbox.journal import InMemory, Journal
from headgate.sandbox.keep import key_of
from headgate.sandbox.model import Heard, Job, Made, Output, Refused, Result, Status

MOST_BYTES = 256 << 20
"""of all that slices may leave behind together"""

Run = Callable[[Job], Awaitable[Result]]


class Chunked(NamedTuple):
    """What came of a job in slices."""

    result: Result
    slices: int
    """that are done"""
    rows: int
    """that a slice had at the end"""
    total: int
    resumed: int
    """slices that were done before"""


async def in_chunks(
    run: Run,
    job: Job,
    chunking: Chunking,
    heard: Callable[[Heard], None] | None = None,
    journal: Journal | None = None,
) -> Chunked:
    """Run a job slice by slice; `journal` keeps what is done, and may hold what was done."""
    journal = journal or InMemory()
    work = await asyncio.to_thread(_begin, job, chunking, journal)
    if heard is not None:
        for done in work.in_order():
            _tell(heard, done.result)
    while (part := work.cutting.take()) is not None:
        result = await run(work.job_of(part))
        if result.status == Status.OK:
            done = Part(part.start, part.end, result)
            await asyncio.to_thread(journal.keep, done)
            work.add(done)
            if heard is not None:
                _tell(heard, result)
            if work.held_bytes > MOST_BYTES:
                return work.overflow()
        elif result.status not in HALVED or not work.cutting.halve(part):
            return work.failed(part, result)
    joined = work.joined() if not chunking.join else await _join(run, work)
    if heard is not None:
        for each in joined.artefacts:
            heard(Made(each))
    return work.came_to(joined)


@dataclass(slots=True)
class _Work:
    """A job while it is done in slices."""

    job: Job
    rows: Rows | None
    cutting: Cutting
    join: str
    parts: list[Part] = field(default_factory=list)
    resumed: int = 0
    held_bytes: int = 0

    def in_order(self) -> list[Part]:
        return sorted(self.parts, key=lambda it: it.start)

    def job_of(self, part: Slice) -> Job:
        """The job with these rows alone."""
        files = self.job.files
        if self.rows is not None:
            cut = self.rows.cut(part)
            path = self.rows.path
            files = tuple(
                msgspec.structs.replace(it, data=cut) if it.path == path else it for it in files
            )
        told = {
            "START": part.start,
            "END": part.end,
            "TOTAL": self.cutting.total,
            "NUMBER": len(self.parts),
        }
        env = ((f"HEADGATE_CHUNK_{name}", str(value)) for name, value in told.items())
        most = self.job.limits.artefact_mb << 20
        return msgspec.structs.replace(
            self.job,
            files=files,
            env=(*self.job.env, *env),
            limits=msgspec.structs.replace(self.job.limits, inline_bytes=most),
        )

    def add(self, part: Part) -> None:
        self.parts.append(part)
        self.held_bytes += len(part.result.stdout) + len(part.result.stderr)
        self.held_bytes += sum(len(it.data or b"") for it in part.result.artefacts)

    def came_to(self, result: Result, hint: str = "") -> Chunked:
        """The result with what all slices took."""
        every = [*(it.result for it in self.parts), result]
        told = msgspec.structs.replace(
            result,
            queue_ms=sum(it.queue_ms for it in every),
            execution_ms=sum(it.execution_ms for it in every),
            cpu_ms=sum(it.cpu_ms for it in every),
            peak_mb=max(it.peak_mb for it in every),
            cached=all(it.cached for it in every),
            hint=hint or result.hint,
        )
        cutting = self.cutting
        return Chunked(told, len(self.parts), cutting.rows, cutting.total, self.resumed)

    def joined(self) -> Result:
        """What the slices came to together."""
        done = [it.result for it in self.in_order()]
        return msgspec.structs.replace(
            done[-1],
            stdout="".join(it.stdout for it in done),
            stderr="".join(it.stderr for it in done),
            lost_bytes=sum(it.lost_bytes for it in done),
            artefacts=tuple(join_artefacts(self.parts)),
            queue_ms=0.0,
            execution_ms=0.0,
            cpu_ms=0.0,
        )

    def failed(self, part: Slice, last: Result) -> Chunked:
        """The end of it, with all that was done before."""
        where = f"rows {part.start} to {part.end} of {self.cutting.total}"
        if last.status in HALVED:
            hint = (
                f"too large even in chunks: {where} alone ended with {last.status.value}, with"
                f" a peak of {last.peak_mb:.0f} MB of {self.job.limits.memory_mb} and"
                f" {last.execution_ms / 1000:.1f} s of {self.job.limits.wall_s:g}"
            )
            if last.status is Status.MEMORY and last.peak_mb * 2 < self.job.limits.memory_mb:
                hint += "; it asked for more than that in one piece"
        else:
            hint = f"{where} ended with {last.status.value}"
        before = self.joined() if self.parts else None
        if before is not None:
            hint += f"; {sum(it.end - it.start for it in self.parts)} rows were done"
            last = msgspec.structs.replace(
                last,
                stdout=before.stdout + last.stdout,
                stderr=before.stderr + last.stderr,
                artefacts=(*before.artefacts, *last.artefacts),
            )
        return self.came_to(last, hint)

    def overflow(self) -> Chunked:
        what = f"the slices left more than {MOST_BYTES >> 20} MB behind: let each leave less"
        result = msgspec.structs.replace(self.joined(), status=Status.ARTEFACTS)
        return self.came_to(result, what)


def _begin(job: Job, chunking: Chunking, journal: Journal) -> _Work:
    """Cut the job, and take up what was done before; slow for a large file."""
    if job.session:
        raise Refused("a session cannot be run in chunks", "leave out the session")
    rows = _rows(job, chunking)
    total = chunking.items if rows is None else len(rows)
    cutting = Cutting(total, chunking.rows, chunking.least)
    work = _Work(job, rows, cutting, chunking.join)
    for part in journal.parts(
        key_of(job, chunking.file, chunking.items, chunking.header, chunking.join)
    ):
        work.add(part)
    work.resumed = len(work.parts)
    cutting.skip([Slice(it.start, it.end) for it in work.parts])
    return work


def _rows(job: Job, chunking: Chunking) -> Rows | None:
    if not chunking.file:
        if chunking.items < 1:
            raise Refused(
                "nothing says what is to be cut into slices",
                "name a file of the job, or say how many items there are",
            )
        return None
    for each in job.files:
        if each.path == chunking.file:
            return Rows(each.path, each.data, chunking.header)
    names = ", ".join(it.path for it in job.files) or "none"
    raise Refused(f"the job has no file '{chunking.file}'", f"its files: {names}")


async def _join(run: Run, work: _Work) -> Result:
    """Run the joining code over what the slices left."""
    whole = work.rows.path if work.rows is not None else ""
    files = (*(it for it in work.job.files if it.path != whole), *parts_of(work.parts))
    env = (*work.job.env, ("HEADGATE_CHUNKS", str(len(work.parts))))
    return await run(msgspec.structs.replace(work.job, code=work.join, files=files, env=env))


def _tell(heard: Callable[[Heard], None], result: Result) -> None:
    for stream, text in (("stdout", result.stdout), ("stderr", result.stderr)):
        if text:
            heard(Output(stream, text))  # type: ignore[arg-type] # one of the two literals
