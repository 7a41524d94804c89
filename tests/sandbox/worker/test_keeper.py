"""One loop keeps many cells, and none of them waits for another."""

from __future__ import annotations

import asyncio
import time

import pytest

from headgate.sandbox.model import File, Limits, Status
from tests.sandbox.yard import python, worker


@pytest.mark.slow
async def test_a_cell_that_floods_and_one_that_spins_hold_up_no_other() -> None:
    flood = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    wide = Limits(wall_s=1.5, output_bytes=1 << 30)
    async with worker() as foreman:
        noisy = [
            asyncio.ensure_future(python(foreman, flood, limits=wide)),
            asyncio.ensure_future(python(foreman, "while True: pass", limits=wide)),
        ]
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        quick = await python(foreman, "print(1)")
        assert quick.stdout == "1\n"
        assert time.monotonic() - begun < 1.0
        assert {(await it).status for it in noisy} == {Status.WALL}


async def test_a_large_file_goes_in_and_comes_back_whole() -> None:
    data = bytes(range(256)) * 40_000
    code = "open('output/copy', 'wb').write(open('in', 'rb').read())"
    async with worker() as foreman:
        result = await python(foreman, code, files=(File("in", data),))
    assert [it.data for it in result.artefacts] == [data]
