"""Orders in folders: the same results as in namespaces, each limit told, nothing left."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headgate.sandbox.folders import FolderForeman
from headgate.sandbox.model import (
    File,
    Heard,
    Isolation,
    Limits,
    Made,
    Order,
    Output,
    Result,
    Runtime,
    Status,
    Step,
    Tree,
    Unavailable,
)
from headgate.sandbox.worker import landlock
from tests.sieges import interpreter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not landlock.best(), reason="this kernel has no Landlock (5.13)"),
    pytest.mark.skipif(
        interpreter() == "none", reason="no Python here that others may read: install python3"
    ),
]


@pytest.fixture
async def foreman() -> AsyncIterator[FolderForeman]:
    runtime = Runtime("python", "3", "python", interpreter=interpreter())
    started = await FolderForeman.start(runtime, Isolation("landlock"))
    yield started
    await started.close()
    assert not started.place.exists()


async def run(
    foreman: FolderForeman, code: str, limits: Limits | None = None, stdin: bytes = b""
) -> Result:
    limits = limits or Limits(wall_s=5.0)
    cell = await foreman.prepare(limits)
    order = Order(
        foreman.runtime,
        (Step("run", python="a.py"),),
        (File("a.py", code.encode()),),
        limits,
        stdin,
    )
    result = await cell.carry_out(order)
    assert not cell.alive
    return result


async def test_code_runs_and_its_output_files_and_tier_are_told(foreman: FolderForeman) -> None:
    code = (
        "import os, sys\nprint(sys.stdin.read(), os.getuid() != 0)\n"
        "print('e', file=sys.stderr)\n"
        "open(os.environ['OUTPUT_DIR'] + '/a.txt', 'w').write('left')\n"
    )
    result = await run(foreman, code, stdin=b"given")
    assert (result.status, result.exit_code) == (Status.OK, 0)
    assert result.stdout == "given True\n"
    assert result.stderr == "e\n"
    assert [(it.path, it.data) for it in result.artefacts] == [("a.txt", b"left")]
    assert result.isolation == Isolation("landlock")
    assert result.cpu_ms > 0
    assert result.peak_mb > 1


@pytest.mark.parametrize(
    ("code", "limits", "status"),
    [
        ("import time; time.sleep(9)", Limits(wall_s=0.5), Status.WALL),
        ("while True: pass", Limits(wall_s=30.0, cpu_s=1.0), Status.CPU),
        ("b = bytearray(200 << 20)", Limits(wall_s=5.0, memory_mb=100), Status.MEMORY),
        ("print('x' * 5000)", Limits(wall_s=5.0, output_bytes=1000), Status.OUTPUT),
        (
            "open('a', 'wb').write(bytes(3 << 20))",
            Limits(wall_s=5, file_mb=1),
            Status.FILE_SIZE,
        ),
        (
            "k = [open('/dev/null') for _ in range(99)]",
            Limits(open_files=20),
            Status.OPEN_FILES,
        ),
        ("raise SystemExit(3)", Limits(wall_s=5.0), Status.ERROR),
        ("import os; os.kill(os.getpid(), 11)", Limits(wall_s=5.0), Status.SIGNAL),
        (
            "for n in range(9):\n    open(f'f{n}', 'wb').write(bytes(1 << 20))",
            Limits(wall_s=5.0, disk_mb=4),
            Status.DISK,
        ),
        (
            "for n in range(99):\n    open(f'f{n}', 'w')",
            Limits(wall_s=5.0, inodes=50),
            Status.INODES,
        ),
        (
            "import os\nfor n in range(9):\n    open(os.environ['OUTPUT_DIR'] + f'/{n}', 'w')",
            Limits(wall_s=5.0, artefacts=4),
            Status.ARTEFACTS,
        ),
    ],
)
async def test_each_limit_ends_a_run_with_a_status_of_its_own(
    foreman: FolderForeman, code: str, limits: Limits, status: Status
) -> None:
    result = await run(foreman, code, limits)
    assert result.status == status, result.stderr


async def test_output_is_kept_up_to_its_limit_and_heard_as_it_comes(
    foreman: FolderForeman,
) -> None:
    heard: list[Heard] = []
    cell = await foreman.prepare(Limits())
    code = b"import os; open(os.environ['OUTPUT_DIR'] + '/x', 'w'); print('\xc3\xa4' * 900)"
    order = Order(
        foreman.runtime,
        (Step("run", python="a.py"),),
        (File("a.py", code),),
        Limits(output_bytes=1000),
    )
    result = await cell.carry_out(order, heard.append)
    assert result.stdout == "\u00e4" * 500
    assert result.lost_bytes == 801
    said = "".join(it.text for it in heard if isinstance(it, Output))
    assert said == result.stdout
    assert [it.artefact.path for it in heard if isinstance(it, Made)] == ["x"]


async def test_steps_follow_each_other_until_one_fails(foreman: FolderForeman) -> None:
    cell = await foreman.prepare(Limits())
    shell = "/bin/sh"
    steps = (
        Step("build", argv=(shell, "-c", "echo built > b"), is_build=True),
        Step("check", argv=(shell, "-c", "exit 4"), goes_on=True),
        Step("run", argv=(shell, "-c", "cat b; exit 5")),
        Step("never", argv=(shell, "-c", "echo never")),
    )
    result = await cell.carry_out(Order(foreman.runtime, steps))
    assert [(it.name, it.exit_code) for it in result.steps] == [
        ("build", 0),
        ("check", 4),
        ("run", 5),
    ]
    assert (result.status, result.stdout) == (Status.ERROR, "built\n")


async def test_a_daemon_ends_with_its_run(foreman: FolderForeman) -> None:
    """Though it has left its parent, its session and its output."""
    code = (
        "import os, time\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n"
        "        os.close(1); os.close(2)\n        time.sleep(60)\n    os._exit(0)\n"
        "time.sleep(0.1)\nprint('ran')"
    )
    begun = time.monotonic()
    result = await run(foreman, code)
    assert result.stdout == "ran\n"
    assert time.monotonic() - begun < 5


async def test_a_killed_run_is_told_as_stopped_and_leaves_nothing(
    foreman: FolderForeman,
) -> None:
    cell = await foreman.prepare(Limits())
    order = Order(foreman.runtime, (Step("run", argv=("/bin/sleep", "60")),))
    running = asyncio.ensure_future(cell.carry_out(order))
    await asyncio.sleep(0.3)
    cell.kill()
    assert (await running).status == Status.STOPPED
    assert await asyncio.to_thread(lambda: list(foreman.place.iterdir())) == []


async def test_a_run_that_is_no_longer_waited_for_is_ended(foreman: FolderForeman) -> None:
    cell = await foreman.prepare(Limits())
    order = Order(foreman.runtime, (Step("run", argv=("/bin/sleep", "60")),))
    running = asyncio.ensure_future(cell.carry_out(order))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await asyncio.to_thread(lambda: list(foreman.place.iterdir())) == []


async def test_two_runs_have_users_of_their_own_where_root_started_them(
    foreman: FolderForeman,
) -> None:
    code = "import os; print(os.getuid())"
    seen = {(await run(foreman, code)).stdout for _ in range(2)}
    assert (len(seen) == 2) == (os.geteuid() == 0)


async def test_a_tree_that_must_be_seen_elsewhere_takes_namespaces(tmp_path: Path) -> None:
    runtime = Runtime("x", "1", "program", trees=(Tree(str(tmp_path), "/elsewhere"),))
    with pytest.raises(Unavailable, match="takes namespaces"):
        await FolderForeman.start(runtime, Isolation("landlock"))


async def test_an_interpreter_that_cannot_run_is_told_with_its_remedy(tmp_path: Path) -> None:
    runtime = Runtime("python", "3", "python", interpreter=str(tmp_path / "python"))
    with pytest.raises(Unavailable) as refused:
        await FolderForeman.start(runtime, Isolation("landlock"))
    assert "[sandbox] python" in refused.value.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may read what others may not")
async def test_a_program_in_a_closed_folder_is_told_and_is_no_failure_of_the_code(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    await asyncio.to_thread(closed.mkdir, 0o700)
    program = closed / "rustc"
    await asyncio.to_thread(program.write_text, "#!/bin/sh\n")
    await asyncio.to_thread(program.chmod, 0o755)
    runtime = Runtime("rust", "1", "program", program=str(program))
    with pytest.raises(Unavailable, match="cannot be run by the sandbox's user"):
        await FolderForeman.start(runtime, Isolation("landlock"))
    open_to_all = Runtime("bash", "5", "program", program="/bin/sh")
    await (await FolderForeman.start(open_to_all, Isolation("landlock"))).close()
