"""What work writes to is learnt without its being done here, and copied for a fork."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from headgate.sandbox.worker import pages, syscalls

_CODE = """
import mmap, os, resource
from headgate.sandbox.worker import pages
memory = mmap.mmap(-1, 256 * pages.PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory[:] = b"a" * len(memory)
def write():
    for at in range(0, len(memory), 2 * pages.PAGE):
        memory[at] = 66
written = pages.learn(write)
assert memory[0] == 97, "it was done here"
pid = os.fork()
if not pid:
    copied = pages.copy(written)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    write()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    os._exit(0 if not copied or faults < 32 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), len(written) >= 128 * 16)
"""


def test_a_fork_that_copied_what_was_learnt_faults_no_more_on_it() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], check=True, capture_output=True)
    assert done.stdout == b"0 True\n"


def test_a_kernel_that_copies_for_nobody_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(process: int, spans: int, count: int) -> None:
        raise OSError(errno.EINVAL, "process_madvise")

    monkeypatch.setattr(syscalls, "populate", refuse)
    assert not pages.copy(bytes(16))
    assert pages.copy(b"")
