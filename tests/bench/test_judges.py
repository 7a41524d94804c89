"""This machine's cores judge, no more at once than there are, and open nothing for nothing."""

from __future__ import annotations

import asyncio

import pytest

from headgate.bench.grade import Grade
from headgate.bench.judges import Here, Judges
from headgate.sandbox.model import File, Refused, Unavailable
from headgate.sandbox.settings import CORES, Settings
from tests.bench.samples import RIGHT, WRONG, doubling


@pytest.mark.slow
async def test_answers_are_judged_here_as_many_at_once_as_there_are_cores() -> None:
    async with Here(Settings()) as here:
        judges: Judges = here
        assert (judges.cores, judges.told) == (CORES, "")
        codes = [RIGHT, WRONG] * 3
        found = await asyncio.gather(*(judges.judge(doubling(), it) for it in codes))
        assert [it.grade for it in found] == [Grade.PASS, Grade.WRONG] * 3
        assert await judges.tier() != "none"


async def test_what_cannot_be_judged_is_told_without_opening_a_sandbox() -> None:
    async with Here(Settings(tier="of no machine")) as here:
        assert await here.unfit(doubling()) is None
        assert isinstance(await here.unfit(doubling(language="bash")), Unavailable)
        odd = File(
            "test_solution.py", b"import solution\n\ndef test_it(capfd):\n    assert 1\n"
        )
        assert isinstance(await here.unfit(doubling(tests=(odd,))), Refused)
        with pytest.raises(Unavailable):
            await here.runtime(doubling(language="bash"))


async def test_a_task_that_wants_more_than_a_run_may_have_is_told_before_it_is_judged() -> None:
    async with Here(Settings()) as judges:
        told = await judges.unfit(doubling(memory_mb=1 << 20))
    assert told is not None
    assert "memory_mb" in told.what
