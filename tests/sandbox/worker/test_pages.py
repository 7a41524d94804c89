"""What work writes to is learnt without its being done here, and copied for a fork."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headgate.sandbox.worker import machine, pages

_CODE = """
import mmap, os, resource, sys
from headgate.sandbox.worker import machine, pages
code = machine.Code(sys.argv[1])
memory = mmap.mmap(-1, 256 * pages.PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory[:] = b"a" * len(memory)
def write():
    for at in range(0, len(memory), 2 * pages.PAGE):
        memory[at] = 66
written = pages.learn(write, code)
assert memory[0] == 97, "it was done here"
pid = os.fork()
if not pid:
    copied = written.copy()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    write()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    os._exit(0 if not copied or faults < 32 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 128 <= written.count < 256)
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "first"
    path.write_bytes(machine.program())
    return str(path)


def test_a_fork_that_copied_what_was_learnt_faults_no_more_on_it(program: str) -> None:
    command = [sys.executable, "-c", _CODE, program]
    done = subprocess.run(command, check=True, capture_output=True)
    assert done.stdout == b"0 True\n"


def test_what_the_kernel_copies_for_nobody_is_told_of(program: str) -> None:
    code = machine.Code(program)
    nowhere = pages._SPAN.pack(1 << 12, pages.PAGE)
    assert not pages.Pages(nowhere, code).copy()
    assert pages.Pages(b"", code).copy()
