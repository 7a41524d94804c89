"""Programs are confined before they are known, and what cannot be started is said."""

from __future__ import annotations

from headgate.sandbox.model import Limits, Status, Step
from tests.sandbox.yard import order, python, shell, worker


async def test_a_program_that_is_not_there_is_named_and_is_no_failure_of_the_code() -> None:
    async with worker() as foreman:
        cell = await foreman.prepare(Limits())
        result = await cell.carry_out(order(foreman, Step("run", ("/no/such/program",))))
        after = await shell(foreman, "echo fine")
    assert result.status == Status.BROKEN
    assert "/no/such/program: No such file" in result.stderr + result.hint
    assert after.stdout == "fine\n"


async def test_a_program_has_three_descriptors_no_rights_and_a_filter() -> None:
    text = "ls /proc/self/fd | wc -l; grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status"
    async with worker() as foreman:
        result = await shell(foreman, text)
    count, *lines = result.stdout.splitlines()
    assert int(count) == 4  # and the folder that ls reads
    said = dict(it.split(":\t") for it in lines)
    assert {said[it] for it in said if it.startswith("Cap")} == {"0000000000000000"}
    assert (said["NoNewPrivs"], said["Seccomp"]) == ("1", "2")


async def test_a_program_that_calls_itself_like_ended_python_says_nothing_by_it() -> None:
    code = "import os\nos.symlink('/bin/sh', 'hg!0:memory')\n"
    text = "exec 1>&- 2>&-; exit 3"
    async with worker() as foreman:
        assert (await python(foreman, code)).status == Status.OK
        cell = await foreman.prepare(Limits())
        link = Step("one", ("/bin/cp", "/bin/sh", "hg!0:memory"))
        step = Step("two", ("./hg!0:memory", "-c", text))
        result = await cell.carry_out(order(foreman, link, step))
    assert (result.status, result.exit_code) == (Status.ERROR, 3)
