"""The kernel's refusals are told with the call that was refused."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from headgate.sandbox.worker import syscalls


def test_a_refused_call_says_which_and_why() -> None:
    with pytest.raises(OSError, match="umount /no/such/place") as caught:
        syscalls.umount("/no/such/place")
    assert caught.value.errno in (errno.ENOENT, errno.EPERM)
    with pytest.raises(OSError, match="open_tree"):
        syscalls.open_tree("/no/such/place")


def test_a_process_gives_up_capabilities_and_descriptors_for_good() -> None:
    code = """
import os
from headgate.sandbox.worker import syscalls
os.pipe()
syscalls.close_beyond(2)
syscalls.name_process("short name")
try:
    syscalls.drop_capabilities()
except OSError:
    pass  # not root: it has none and may not shrink the bounding set
print([it.split()[1] for it in open("/proc/self/status") if it.startswith("CapEff")],
      open("/proc/self/comm").read().strip(), len(os.listdir("/proc/self/fd")))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert done.stdout.decode() == "['0000000000000000'] short name 4\n"
