"""Control groups: what they hold, that none is left, and where they cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.sandbox.cgroup import Bounds, Groups


def can_write() -> bool:
    groups = Groups.find()
    return groups is not None and groups.close()


needs = pytest.mark.skipif(
    not can_write(),
    reason="control groups cannot be written here: run as root, or in a delegated scope",
)


@pytest.fixture
def groups() -> Iterator[Groups]:
    found = Groups.find()
    assert found is not None
    yield found
    eventually(found.close)


def eventually(holds: object, seconds: float = 5.0) -> None:
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.002)


def waiting(code: str) -> subprocess.Popen[bytes]:
    """A Python that begins `code` when told to by a byte."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", f"import os; os.read(0, 1)\n{code}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@needs
@pytest.mark.slow
def test_memory_is_held_and_who_was_killed_for_it_is_told(groups: Groups) -> None:
    group = groups.make(Bounds(60, 16, cpus=1.0))
    with waiting("b = bytearray(200 << 20); print('escaped')") as process:
        group.add(process.pid)
        out, _ = process.communicate(b"x")
    assert (out, process.returncode) == (b"", -9)
    assert group.memory_kills() == 1
    assert 50 < group.peak_mb() <= 61
    assert group.cpu_ms() > 0
    group.close()


@needs
@pytest.mark.slow
def test_processes_are_counted_together_and_killed_together(groups: Groups) -> None:
    group = groups.make(Bounds(200, 6))
    code = (
        "import time\nn = 0\ntry:\n"
        "    while n < 40:\n        n += 1\n"
        "        if not os.fork(): time.sleep(60)\n"
        "except OSError: print(n, flush=True)\ntime.sleep(60)"
    )
    with waiting(code) as process:
        group.add(process.pid)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"x")
        process.stdin.flush()
        assert int(process.stdout.readline()) == 6
        assert group.refused_processes() > 0
        group.close()
        assert process.wait() == -9


@needs
def test_bounds_can_be_drawn_anew_in_either_direction(groups: Groups) -> None:
    group = groups.make(Bounds(100, 10))
    for memory_mb in (400, 50, 200):
        group.bind(Bounds(memory_mb, 10))
    group.close()


@needs
def test_a_closed_group_leaves_no_folder(groups: Groups) -> None:
    for _ in range(5):
        groups.make(Bounds(50, 5)).close()
    assert groups.close()


@needs
@pytest.mark.slow
def test_an_empty_group_is_lent_anew_as_if_it_were_new(groups: Groups) -> None:
    """Whoever was killed in it before is no kill of the next, and its bounds hold again."""
    first = groups.make(Bounds(60, 8))
    with waiting("b = bytearray(200 << 20)") as process:
        first.add(process.pid)
        process.communicate(b"x")
    assert first.memory_kills() == 1
    first.close()
    again = groups.make(Bounds(90, 3))
    assert again._folders == first._folders
    assert again.memory_kills() == 0
    code = (
        "import time\nb, n = bytearray(70 << 20), 0\ntry:\n"
        "    while n < 9:\n        n += 1\n        if not os.fork(): time.sleep(60)\n"
        "except OSError: print(n, flush=True)\ntime.sleep(60)"
    )
    with waiting(code) as process:
        again.add(process.pid)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"x")
        process.stdin.flush()
        assert int(process.stdout.readline()) == 3
        again.close()


@needs
def test_a_group_is_not_lent_anew_while_something_is_in_it_or_if_it_gave_way(
    groups: Groups,
) -> None:
    held, slow = groups.make(Bounds(90, 8)), groups.make(Bounds(90, 8))
    with waiting("") as process:
        held.add(process.pid)
        assert not held.is_empty()
        process.communicate(b"x")
    slow.give_way(to_others=True)
    assert not slow.is_empty()
    slow.give_way(to_others=False)
    assert slow.is_empty()


@needs
def test_what_comes_too_late_for_a_run_does_nothing_to_the_next(groups: Groups) -> None:
    late = groups.make(Bounds(90, 8))
    late.close()
    again = groups.make(Bounds(90, 8))
    assert again._folders == late._folders
    with waiting("") as process:
        with pytest.raises(ProcessLookupError, match="is over"):
            late.add(process.pid)
        late.give_way(to_others=True)
        assert again.is_empty()
        shares = again._folders.get("cpu", Path()) / "cpu.shares"
        assert not shares.exists() or shares.read_text().strip() == "1024"
        process.communicate(b"x")
    again.close()


@needs
@pytest.mark.slow
def test_what_a_killed_owner_left_is_swept_by_the_next() -> None:
    """Its groups and the processes still in them."""
    code = (
        "import os, subprocess, sys, time\n"
        "from headgate.sandbox.cgroup import Bounds, Groups\n"
        "child = subprocess.Popen(['/bin/sleep', '60'])\n"
        "Groups.find().make(Bounds(50, 5)).add(child.pid)\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    orphan = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()

    def swept() -> bool:
        found = Groups.find()
        assert found is not None
        found.close()
        return not [*Path("/sys/fs/cgroup").rglob(f"headgate-{owner.pid}-*")]

    eventually(swept)
    eventually(lambda: not alive(orphan))


def alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def test_where_nothing_can_be_written_there_are_none(tmp_path: Path) -> None:
    assert Groups.find(tmp_path) is None


def second_version(root: Path, inside: str) -> tuple[Path, Path]:
    """A folder that looks like version 2, in which this process lives."""
    proc, own = root / "proc", root / "cgroup" / "user" / "scope"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text("0::/user/scope\n")
    own.mkdir(parents=True)
    (proc / str(os.getpid())).mkdir()
    (proc / str(os.getpid()) / "stat").write_text("1 (a b) " + " ".join(map(str, range(30))))
    (own / "cgroup.controllers").write_text("cpu memory pids")
    (own / "cgroup.subtree_control").write_text("")
    (own / "cgroup.procs").write_text(inside)
    return proc, own


def test_the_second_version_is_not_used_where_others_live_in_our_group(tmp_path: Path) -> None:
    """Its rule would have us move them; we do not."""
    proc, own = second_version(tmp_path, f"{os.getpid()}\n1\n")
    assert Groups.find(tmp_path / "cgroup", proc) is None
    assert not (own / "headgate.own").exists()


def test_the_second_version_is_not_used_without_its_controllers(tmp_path: Path) -> None:
    proc, own = second_version(tmp_path, "")
    (own / "cgroup.controllers").write_text("cpu")
    assert Groups.find(tmp_path / "cgroup", proc) is None


@needs
def test_a_group_that_was_closed_while_others_were_made_is_found_again(groups: Groups) -> None:
    """Who makes the next finds all that could not leave before, whenever they were made."""
    bounds = Bounds(60, 16)
    with waiting("") as process:
        first = groups.make(bounds)
        first.add(process.pid)
        groups.make(bounds).close()
        first.close()
        process.wait()

    def is_lent() -> bool:
        return groups.make(bounds)._folders == first._folders

    eventually(is_lent)


@needs
def test_a_group_that_gives_way_gets_less_of_a_processor_until_it_does_not(
    groups: Groups,
) -> None:
    group = groups.make(Bounds(60, 16))
    cpu = group._folders.get("cpu")
    assert cpu is not None
    name = "cpu.shares" if groups.version == 1 else "cpu.weight"
    whole = int((cpu / name).read_text())
    group.give_way(to_others=True)
    assert int((cpu / name).read_text()) <= whole // 8
    group.give_way(to_others=False)
    assert int((cpu / name).read_text()) == whole
    group.close()
    group.give_way(to_others=True)  # gone meanwhile: nothing to say
