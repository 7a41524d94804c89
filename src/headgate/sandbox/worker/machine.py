"""Holds the few bytes of machine code that Python cannot stand in for, for each machine.

Rule 1: the code knows nothing of cells: it makes the system calls that a row of words names.
Rule 2: the first process of a cell is a program of its own, which does nothing but reap: it has
no interpreter, no descriptor, no capability, and nobody may look into it.
Rule 3: nothing is ever both written and executed here: the code is mapped from the file.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import NamedTuple

FIRST = "/cell/first"
"""where the program lies in a worker's root"""
WORDS_EACH = 9
"""of a call: its number, six arguments, two places that its result is written to"""
_LIES_AT = 0x400000
_READ_EXECUTE, _PRIVATE = 5, 2


class _Machine(NamedTuple):
    """What differs from one to the next."""

    elf: int
    numbers: dict[str, int]
    reaps: str
    """prctl(PR_SET_DUMPABLE, 0), block SIGCHLD; for ever: wait4 until nobody is left, then
    rt_sigtimedwait(SIGCHLD)"""
    calls: str
    """run(row) at 0, bear(flags, row, stack, pidfd) behind it: both make calls in a row until
    one's number is negative (0 is returned) or its result is (it becomes the number, its
    address is returned); bear makes them in a clone, which exits with 1 if that returns"""
    bears: int
    """where bear begins"""


_MACHINES = {
    "x86_64": _Machine(
        62,
        {
            "capset": 126,
            "chdir": 80,
            "close": 3,
            "dup3": 292,
            "execve": 59,
            "madvise": 28,
            "mkdirat": 258,
            "mount": 165,
            "openat": 257,
            "prctl": 157,
            "sethostname": 170,
            "setns": 308,
            "setsid": 112,
            "umask": 95,
            "umount2": 166,
            "prlimit64": 302,
            "recvmsg": 47,
            "rt_sigprocmask": 14,
            "clock_gettime": 228,
            "exit_group": 231,
            "write": 1,
        },
        "bf0400000031f6b89d0000000f05"
        "680000010031ff4889e631d241ba08000000b80e0000000f05"
        "bfffffffff31f631d24531d2b83d0000000f0585c07fe9"
        "4889e731f631d241ba08000000b8800000000f05ebd3",
        "534889fbe8310000005bc3"
        "534889f34889d64889ca4531d24531c0b8380000000f054885c07511"
        "e80e000000bf01000000b83c0000000f055bc3"
        "488b034885c07834488b7b08488b7310488b53184c8b53204c8b43284c8b4b300f05"
        "483d00f0ffff7715488b4b388901488b4b4089014883c348ebc4"
        "31c0c34889034889d8c3",
        0x0B,
    ),
    "aarch64": _Machine(
        183,
        {
            "capset": 91,
            "chdir": 49,
            "close": 57,
            "dup3": 24,
            "execve": 221,
            "madvise": 233,
            "mkdirat": 34,
            "mount": 40,
            "openat": 56,
            "prctl": 167,
            "sethostname": 161,
            "setns": 268,
            "setsid": 157,
            "umask": 166,
            "umount2": 39,
            "prlimit64": 261,
            "recvmsg": 212,
            "rt_sigprocmask": 135,
            "clock_gettime": 113,
            "exit_group": 94,
            "write": 64,
        },
        "800080d2010080d2e81480d2010000d4"
        "2900a0d2e90f1ff8000080d2e1030091020080d2030180d2e81080d2010000d4"
        "00008092010080d2020080d2030080d2882080d2010000d41f0000712cffff54"
        "e0030091010080d2020080d2030180d2281180d2010000d4f2ffff17",
        "f37bbfa9f30300aa12000094f37bc1a8c0035fd6"
        "f37bbfa9f30301aae10302aae20303aa030080d2040080d2881b80d2010000d4a00000b5"
        "06000094200080d2a80b80d2010000d4f37bc1a8c0035fd6"
        "680240f98801f8b7608640a9628e41a9649642a9010000d41ffc3fb102010054"
        "69aa43a9200100b9400100b973220191f4ffff17"
        "000080d2c0035fd6600200f9e00313aac0035fd6",
        0x14,
    ),
}
_EVERYWHERE = {
    "close_range": 436,
    "landlock_add_rule": 445,
    "landlock_create_ruleset": 444,
    "landlock_restrict_self": 446,
    "move_mount": 429,
    "open_tree": 428,
}
_HEAD = struct.Struct("<16sHHIQQQIHHHHHH")
_PART = struct.Struct("<IIQQQQQQ")
_STACK_PART = 0x6474E551


def _here() -> _Machine:
    return _MACHINES[platform.machine()]


def number(name: str) -> int:
    """The number of a system call on this machine."""
    return _EVERYWHERE.get(name) or _here().numbers[name]


def program(machine: str = "") -> bytes:
    """The first process as an executable file, the code for rows of calls behind it."""
    it = _MACHINES[machine or platform.machine()]
    begins = _HEAD.size + 2 * _PART.size
    code = bytes.fromhex(it.reaps + it.calls)
    size = begins + len(code)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    entry = _LIES_AT + begins
    head = _HEAD.pack(ident, 2, it.elf, 1, entry, 64, 0, 0, 64, _PART.size, 2, 0, 0, 0)
    text = _PART.pack(1, _READ_EXECUTE, 0, _LIES_AT, _LIES_AT, size, size, 0x10000)
    stack = _PART.pack(_STACK_PART, 6, 0, 0, 0, 0, 0, 16)
    return head + text + stack + code


class Code:
    """The code for rows of calls, mapped from the program's file."""

    def __init__(self, path: str = FIRST) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        with open(path, "rb") as file:
            at = libc.mmap(
                None,
                ctypes.c_size_t(os.fstat(file.fileno()).st_size),
                _READ_EXECUTE,
                _PRIVATE,
                ctypes.c_int(file.fileno()),
                ctypes.c_long(0),
            )
        if at in (None, ctypes.c_void_p(-1).value):
            raise OSError(ctypes.get_errno(), f"mmap {path}")
        calls = at + len(program()) - len(_here().calls) // 2
        words = ctypes.c_uint64
        self.run = ctypes.PYFUNCTYPE(words, words)(calls)
        self.bear = ctypes.PYFUNCTYPE(ctypes.c_int64, words, words, words, words)(
            calls + _here().bears
        )
