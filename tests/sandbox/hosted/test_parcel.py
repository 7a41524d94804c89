"""A job as it travels, and what comes back: our program runs it as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.sandbox.hosted import parcel
from headgate.sandbox.model import File, Job, Limits, Refused, Result, Status

pytestmark = pytest.mark.slow


def carried(job: Job, place: Path) -> Result:
    """Run a parcel as a vendor's container would, and read what it left."""
    sent = parcel.pack(job)
    (place / sent.file).write_bytes(sent.data)
    ran = subprocess.run(
        [sys.executable, str(place / sent.file)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert not ran.stderr, ran.stderr
    wanted = parcel.printed(sent, f"noise {ran.stdout} noise")
    left = {path.name: path.read_bytes() for path in place.iterdir() if path.name != sent.file}
    outcome = parcel.read(left[sent.outcome], wanted)
    assert outcome is not None
    return parcel.result_of(outcome, left, job.limits)


def test_a_job_comes_back_as_it_would_from_here(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "print(sys.argv[1:], open('data/in.txt').read(), sys.stdin.read(), os.environ['A'])\n"
        "open(os.environ['OUTPUT_DIR'] + '/t.csv', 'w').write('1,2')\n"
        "sys.exit(3)"
    )
    job = Job(
        "python",
        code,
        files=(File("data/in.txt", b"here"),),
        args=("x",),
        stdin=b"fed",
        env=(("A", "b"),),
    )
    result = carried(job, tmp_path)
    assert (result.status, result.exit_code) == (Status.ERROR, 3)
    assert result.stdout == "['x'] here fed b\n"
    assert [(it.path, it.data, it.mime) for it in result.artefacts] == [
        ("t.csv", b"1,2", "text/csv")
    ]
    assert result.version
    assert result.execution_ms > 0


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("print('fine')", Status.OK),
        ("import time; print('half', flush=True); time.sleep(60)", Status.WALL),
        ("import os; os.kill(os.getpid(), 9)", Status.SIGNAL),
        ("print('x' * 5000)", Status.OUTPUT),
    ],
)
def test_every_ending_has_its_status(tmp_path: Path, code: str, status: Status) -> None:
    limits = Limits(wall_s=1.0, output_bytes=1000)
    result = carried(Job("python", code, limits=limits), tmp_path)
    assert result.status is status
    if status is Status.WALL:
        assert result.stdout == "half\n"
    if status is Status.OUTPUT:
        assert (len(result.stdout), result.lost_bytes) == (1000, 4001)


def test_bash_travels_too(tmp_path: Path) -> None:
    assert carried(Job("bash", "echo $((6*7)) $1", args=("a",)), tmp_path).stdout == "42 a\n"


def test_what_no_vendor_runs_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(Refused, match="go does not run"):
        parcel.pack(Job("go", "package main"))
    with pytest.raises(Refused, match="work folder"):
        parcel.pack(Job("python", "1", files=(File("../x", b""),)))


def test_an_outcome_nobody_vouches_for_is_none() -> None:
    sent = parcel.pack(Job("python", "1"))
    assert not parcel.printed(sent, f"{sent.name} is done")
    assert parcel.read(b"{}", "0" * 64) is None
    import hashlib

    assert parcel.read(b"{}", hashlib.sha256(b"{}").hexdigest()) is None
