"""A worker runs strangers' code, tells how it ended, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headgate.sandbox.foreman import Broken, Foreman
from headgate.sandbox.model import (
    File,
    Heard,
    Limits,
    Made,
    Output,
    Refused,
    Runtime,
    Status,
    Step,
    Tree,
    Unavailable,
)
from tests.sandbox.yard import WALLS, descriptors, order, python, said, shell, worker

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT TESTED HERE: the namespaces tier needs Linux"
)


async def test_python_runs_with_its_arguments_its_input_and_its_files() -> None:
    code = """import sys
print(sys.argv[1:], sys.stdin.read(), open("a/b.txt").read(), __name__)
sys.exit(3)"""
    async with worker() as foreman:
        cell = await foreman.prepare(Limits())
        files = (File("main.py", code.encode()), File("a/b.txt", b"data"))
        step = Step("run", ("x", "y"), python="main.py")
        result = await cell.carry_out(order(foreman, step, files=files, stdin=b"in"))
    assert (result.status, result.exit_code) == (Status.ERROR, 3)
    assert result.stdout == "['x', 'y'] in data __main__\n"
    assert result.isolation == WALLS


async def test_a_traceback_names_the_users_file_and_line_and_none_of_ours() -> None:
    async with worker() as foreman:
        result = await python(foreman, "def f():\n    1 / 0\nf()\n")
        syntax = await python(foreman, "x = (\n")
    assert 'File "/box/main.py", line 2, in f' in result.stderr
    assert syntax.status == Status.BUILD
    assert 'File "/box/main.py", line 1' in syntax.stderr
    assert "headgate" not in result.stderr + syntax.stderr


@pytest.mark.parametrize("path", ["output", "a/b"])
async def test_a_file_that_has_no_place_is_refused_and_no_fault_of_ours(path: str) -> None:
    """One that is a folder already, and one below a file."""
    async with worker() as foreman:
        with pytest.raises(Refused, match=f"'{path}' cannot be laid"):
            await python(foreman, "print(1)", files=(File("a", b""), File(path, b"")))
        assert (await python(foreman, "print(1)")).stdout == "1\n"


async def test_a_session_outlives_a_file_that_its_links_keep_out() -> None:
    async with worker() as foreman:
        cell = await foreman.prepare(Limits(), session=True)
        with pytest.raises(Refused, match="'output' cannot be laid"):
            await said(cell, foreman, "never", files=(File("output", b""),))
        await said(cell, foreman, "x = 1; import os; os.symlink('/dev', 'link')")
        with pytest.raises(Refused, match="'link/shm/y' cannot be laid"):
            await said(cell, foreman, "never", files=(File("link/shm/y", b""),))
        after = await said(cell, foreman, "x, os.path.exists('/dev/shm/y')")
    assert (after.status, after.value) == (Status.OK, "(1, False)")


async def test_user_code_is_nobody_sees_nobody_and_holds_nothing() -> None:
    code = """import os
