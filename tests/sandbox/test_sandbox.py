"""The sandbox as its callers see it, with real workers: runs, limits, fairness, and its end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.sandbox.chunks import Chunking
from headgate.sandbox.model import (
    File,
    Heard,
    Isolation,
    Job,
    Limits,
    Made,
    Order,
    Output,
    Refused,
    Result,
    Runtime,
    Status,
    Step,
    Unavailable,
)
from headgate.sandbox.sandbox import Sandbox, run_once
from headgate.sandbox.settings import Settings
from headgate.sandbox.standing import Standing
from tests.kit import HEARS_CTRL_C
from tests.shape.tree import ROOT
from tests.toolchains import here

pytestmark = pytest.mark.slow

SETTINGS = Settings(minimum="namespaces", concurrent=4, second_usd="0.001", packages=("json",))


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SETTINGS) as it:
        yield it


def python(code: str, **given: object) -> Job:
    return Job("python", code, **given)  # type: ignore[arg-type] # fields of a job


async def test_code_is_run_with_its_files_arguments_input_and_variables(
    sandbox: Sandbox,
) -> None:
    code = "import os, sys; print(open('a.txt').read(), sys.argv[1], input(), os.environ['V'])"
    job = python(
        code, files=(File("a.txt", b"1"),), args=("2",), stdin=b"3\n", env=(("V", "4"),)
    )
    result = await sandbox.run(job)
    assert (result.status, result.stdout, result.exit_code) == (Status.OK, "1 2 3 4\n", 0)
    assert result.isolation == sandbox.isolation
    assert result.isolation.tier == "namespaces"
    assert (result.language, result.cached) == ("python", False)
    assert result.version.startswith("3.")
    assert result.id.startswith("exec_")


async def test_a_result_tells_how_long_it_waited_ran_and_took(sandbox: Sandbox) -> None:
    result = await sandbox.run(python("import time; time.sleep(0.2)"))
    assert result.execution_ms >= 200
    assert result.queue_ms > 0
    assert result.total_ms >= result.queue_ms + result.execution_ms - 1
    assert result.cost_nusd == int(result.execution_ms) * 1000


async def test_the_same_job_is_given_its_result_again_and_heard_again(sandbox: Sandbox) -> None:
    code = "import random; print(random.random()); open('output/a.txt', 'w').write('x')"
    first = await sandbox.run(python(code))
    heard: list[Heard] = []
    again = await sandbox.run(python(code), heard.append)
    assert (again.cached, again.stdout, again.cost_nusd) == (True, first.stdout, 0)
    assert again.id != first.id
    assert heard == [Output("stdout", first.stdout), Made(first.artefacts[0])]
    other = await sandbox.run(python(code, depends_on=("chance",)))
    assert (other.cached, other.stdout != first.stdout) == (False, True)
    assert not (await sandbox.run(python(code, tenant="b"))).cached


async def test_the_same_job_asked_for_at_once_is_run_once(sandbox: Sandbox) -> None:
    code = "import os; print(os.urandom(8).hex())"
    found = await asyncio.gather(*(sandbox.run(python(code)) for _ in range(5)))
    assert len({it.stdout for it in found}) == 1
    assert sum(it.cached for it in found) == 4


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (Job("pyhton", "1"), "unknown language"),
        (python("1", limits=Limits(wall_s=1000)), "wall_s = 1000 is more than the 180"),
        (python("1", limits=Limits(memory_mb=99_999)), "memory_mb"),
        (python("1", session="sess_none"), "no such session"),
    ],
)
async def test_what_may_not_run_is_refused_with_a_remedy_before_it_begins(
    job: Job, said: str
) -> None:
    async with Sandbox(SETTINGS, _nothing()) as sandbox:
        with pytest.raises(Refused, match=said) as refused:
            await sandbox.run(job)
    assert refused.value.remedy


async def test_a_large_artefact_is_answered_by_reference_to_its_tenant_alone(
    sandbox: Sandbox,
) -> None:
    job = python(
        "open('output/a.bin', 'wb').write(b'x' * 5000); open('output/b', 'w').write('y')",
        tenant="a",
        limits=Limits(inline_bytes=1000),
    )
    heard: list[Heard] = []
    result = await sandbox.run(job, heard.append)
    large, small = sorted(result.artefacts, key=lambda it: it.path)
    assert (large.data, large.size, small.data) == (None, 5000, b"y")
    assert {it.artefact for it in heard if isinstance(it, Made)} == {large, small}
    kept = await sandbox.artefact(large.reference, "a")
    assert kept is not None
    assert (kept.data, kept.path) == (b"x" * 5000, "output/a.bin".rpartition("/")[2])
    assert await sandbox.artefact(large.reference, "b") is None


async def test_artefacts_and_files_of_sessions_outlive_the_process(tmp_path: Path) -> None:
    """Two sandboxes one after the other, with one folder between them."""
    settings = replace(SETTINGS, folder=str(tmp_path / "kept"), session_keep_s=60.0)
    limits = Limits(inline_bytes=1)
    job = python("open('output/a', 'w').write('abc')", owner="k_1", limits=limits)
    async with Sandbox(settings) as sandbox:
        reference = (await sandbox.run(job)).artefacts[0].reference
        session = await sandbox.open_session("t", "python", note=b"who")
        await sandbox.run(
            python("open('b', 'w').write('kept'); x = 1", session=session, tenant="t")
        )
    async with Sandbox(settings) as sandbox:
        kept = await sandbox.artefact(reference, "k_1")
        assert kept is not None
        assert (kept.data, kept.mime) == (b"abc", "text/plain")
        assert await sandbox.session_note(session, "t") == b"who"
        again = python("open('b').read(), 'x' in globals()", session=session, tenant="t")
        result = await sandbox.run(again)
        assert result.value == "('kept', False)"
        assert "its files are back, its variables not" in result.hint


async def test_a_folder_that_cannot_be_written_is_refused_with_its_remedy(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be") as missing:
        async with Sandbox(replace(SETTINGS, folder=str(tmp_path / "file")), _nothing()):
            pass
    assert "[sandbox] folder" in missing.value.remedy


async def test_an_order_is_carried_out_as_it_stands_and_never_from_what_is_kept(
    sandbox: Sandbox,
) -> None:
    runtime = Runtime("python", "3", "python")
    files = (File("m.py", b"import os; print(os.urandom(4).hex())"),)
    order = Order(runtime, (Step("one", python="m.py"), Step("two", python="m.py")), files)
    first, second = [await sandbox.carry_out(order, "t") for _ in range(2)]
    assert first.stdout != second.stdout
    assert [it.name for it in first.steps] == ["one", "two"]


async def test_a_job_too_large_at_once_is_done_in_slices_and_joined(sandbox: Sandbox) -> None:
    """Each row needs memory: all of them at once are too many."""
    code = (
        "import csv, os\n"
        "rows = list(csv.DictReader(open('in.csv')))\n"
        "held = [bytearray(2 << 20) for _ in rows]\n"
        "with open('output/out.csv', 'w') as f:\n"
        "    out = csv.writer(f); out.writerow(['n', 'square'])\n"
        "    out.writerows([r['n'], int(r['n']) ** 2] for r in rows)\n"
        "print(os.environ['HEADGATE_CHUNK_START'], os.environ['HEADGATE_CHUNK_END'])\n"
    )
    data = b"n\n" + b"".join(b"%d\n" % n for n in range(100))
    job = python(code, files=(File("in.csv", data),), limits=Limits(memory_mb=128))
    done = await sandbox.run_in_chunks(job, Chunking(file="in.csv"))
    assert done.result.status == Status.OK, done.result
    assert (done.rows < 100, done.slices > 1) == (True, True)
    lines = (done.result.artefacts[0].data or b"").decode().split()
    assert lines == ["n,square", *(f"{n},{n * n}" for n in range(100))]


async def test_the_guides_examples_come_to_what_it_says(sandbox: Sandbox) -> None:
    guide = (ROOT / "docs/guides/run-code-in-chunks.md").read_text()
    squares, primes = re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    data = b"n\n" + b"".join(b"%d\n" % n for n in range(10))
    job = python(squares, files=(File("numbers.csv", data),))
    done = await sandbox.run_in_chunks(job, Chunking(file="numbers.csv", rows=3))
    assert (done.slices, len(done.result.artefacts)) == (4, 1)
    assert (done.result.artefacts[0].data or b"").split()[-1] == b"9,81"
    found = await sandbox.run_in_chunks(python(primes), Chunking(items=30, rows=7))
    assert found.result.stdout.split() == [
        "2",
        "3",
        "5",
        "7",
        "11",
        "13",
        "17",
        "19",
        "23",
        "29",
    ]


async def test_a_javascript_session_remembers_too(sandbox: Sandbox) -> None:
    await asyncio.to_thread(here, "javascript")
    session = await sandbox.open_session("t", "javascript")
    for code, value in (("const x = 20", None), ("await x + 1", "21"), ("const x = 1; x", "1")):
        cell = Job("javascript", code, tenant="t", session=session)
        assert (await sandbox.run(cell)).value == value


async def test_a_python_session_remembers_and_its_files_can_be_taken_elsewhere(
    sandbox: Sandbox,
) -> None:
    session = await sandbox.open_session("t", "python")
    await sandbox.run(
        python("x = 20; open('kept', 'w').write('1')", tenant="t", session=session)
    )
    result = await sandbox.run(python("print('said'); x + 1", tenant="t", session=session))
    assert (result.value, result.stdout) == ("21", "said\n")
    assert result.execution_ms <= result.total_ms
    taken = await sandbox.snapshot(session, "t")
    other = await sandbox.open_session("t", "python", snapshot=taken)
    again = await sandbox.run(python("open('kept').read()", tenant="t", session=other))
    assert again.value == "'1'"
    await sandbox.close_session(session, "t")
    with pytest.raises(Refused, match="ended: it was closed"):
        await sandbox.run(python("x", tenant="t", session=session))


async def test_a_session_that_a_limit_ended_says_which_and_to_begin_anew(
    sandbox: Sandbox,
) -> None:
    session = await sandbox.open_session("t", "python")
    short = Limits(wall_s=0.2)
    job = python("import time; time.sleep(9)", tenant="t", session=session, limits=short)
    result = await sandbox.run(job)
    assert result.status == Status.WALL
    assert "ended: wall_limit, begin a new one" in result.hint
    with pytest.raises(Refused, match="ended: wall_limit"):
        await sandbox.run(python("1", tenant="t", session=session))


async def test_a_worker_that_was_killed_is_replaced_and_the_next_run_is_none_the_wiser(
    sandbox: Sandbox,
) -> None:
    others = set(descendants(os.getpid()))
    await sandbox.run(python("print(1)"))
    killed = [it for it in descendants(os.getpid()) if it not in others]
    assert killed
    for pid in killed:
        with_luck(pid)
    result = await sandbox.run(python("print(2)"))
    assert (result.status, result.stdout) == (Status.OK, "2\n")


async def test_a_run_that_is_given_up_ends_at_once(sandbox: Sandbox) -> None:
    await sandbox.run(python("1"))
    running = asyncio.ensure_future(sandbox.run(python("import time; time.sleep(60)")))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sandbox.figures()["running"] == 0
    assert (await sandbox.run(python("print(3)"))).stdout == "3\n"


async def test_a_flood_of_one_tenant_leaves_another_its_places() -> None:
    """What the line decides, seen from outside: the other one's runs never stand behind more
    than one of the flood's."""
    settings = Settings(
        minimum="namespaces", concurrent=2, concurrent_per_tenant=1, cache=False, spares=0
    )
    async with Sandbox(settings) as sandbox:
        await sandbox.run(python("1", tenant="other"))
        slow = python("import time; time.sleep(0.3)", tenant="flood")
        flood = [asyncio.ensure_future(sandbox.run(slow)) for _ in range(12)]
        await asyncio.sleep(0.1)
        waited = [(await sandbox.run(python("1", tenant="other"))).queue_ms for _ in range(5)]
        for each in flood:
            each.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
    assert max(waited) < 250, waited


