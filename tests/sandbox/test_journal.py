"""Slices that are done outlive whatever ended the job, a torn write included."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.sandbox.chunks import Part
from headgate.sandbox.journal import InMemory, Journal, OnDisk
from headgate.sandbox.model import Artefact, Refused, Result, Status

KEY, OTHER = b"k" * 32, b"o" * 32
PARTS = [
    Part(
        n,
        n + 1,
        Result(status=Status.OK, stdout="é\n", artefacts=(Artefact("a", 1, "", "", b"\0"),)),
    )
    for n in range(3)
]


def test_what_was_kept_is_found_again_by_the_same_job(tmp_path: Path) -> None:
    path = tmp_path / "job.checkpoint"
    journal = OnDisk(path)
    assert [*journal.parts(KEY)] == []
    for part in PARTS:
        journal.keep(part)
    assert [*OnDisk(path).parts(KEY)] == PARTS
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("journal", ["memory", "disk"])
def test_another_job_is_refused(journal: str, tmp_path: Path) -> None:
    kept: Journal = InMemory() if journal == "memory" else OnDisk(tmp_path / "c")
    kept.parts(KEY)
    kept.keep(PARTS[0])
    with pytest.raises(Refused, match="is of another job"):
        kept.parts(OTHER)
    assert [*kept.parts(KEY)] == PARTS[:1]


def test_a_file_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping: milk")
    with pytest.raises(Refused):
        OnDisk(path).parts(KEY)
    assert path.read_text() == "shopping: milk"


@settings(max_examples=40)
@given(cut=st.integers(0, 2000), flipped=st.integers(0, 2000))
def test_however_the_end_was_torn_what_stood_before_is_whole(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "c"
    journal = OnDisk(path)
    journal.parts(KEY)
    ends = [path.stat().st_size]
    for part in PARTS:
        journal.keep(part)
        ends.append(path.stat().st_size)
    content = bytearray(path.read_bytes())
    cut = max(ends[0], min(cut, len(content)))
    at = ends[0] + flipped
    if at < cut:
        content[at] ^= 1
    path.write_bytes(content[:cut])
    good = sum(1 for end in ends[1:] if end <= cut and not at < min(end, cut))
    assert [*journal.parts(KEY)] == PARTS[:good]
    journal.keep(PARTS[0])
    assert [*journal.parts(KEY)] == [*PARTS[:good], PARTS[0]]