print(os.getuid(), os.geteuid(), sorted(it for it in os.listdir("/proc") if it.isdigit()))
print([os.readlink(f"/proc/self/fd/{it}").partition(":")[0] for it in "012"])
print(sorted(int(it) for it in os.listdir("/proc/self/fd"))[:-1])
print([it for it in open("/proc/self/status") if it.startswith(("CapEff", "CapBnd", "NoNew"))])
print(sorted(os.environ))"""
    async with worker() as foreman:
        result = await python(foreman, code)
    ids, std, fds, caps, env = result.stdout.splitlines()
    assert ids == "1000 1000 ['1', '2']"
    assert std == "['/dev/null', 'pipe', 'pipe']"
    assert fds == "[0, 1, 2]"
    assert caps.count("0000000000000000") == 2
    assert "NoNewPrivs:\\t1" in caps
    assert not [it for it in os.environ if it in env and it.startswith("PYTEST")]


@pytest.mark.slow
async def test_each_limit_that_ends_a_run_has_a_status_of_its_own() -> None:
    cases = [
        ("while True: pass", Limits(wall_s=0.3), Status.WALL),
        ("while True: pass", Limits(wall_s=30, cpu_s=1), Status.CPU),
        ("x = bytearray(10 ** 9)", Limits(), Status.MEMORY),
        ("x = [open('/dev/null') for _ in range(999)]", Limits(), Status.OPEN_FILES),
        ("open('x', 'wb').write(bytes(9 << 20))", Limits(file_mb=8), Status.FILE_SIZE),
        (
            "for i in range(9): open(str(i), 'wb').write(bytes(4 << 20))",
            Limits(disk_mb=16),
            Status.DISK,
        ),
        ("for i in range(99): open(str(i), 'wb')", Limits(inodes=64), Status.INODES),
        ("while True: print('x' * 99)", Limits(output_bytes=5000), Status.OUTPUT),
        (
            "import os\nfor i in range(99):\n  if not os.fork(): os.read(0, 1); os._exit(0)",
            Limits(processes=16),
            Status.PROCESSES,
        ),
        (
            "for i in range(9): open(f'output/{i}', 'wb').write(b'x')",
            Limits(artefacts=4),
            Status.ARTEFACTS,
        ),
    ]
    async with worker() as foreman:
        for code, limits, status in cases:
            result = await python(foreman, code, limits=limits)
            assert (result.status, bool(result.hint)) == (status, True), (code, result)


@pytest.mark.slow
async def test_memory_of_many_processes_is_summed_and_shared_mappings_are_not_missed() -> None:
    many = """import os, time
for _ in range(5):
    if not os.fork():
        x = bytearray(40 << 20)
        time.sleep(9)
        os._exit(0)
time.sleep(9)"""
    mapped = """import mmap, time
x = mmap.mmap(-1, 90 << 20)
for at in range(0, 90 << 20, 4096): x[at] = 1
x.madvise(mmap.MADV_DONTNEED)
y = mmap.mmap(-1, 90 << 20)
time.sleep(9)"""
    limits = Limits(wall_s=8, memory_mb=128)
    async with worker(reserves=True) as foreman:  # no RLIMIT_AS: the watchdog alone
        for code in (many, mapped):
            result = await python(foreman, code, limits=limits)
            assert result.status == Status.MEMORY
            assert result.total_ms < 4000


@pytest.mark.slow
async def test_what_was_printed_and_saved_before_a_limit_is_kept() -> None:
    code = """import time