def test_one_job_is_run_without_a_loop_and_leaves_no_process() -> None:
    before = descendants(os.getpid())
    result = run_once(python("print('once')"), SETTINGS)
    assert (result.status, result.stdout) == (Status.OK, "once\n")
    assert descendants(os.getpid()) <= before


async def test_closing_leaves_no_process_and_no_descriptor() -> None:
    async with Sandbox(SETTINGS) as first:
        await first.run(python("1"))
    before = descendants(os.getpid()), len(os.listdir("/proc/self/fd"))
    async with Sandbox(SETTINGS) as sandbox:
        await sandbox.open_session("t", "python")
        await asyncio.gather(*(sandbox.run(python(f"print({n})")) for n in range(6)))
        running = asyncio.ensure_future(sandbox.run(python("import time; time.sleep(60)")))
        await asyncio.sleep(0.1)
        assert descendants(os.getpid()) > before[0]
    result = await asyncio.gather(running, return_exceptions=True)
    assert isinstance(result[0], Result | Refused)
    assert await gone_within(5, before[0])
    assert len(os.listdir("/proc/self/fd")) <= before[1]


VICTIM = """
import asyncio, sys
from headgate.sandbox.model import Job
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings

async def main():
    async with Sandbox(Settings(minimum="namespaces", packages=("json",))) as sandbox:
        session = await sandbox.open_session("t", "python")
        await sandbox.run(Job("python", "1"))
        running = asyncio.ensure_future(sandbox.run(Job("python", "while True: pass")))
        await asyncio.sleep(0.3)
        print("runs", flush=True)
        await running

asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_whatever_ends_its_process_nothing_of_the_sandbox_goes_on(how: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(*HEARS_CTRL_C, sys.executable, "-c", VICTIM),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"runs\n"
    own = descendants(process.pid)
    assert own
    process.send_signal(how)
    await process.wait()
    assert await gone_within(5, set(), own)


def _nothing() -> Standing:
    """A place to stand on where no worker can begin."""

    async def start(runtime: Runtime) -> object:
        raise AssertionError("nothing was to be begun")

    async def leave() -> None:
        return

    return Standing(Isolation("namespaces"), start, leave)  # type: ignore[arg-type] # never begun


def descendants(root: int) -> set[int]:
    """Every process below one, whatever namespace it is in."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(entry.name)] = int(parent)
    found, grew = {root}, True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        grew = bool(more)
        found |= more
    return found - {root}


def alive(pids: set[int]) -> set[int]:
    """Those that are still there and no mere entry in the table of processes."""
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            found.add(pid)
    return found


async def gone_within(
    seconds: float, allowed: set[int], watched: set[int] | None = None
) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        left = alive(watched) if watched is not None else descendants(os.getpid()) - allowed
        if not left:
            return True
        await asyncio.sleep(0.05)
    return False


def with_luck(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
