"""The first process of a cell lets programs run and cannot be touched by them."""

from __future__ import annotations

from headgate.sandbox.model import File, Limits, Status, Step
from tests.sandbox.yard import order, shell, worker


async def test_programs_can_do_nothing_to_the_first_process() -> None:
    async with worker() as foreman:
        result = await shell(
            foreman,
            "kill -9 1; kill -STOP 1; cat /proc/1/environ; cat /proc/1/fd/4 /proc/1/maps;"
            "readlink /proc/1/root; echo $(cat /proc/1/comm)",
        )
    assert (result.status, result.stdout) == (Status.OK, "first\n")


async def test_orphans_are_reaped_so_that_they_do_not_fill_the_cell() -> None:
    text = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do (true &); sleep 0.01; done; echo fine"
    async with worker() as foreman:
        result = await shell(foreman, text, limits=Limits(processes=6, wall_s=9))
    assert (result.stdout, result.stderr) == ("fine\n", "")


async def test_a_programs_environment_is_its_own_and_a_file_of_the_box_can_be_run() -> None:
    script = b"#!/bin/sh\necho $GIVEN $HOME $OUTPUT_DIR $PWD; env | wc -l\n"
    async with worker(env=(("GIVEN", "no"),)) as foreman:
        cell = await foreman.prepare(Limits())
        step = Step("run", ("./script",), env=(("GIVEN", "yes"),))
        files = (File("script", script, executable=True),)
        result = await cell.carry_out(order(foreman, step, files=files))
    first, count = result.stdout.splitlines()
    assert first == "yes /tmp /box/output /box"
    assert int(count) <= 10