print("first")
open("output/part.csv", "w").write("a,b\\n")
time.sleep(9)"""
    async with worker() as foreman:
        result = await python(foreman, code, limits=Limits(wall_s=0.4))
    assert (result.status, result.stdout) == (Status.WALL, "first\n")
    assert [(it.path, it.mime, it.data) for it in result.artefacts] == [
        ("part.csv", "text/csv", b"a,b\n")
    ]
    assert "chunks" in result.hint
    assert result.steps[-1].name == "run"


@pytest.mark.slow
async def test_output_is_heard_as_it_appears() -> None:
    heard: list[tuple[float, Heard]] = []
    code = "import time\nprint('one')\ntime.sleep(.3)\nprint('ünd')\nopen('output/x','w')"
    async with worker() as foreman:
        await python(foreman, code, lambda it: heard.append((time.monotonic(), it)))
    texts = [it.text for _, it in heard if isinstance(it, Output)]
    assert texts == ["one\n", "ünd\n"]
    assert heard[1][0] - heard[0][0] > 0.2
    assert isinstance(heard[-1][1], Made)


async def test_steps_follow_each_other_and_what_one_leaves_running_is_gone() -> None:
    async with worker() as foreman:
        cell = await foreman.prepare(Limits())
        listing = "ls -d /proc/[0-9]* | wc -l"
        result = await cell.carry_out(
            order(
                foreman,
                Step("a", ("/bin/sh", "-c", "sleep 99 & echo made > file"), is_build=True),
                Step("b", ("/bin/sh", "-c", f"cat file; {listing}")),
                Step("c", python="c.py"),
                Step("d", ("/bin/false",), goes_on=True),
                Step("e", ("/bin/false",), is_build=True),
                Step("f", ("/bin/true",)),
                files=(File("c.py", b"print('c')"),),
            )
        )
    assert result.status == Status.BUILD
    assert [it.name for it in result.steps] == ["a", "b", "c", "d", "e"]
    assert result.steps[1].stdout.split()[0] == "made"
    assert int(result.steps[1].stdout.split()[1]) <= 4  # itself, ls, wc and the first
    assert result.steps[2].stdout == "c\n"


async def test_a_program_that_is_not_there_is_our_failure_and_not_the_codes() -> None:
    async with worker() as foreman:
        cell = await foreman.prepare(Limits())
        result = await cell.carry_out(order(foreman, Step("run", ("/no/such/program",))))
    assert result.status == Status.BROKEN
    assert "/no/such/program" in result.hint


async def test_a_signal_is_told_as_one() -> None:
    async with worker() as foreman:
        killed = await python(foreman, "import os\nos.kill(os.getpid(), 9)")
        aborted = await shell(foreman, "kill -ABRT $$")
    assert (killed.status, killed.signal) == (Status.SIGNAL, signal.SIGKILL)
    assert (aborted.status, aborted.signal) == (Status.SIGNAL, signal.SIGABRT)


@pytest.mark.slow
async def test_a_session_keeps_its_names_shows_values_and_ends_at_a_limit() -> None:
    async with worker() as foreman:
        cell = await foreman.prepare(Limits(), session=True)
        assert (await said(cell, foreman, "x = 20\nx + 1")).value == "21"
        second = await said(cell, foreman, "print(x); x += 1; open('output/a', 'w')")
        assert (second.stdout, second.value) == ("20\n", second.value)
        assert [it.path for it in second.artefacts] == ["a"]
        failed = await said(cell, foreman, "def f():\n    return 1 / 0\nf()")
        assert failed.status == Status.ERROR
        assert 'File "<cell 3>", line 2, in f\n    return 1 / 0' in failed.stderr
        third = await said(cell, foreman, "await __import__('asyncio').sleep(0, x)")
        assert (third.value, third.artefacts) == ("21", ())
        await said(cell, foreman, "1", files=(File("b/c.txt", b"d"),))
        assert {it.path: it.data for it in await cell.files(100)} == {
            "b/c.txt": b"d",
            "output/a": b"",
        }
        last = await said(cell, foreman, "while True: pass", limits=Limits(wall_s=0.3))
        assert (last.status, cell.alive) == (Status.WALL, False)
        with pytest.raises(Broken):
            await said(cell, foreman, "1")


async def test_a_runs_leftovers_do_not_reach_the_next() -> None:
    places = "import os\nat = [os.environ['TMPDIR'], '/dev/shm', '.']\n"
    async with worker() as foreman:
        await python(foreman, f"{places}for it in at: open(it + '/left', 'w')")
        result = await python(
            foreman, f"{places}print([os.path.exists(it + '/left') for it in at])"
        )
    assert result.stdout == "[False, False, False]\n"


async def test_random_numbers_differ_from_run_to_run() -> None:
    code = "import random, uuid\nprint(random.random(), uuid.uuid4())"
    async with worker(imports=("random", "uuid")) as foreman:
        seen = {(await python(foreman, code)).stdout for _ in range(3)}
    assert len(seen) == 3


async def test_whoever_gives_up_waiting_ends_the_run() -> None:
    async with worker() as foreman:
        task = asyncio.ensure_future(python(foreman, "while True: pass"))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        cell = await foreman.prepare(Limits())
        running = asyncio.ensure_future(
            cell.carry_out(order(foreman, Step("run", ("/bin/sleep", "9"))))
        )
        await asyncio.sleep(0.1)
        cell.kill()
        assert (await running).status == Status.STOPPED
        assert (await python(foreman, "print(1)")).stdout == "1\n"


async def test_a_worker_that_dies_breaks_its_runs_and_says_so() -> None:
    async with worker() as foreman:
        running = asyncio.ensure_future(python(foreman, "import time; time.sleep(9)"))
        await asyncio.sleep(0.2)
        assert foreman._process is not None
        os.kill(foreman._process.pid, signal.SIGKILL)
        result = await running
        assert result.status == Status.BROKEN
        assert not foreman.alive
        with pytest.raises(Broken):
            await foreman.prepare(Limits())


async def test_an_import_that_fails_is_told_and_does_not_stop_the_worker() -> None:
    async with worker(imports=("json", "no_such_package")) as foreman:
        assert "ModuleNotFoundError" in foreman.missing["no_such_package"]
        assert (await python(foreman, "print(1)")).status == Status.OK


async def test_an_interpreter_that_is_none_is_unavailable() -> None:
    runtime = Runtime("python", "3", "python", interpreter="/bin/false")
    with pytest.raises(Unavailable, match="the sandbox cannot start"):
        await Foreman.start(runtime, WALLS)


async def test_a_tree_is_seen_read_only_and_an_overlay_forgets_what_is_written(
    tmp_path: Path,
) -> None:
    fixed, cache = tmp_path / "fixed", tmp_path / "cache"
    for it in (fixed, cache):
        it.mkdir(mode=0o755)
        (it / "old").write_text("old")
    trees = (Tree(str(fixed), "/opt/fixed"), Tree(str(cache), "/opt/cache", is_overlay=True))
    async with worker(trees=trees) as foreman:
        ask = "cat /opt/fixed/old; touch /opt/fixed/new || echo no; ls /opt/cache"
        first = await shell(foreman, f"{ask}; true")
    assert first.stdout == "oldno\nold\n"
    assert [it.name for it in cache.iterdir()] == ["old"]


async def test_nothing_is_left_of_a_worker_that_is_closed() -> None:
    before = descriptors()
    async with worker() as foreman:
        await python(foreman, "print(1)")
        assert foreman._process is not None
        pid = foreman._process.pid
    await asyncio.sleep(0.05)
    assert descriptors() == before
    assert pid not in {int(it) for it in os.listdir("/proc") if it.isdigit()}


async def test_a_start_that_is_given_up_at_any_moment_leaves_no_process() -> None:
    before = descriptors()
    for wait in (0.0, 0.001, 0.005, 0.02):
        task = asyncio.ensure_future(Foreman.start(Runtime("python", "3", "python"), WALLS))
        await asyncio.sleep(wait)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, Unavailable)):
            await task
    await asyncio.sleep(0.05)
    assert descriptors() == before


_ORPHAN = """
import asyncio, os, sys
from headgate.sandbox.model import Limits
from tests.sandbox.yard import order, worker
from headgate.sandbox.model import Step
async def main():
    async with worker() as foreman:
        cell = await foreman.prepare(Limits())
        sleeping = order(foreman, Step("run", ("/bin/sleep", "77.123")))
        task = asyncio.ensure_future(cell.carry_out(sleeping))
        await asyncio.sleep(.3)
        print(foreman._process.pid, flush=True)
        await task
asyncio.run(main())
"""


@pytest.mark.slow
def test_nothing_is_left_when_the_supervisor_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _ORPHAN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = process.stdout.readline()
        if not pid:
            pytest.skip("SANDBOX NOT TESTED: no worker could be started here")
        process.kill()
    for _ in range(100):
        if not any(_is_ours(it) for it in Path("/proc").glob("[0-9]*/cmdline")):
            return
        time.sleep(0.02)
    pytest.fail("a process of the sandbox outlived its supervisor")


def _is_ours(cmdline: Path) -> bool:
    try:
        return b"77.123" in cmdline.read_bytes() and b"sleep" in cmdline.read_bytes()
    except OSError:
        return False
