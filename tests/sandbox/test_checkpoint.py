"""A job over slices comes to what it would have come to at once, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox.checkpoint import in_chunks
from headgate.sandbox.chunks import Chunking
from headgate.sandbox.journal import InMemory, OnDisk
from headgate.sandbox.model import Artefact, File, Heard, Job, Made, Output, Refused, Result
from headgate.sandbox.model import Status as S

DATA = b"n\n" + b"".join(b"%d\n" % n for n in range(100))
JOB = Job("python", "…", files=(File("data.csv", DATA), File("other.txt", b"same")))
BY_FILE = Chunking(file="data.csv")


class Rows:
    """Runs that hold so many rows at the most, and print and write those they saw."""

    def __init__(self, able: int = 1000, fails_at: int = -1, status: S = S.MEMORY) -> None:
        self.able, self.fails_at, self.status = able, fails_at, status
        self.seen: list[tuple[int, int]] = []
        self.jobs: list[Job] = []

    async def __call__(self, job: Job) -> Result:
        self.jobs.append(job)
        env = dict(job.env)
        if "HEADGATE_CHUNKS" in env:
            return Result(status=S.OK, stdout=f"joined {env['HEADGATE_CHUNKS']}\n")
        start, end = int(env["HEADGATE_CHUNK_START"]), int(env["HEADGATE_CHUNK_END"])
        lines = next((it.data for it in job.files if it.path == "data.csv"), b"n\n").split()[1:]
        if job.files:
            assert lines == [b"%d" % n for n in range(start, end)]
        if start <= self.fails_at < end:
            return Result(status=S.ERROR, stdout="half", stderr="no", exit_code=1)
        if end - start > self.able:
            return Result(status=self.status, stdout="partial", peak_mb=512.0)
        self.seen.append((start, end))
        table = b"n\n" + b"".join(it + b"\n" for it in lines)
        made = Artefact("out.csv", len(table), "", "text/csv", table)
        text = f"{start}-{end}\n"
        return Result(status=S.OK, stdout=text, artefacts=(made,), execution_ms=2.0, peak_mb=9)


async def test_what_fits_at_once_is_one_slice() -> None:
    run = Rows()
    done = await in_chunks(run, JOB, BY_FILE)
    assert (done.slices, done.total, run.seen) == (1, 100, [(0, 100)])
    assert done.result.artefacts[0].data == DATA


@pytest.mark.parametrize("status", [S.MEMORY, S.WALL, S.CPU, S.DISK])
async def test_slices_are_halved_until_they_fit_and_joined_to_the_same(status: S) -> None:
    run = Rows(able=30, status=status)
    done = await in_chunks(run, JOB, BY_FILE)
    assert done.result.status == S.OK
    assert done.result.artefacts[0].data == DATA
    assert done.result.stdout == "".join(f"{a}-{b}\n" for a, b in run.seen)
    assert done.rows == 25
    assert done.result.execution_ms == 2.0 * done.slices
    assert "partial" not in done.result.stdout


async def test_code_is_told_which_items_it_has_where_there_is_no_file() -> None:
    run = Rows(able=3)
    done = await in_chunks(run, Job("python", "…", env=(("A", "1"),)), Chunking(items=10))
    assert [n for it in run.seen for n in range(*it)] == [*range(10)]
    env = dict(run.jobs[0].env)
    assert (env["A"], env["HEADGATE_CHUNK_TOTAL"], done.total) == ("1", "10", 10)


async def test_too_large_even_in_the_smallest_slice_is_said_with_the_peak() -> None:
    done = await in_chunks(Rows(able=0), JOB, BY_FILE)
    assert done.result.status == S.MEMORY
    assert "too large even in chunks: rows 0 to 1 of 100 alone" in done.result.hint
    assert "peak of 512 MB of 512" in done.result.hint


async def test_an_error_of_the_code_is_not_mended_by_halving() -> None:
    run = Rows(fails_at=50)
    done = await in_chunks(run, JOB, Chunking(file="data.csv", rows=20))
    assert done.result.status == S.ERROR
    assert done.result.stdout == "0-20\n20-40\nhalf"
    assert (done.result.stderr, done.result.exit_code) == ("no", 1)
    assert done.result.hint == "rows 40 to 60 of 100 ended with error; 40 rows were done"
    assert done.result.artefacts[0].data == b"n\n" + b"".join(b"%d\n" % n for n in range(40))


async def test_a_job_that_was_ended_goes_on_with_the_slice_that_failed(tmp_path: Path) -> None:
    how = Chunking(file="data.csv", rows=20)
    await in_chunks(Rows(fails_at=50), JOB, how, journal=OnDisk(tmp_path / "c"))
    run = Rows()
    done = await in_chunks(run, JOB, how, journal=OnDisk(tmp_path / "c"))
    assert run.seen == [(40, 60), (60, 80), (80, 100)]
    assert (done.resumed, done.slices) == (2, 5)
    assert done.result.artefacts[0].data == DATA


async def test_a_finished_job_is_only_joined_again() -> None:
    journal, run = InMemory(), Rows(able=60)
    first = await in_chunks(run, JOB, BY_FILE, journal=journal)
    count = len(run.jobs)
    again = await in_chunks(run, JOB, BY_FILE, journal=journal)
    assert len(run.jobs) == count
    assert again.result.artefacts == first.result.artefacts


async def test_joining_code_has_the_last_word() -> None:
    run = Rows(able=60)
    how = Chunking(file="data.csv", join="combine()")
    done = await in_chunks(run, JOB, how)
    assert done.result.stdout == "joined 2\n"
    last = run.jobs[-1]
    assert last.code == "combine()"
    assert [it.path for it in last.files] == [
        "other.txt",
        *(f"parts/000{n}/{name}" for n in (0, 1) for name in ("stdout.txt", "out.csv")),
    ]


async def test_what_is_heard_is_what_was_kept_and_each_slice_once() -> None:
    heard: list[Heard] = []
    done = await in_chunks(Rows(able=60), JOB, BY_FILE, heard.append)
    said = "".join(it.text for it in heard if isinstance(it, Output))
    assert said == done.result.stdout
    assert [it.artefact for it in heard if isinstance(it, Made)] == [*done.result.artefacts]


async def test_an_empty_table_is_run_once_with_its_header() -> None:
    job = Job("python", "…", files=(File("data.csv", b"n\n"),))
    run = Rows()
    assert (await in_chunks(run, job, BY_FILE)).slices == 1
    assert run.seen == [(0, 0)]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (Chunking(), "nothing says what is to be cut"),
        (Chunking(file="dat.csv"), "no file 'dat.csv'"),
        (Chunking(file="other.bin"), "no file 'other.bin'"),
    ],
)
async def test_what_cannot_be_cut_is_refused_before_anything_runs(
    how: Chunking, said: str
) -> None:
    run = Rows()
    with pytest.raises(Refused, match=said):
        await in_chunks(run, JOB, how)
    assert not run.jobs


async def test_a_session_is_not_cut() -> None:
    with pytest.raises(Refused, match="session"):
        await in_chunks(Rows(), Job("python", "…", session="s"), Chunking(items=2))
