"""The words of the sandbox travel as JSON and come back the same."""

from __future__ import annotations

import msgspec
import pytest

from headgate.sandbox.model import (
    LIMITED,
    Artefact,
    File,
    Heard,
    Job,
    Limits,
    Made,
    Output,
    Result,
    Status,
)


def test_every_limit_has_an_end_of_its_own_that_is_told_as_a_limit() -> None:
    own = {Status.OK, Status.ERROR, Status.SIGNAL, Status.BUILD, Status.STOPPED, Status.BROKEN}
    assert set(Status) == own | LIMITED
    assert not own & LIMITED


def test_a_job_with_bytes_in_it_comes_back_from_json_as_it_was() -> None:
    job = Job("python", "print(1)", (File("a\n\u202e.bin", b"\0\xff", True),), stdin=b"\xfe")
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job


@pytest.mark.parametrize(
    "it",
    [Output("stderr", "careful"), Made(Artefact("a.png", 3, "0" * 64, "image/png", b"\x89PN"))],
    ids=["output", "artefact"],
)
def test_what_is_heard_is_told_apart_by_its_tag(it: Heard) -> None:
    assert msgspec.json.decode(msgspec.json.encode(it), type=Output | Made) == it


def test_a_limit_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(msgspec.ValidationError, match="memory_gb"):
        msgspec.json.decode(b'{"memory_gb": 4}', type=Limits)


def test_a_result_says_nothing_of_a_tier_it_did_not_run_in() -> None:
    assert Result(status=Status.OK).isolation is None
