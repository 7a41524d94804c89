"""What processes use is measured from outside, forks not twice, hidden memory once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.sandbox.worker import usage

_HOLDER = """
import mmap, os, sys
kept = bytearray(48 << 20)
shared = mmap.mmap(-1, 32 << 20)
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print("there", flush=True)
sys.stdin.read()
"""


class Few(usage.Watch):
    """A watch over some processes of this machine, as if they were a cell's."""

    pids: tuple[str, ...] = ()

    def others(self) -> list[str]:
        return [*self.pids]


@pytest.mark.slow
def test_a_fork_shares_what_it_has_and_shared_mappings_count(tmp_path: Path) -> None:
    watch = Few(os.open("/proc", os.O_RDONLY), os.open(tmp_path, os.O_RDONLY))
    held = watch._held_by_files()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        task = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        watch.pids = (str(holder.pid), *task.read_text().split())
        sum_ = watch.look(1 << 62, 1.0)
        exact = watch.look(held + (60 << 20), 2.0)
        assert holder.stdin is not None
        holder.stdin.close()
    assert not sum_.is_exact
    assert sum_.memory - held > 96 << 20
    assert exact.is_exact
    assert 80 << 20 < exact.memory - held < sum_.memory - held + (32 << 20)
    assert (sum_.tasks, exact.tasks) == (2, 2)
    watch.close()


def test_what_has_gone_counts_nothing(tmp_path: Path) -> None:
    watch = Few(os.open("/proc", os.O_RDONLY), os.open(tmp_path, os.O_RDONLY))
    watch.pids = ("4194305", "0")
    assert watch.look(1 << 62, 1.0).tasks == 0
    assert usage.Watch.cpu_of_one(4194305) == 0.0
    assert usage.Watch.cpu_of_one(os.getpid()) > 0
    watch.close()
