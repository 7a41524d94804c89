"""A seat judges with what its own machine has, and tells in answers what it cannot."""

from __future__ import annotations

import pickle

import pytest

from headgate import __version__
from headgate.bench.grade import Grade, Graded
from headgate.bench.judging import runtime_of
from headgate.bench.seat import Lacking, Seat, Told
from headgate.sandbox.model import File, Refused, Unavailable
from headgate.sandbox.settings import Settings
from tests.bench.samples import RIGHT, WRONG, doubling

ODD = File("test_solution.py", b"import solution\n\ndef test_it(capfd):\n    assert 1\n")


@pytest.mark.slow
async def test_a_seat_tells_what_it_can_judge_and_judges() -> None:
    seat = Seat(Settings(), 1)
    try:
        tasks = (doubling(), doubling(language="bash"), doubling(tests=(ODD,)))
        told = await seat.begin(tasks)
        assert told.headgate == __version__
        assert told.runtimes[0] == runtime_of(doubling()).version
        missing, refused = told.runtimes[1:]
        assert isinstance(missing, Lacking)
        assert isinstance(missing.error, Unavailable)
        assert isinstance(refused, Lacking)
        assert isinstance(refused.error, Refused)
        found = [await seat.judge(doubling(), it) for it in (RIGHT, WRONG)]
        grades = [it.grade for it in found if isinstance(it, Graded)]
        assert grades == [Grade.PASS, Grade.WRONG]
    finally:
        await seat.close()


async def test_a_machine_that_contains_no_code_says_so() -> None:
    told = await Seat(Settings(tier="none"), 1).begin((doubling(),))
    assert told.lacking is not None
    assert told.lacking.remedy


def test_what_travels_arrives_as_it_was() -> None:
    lacking = Lacking("no Go", "install it")
    told = Told("1.0", "landlock", ("3.11", lacking), lacking)
    for it in (told, lacking, doubling(), Settings(), Graded(grade=Grade.PASS, why="w")):
        assert pickle.loads(pickle.dumps(it)) == it  # noqa: S301 - of this line
