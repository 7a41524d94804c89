"""The filter of system calls: what it answers, on each architecture, and what runs under it."""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.worker import bpf

ALLOW, KILL = "allow", "kill"
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SET_ID = 0o4000


def answer(
    machine: str, number: int, *args: int, is_shared: bool = False, audit: int | None = None
) -> str:
    """What the kernel would do with a call, by running the filter as the kernel runs it."""
    program = bpf.compile_filter(machine, is_shared=is_shared)
    return answer_of(program, audit or AUDIT[machine], number, *args)


def answer_of(program: bytes, audit: int, number: int, *args: int) -> str:
    ops = [struct.unpack("=HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    six = [*args, *[0] * (6 - len(args))]
    data = struct.pack("=iIQ6Q", number, audit, 0, *six)
    at, word = 0, 0
    while True:
        code, if_true, if_false, k = ops[at]
        at += 1
        match code:
            case 0x20:
                (word,) = struct.unpack_from("=I", data, k)
            case 0x54:
                word &= k
            case 0x05:
                at += k
            case 0x15:
                at += if_true if word == k else if_false
            case 0x35:
                at += if_true if word >= k else if_false
            case 0x06:
                return _said(k)
            case _:
                raise AssertionError(f"no such code: {code:#x}")


@pytest.mark.parametrize("machine", sorted(AUDIT))
def test_what_an_older_landlock_does_not_hold_from_being_cut_short_the_filter_holds(
    machine: str,
) -> None:
    """Before version 3 a file that may only be read could be made empty, by name or opened."""
    old, new = (
        bpf.compile_filter(machine, is_shared=True, landlock=version)
        for version in (bpf.HOLDS_CUTTING - 1, bpf.HOLDS_CUTTING)
    )

    def ask(program: bytes, name: str, *args: int) -> str:
        return answer_of(program, AUDIT[machine], number(machine, name), *args)

    read_only, write_only, neither = os.O_RDONLY, os.O_WRONLY, os.O_ACCMODE
    for how in (read_only, neither):
        assert ask(old, "openat", 0, 0, how | os.O_TRUNC | os.O_CREAT) == "EPERM"
        assert ask(new, "openat", 0, 0, how | os.O_TRUNC | os.O_CREAT) == ALLOW
    for passes in (read_only, write_only | os.O_TRUNC, os.O_RDWR | os.O_TRUNC | os.O_CREAT):
        assert ask(old, "openat", 0, 0, passes) == ALLOW
    assert ask(old, "truncate") == "EPERM"
    assert ask(old, "openat2") == "ENOSYS", "what it would open stands in memory"
    assert ask(new, "truncate") == ask(new, "openat2") == ALLOW
    if machine == "x86_64":
        assert ask(old, "open", 0, os.O_TRUNC) == "EPERM"
        assert ask(old, "open", 0, os.O_TRUNC | os.O_WRONLY) == ALLOW


def _said(k: int) -> str:
    if k == 0x80000000:
        return KILL
    if k == 0x7FFF0000:
        return ALLOW
    assert k >> 16 == 5
    return errno.errorcode.get(k & 0xFFFF, "pretended")


def number(machine: str, name: str) -> int:
    return bpf._NUMBERS[name][bpf.MACHINES[machine].column]


both = pytest.mark.parametrize("machine", sorted(AUDIT))


@both
@pytest.mark.parametrize("is_shared", [False, True])
def test_each_refused_call_is_refused_and_nothing_else_is(
    machine: str, is_shared: bool
) -> None:
    """Of every number that was read, exactly those of the table have another answer."""
    left_out = bpf._CUTTING.keys() | (set() if is_shared else bpf._ONLY_SHARED)
    named = {number(machine, it): it for it in bpf._NUMBERS if it not in left_out}
    for nr in range(bpf._LAST_READ + 1):
        got = answer(machine, nr, 0, 0, is_shared=is_shared)
        name = named.get(nr, "")
        if not name:
            assert got == ALLOW, nr
        elif name not in bpf._CHECKED and name not in bpf._SHARED:
            assert got in ("EPERM", "ENOSYS", "pretended"), name


@both
def test_only_unix_sockets_can_be_made(machine: str) -> None:
    for family in range(64):
        wanted = ALLOW if family == 1 else "EAFNOSUPPORT"
        assert answer(machine, number(machine, "socket"), family, 1) == wanted
        assert answer(machine, number(machine, "socketpair"), family, 1) == wanted


@both
def test_a_shared_place_has_pairs_that_speak_to_each_other_and_no_socket_else(
    machine: str,
) -> None:
    pair, cloexec = number(machine, "socketpair"), 0o2000000
    assert answer(machine, pair, 1, 1 | cloexec, is_shared=True) == ALLOW
    assert answer(machine, pair, 1, 5, is_shared=True) == ALLOW
    assert answer(machine, pair, 1, 2 | cloexec, is_shared=True) == "EAFNOSUPPORT"
    assert answer(machine, number(machine, "socket"), 1, 1, is_shared=True) == "EAFNOSUPPORT"
    assert answer(machine, number(machine, "connect"), 3, is_shared=True) == "EPERM"


@both
@given(flags=st.integers(0, 2**64 - 1))
def test_no_clone_makes_a_namespace_or_a_traced_child(machine: str, flags: int) -> None:
    """Whatever stands in the half of the register that the kernel does not read."""
    seen = flags & 0xFFFFFFFF
    wanted = "EPERM" if seen & 0x7E022000 else ALLOW
    assert answer(machine, number(machine, "clone"), flags) == wanted


@both
@given(command=st.sampled_from([0x5412, 0x541C]), high=st.integers(0, 2**32 - 1))
def test_typing_into_a_terminal_is_refused_under_any_upper_half(
    machine: str, command: int, high: int
) -> None:
    number_of = number(machine, "ioctl")
    assert answer(machine, number_of, 0, high << 32 | command) == "EPERM"
    assert answer(machine, number_of, 0, high << 32 | 0x5401) == ALLOW


@both
@given(mode=st.integers(0, 0o7777))
def test_no_file_can_be_made_to_act_for_its_owner(machine: str, mode: int) -> None:
    wanted = "EPERM" if mode & 0o6000 else ALLOW
    assert answer(machine, number(machine, "fchmod"), 3, mode) == wanted
    assert answer(machine, number(machine, "fchmodat"), 3, 0, mode) == wanted
    assert answer(machine, number(machine, "fchmodat2"), 3, 0, mode) == wanted


@both
def test_threads_and_forks_are_what_they_were(machine: str) -> None:
    threads, fork = 0x003D0F00, 0x01200011
    assert answer(machine, number(machine, "clone"), threads) == ALLOW
    assert answer(machine, number(machine, "clone"), fork) == ALLOW
    assert answer(machine, number(machine, "clone3")) == "ENOSYS", "the C library falls back"


@both
def test_a_call_newer_than_the_table_is_not_there(machine: str) -> None:
    for nr in (bpf._LAST_READ + 1, 512, 547, 1000, 0x3FFFFFFF):
        assert answer(machine, nr) == "ENOSYS"


def test_another_architecture_and_x32_kill() -> None:
    i386 = 0x40000003
    assert answer("x86_64", 1, audit=i386) == KILL
    assert answer("aarch64", 1, audit=0x40000028) == KILL
    assert answer("x86_64", 0x40000000 | 41) == KILL
    assert answer("x86_64", -1) == KILL


@both
def test_a_shared_place_changes_nobody_elses_settings(machine: str) -> None:
    for name in ("sched_setaffinity", "prlimit64", "sched_setparam"):
        assert answer(machine, number(machine, name), 0, is_shared=True) == ALLOW
        assert answer(machine, number(machine, name), 1, is_shared=True) == "EPERM"
        assert answer(machine, number(machine, name), 1) == ALLOW
    for which, who, wanted in ((0, 0, ALLOW), (0, 1, "EPERM"), (2, 0, "EPERM")):
        assert (
            answer(machine, number(machine, "setpriority"), which, who, is_shared=True)
            == wanted
        )
    everybody = 2**64 - 1
    assert answer(machine, number(machine, "kill"), everybody, 9, is_shared=True) == "EPERM"
    assert answer(machine, number(machine, "kill"), 12, 9, is_shared=True) == ALLOW


def test_a_machine_without_a_table_is_said_to_have_none() -> None:
    with pytest.raises(LookupError, match="riscv64"):
        bpf.compile_filter("riscv64")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_numbers_are_those_of_the_kernels_own_headers(machine: str) -> None:
    """Read from this machine's headers where there are some; younger calls are not in them."""
    known = _headers(machine)
    for name, numbers in bpf._NUMBERS.items():
        if name in known:
            assert numbers[bpf.MACHINES[machine].column] == known[name], name


def _headers(machine: str) -> dict[str, int]:
    if machine == "x86_64":
        places = [*Path("/usr/include").glob("**/asm/unistd_64.h")]
    else:
        places = [Path("/usr/include/asm-generic/unistd.h")]
    text = "".join(it.read_text() for it in places if it.is_file())
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", text, re.MULTILINE)
    return {name: int(nr) for name, nr in found}


def behind_the_filter(act: Callable[[], object], *, is_shared: bool = False) -> str:
    """What came of `act` in a child behind the filter: "ok" or the name of the errno."""
    program = bpf.compile_filter(is_shared=is_shared)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        said = "broken"
        try:
            bpf.install(program)
            act()
            said = "ok"
        except OSError as error:
            said = errno.errorcode.get(error.errno or 0, "?")
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    with open(read, "rb") as answers:
        said = answers.read().decode()
    os.waitpid(child, 0)
    return said


def _call(name: str, *args: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    nr = number(os.uname().machine, name)
    if libc.syscall(ctypes.c_long(nr), *map(ctypes.c_long, args)) < 0:
        raise OSError(ctypes.get_errno(), name)


def test_the_kernel_takes_the_filter_and_keeps_to_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("")
    assert behind_the_filter(lambda: socket.socket(socket.AF_UNIX).close()) == "ok"
    assert behind_the_filter(lambda: socket.socket(socket.AF_INET)) == "EAFNOSUPPORT"
    assert behind_the_filter(lambda: socket.socket(socket.AF_UNIX), is_shared=True) == (
        "EAFNOSUPPORT"
    )
    assert behind_the_filter(lambda: mine.chmod(0o755)) == "ok"
    assert behind_the_filter(lambda: mine.chmod(SET_ID | 0o755)) == "EPERM"
    assert behind_the_filter(lambda: _call("unshare", 0x10000000)) == "EPERM"
    assert behind_the_filter(lambda: _call("ptrace", 0)) == "EPERM"
    assert behind_the_filter(lambda: _call("io_uring_setup", 1)) == "ENOSYS"
    assert behind_the_filter(lambda: _call("sync")) == "ok"


THREADS = (
    "import threading, asyncio, subprocess, multiprocessing as m\n"
    "t = threading.Thread(target=print); t.start(); t.join()\n"
    "async def run():\n"
    "    p = await asyncio.create_subprocess_exec('/bin/true')\n"
    "    return await p.wait()\n"
    "assert asyncio.run(run()) == 0\n"
    "def twice(n): return n * 2\n"
    "if __name__ == '__main__':\n"
    "    with m.get_context('fork').Pool(2) as pool:\n"
    "        assert pool.map(twice, [1, 2]) == [2, 4]\n"
    "print('ran')\n"
)
GO = """package main
func main() { c := make(chan string); go func() { c <- "ran" }(); print(<-c) }
"""
RUST = 'fn main() { std::thread::spawn(|| println!("ran")).join().unwrap(); }\n'
PROGRAMS = {
    "python": ("a.py", THREADS, "{tool} a.py", sys.executable),
    "node": (
        "a.mjs",
        "import {Worker} from 'node:worker_threads';\n"
        "new Worker('console.log(\"ran\")', {eval: true});\n",
        "{tool} a.mjs",
        "node",
    ),
    "go": ("a.go", GO, "GO111MODULE=off {tool} run a.go 2>&1", "go"),
    "rustc": ("a.rs", RUST, "{tool} a.rs -o a.out && ./a.out", "rustc"),
    "R": ("a.R", 'cat("ran", mean(c(1, 3)), "\\n")\n', "{tool} a.R", "Rscript"),
    "bash": ("a.sh", "cat <(echo ran) | sort\n", "{tool} a.sh", "bash"),
}


def _home(otherwise: Path) -> str:
    """Where this user's compilers keep what they have built before."""
    own = pwd.getpwuid(os.getuid()).pw_dir
    return own if os.access(own, os.W_OK) else str(otherwise)


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(PROGRAMS))
def test_honest_programs_run_behind_the_filter(language: str, tmp_path: Path) -> None:
    """Threads, pools, pipes and compilers: whatever of them this machine has."""
    name, text, command, tool = PROGRAMS[language]
    found = shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/local/go/bin")
    if found is None:
        pytest.skip(f"{language}: {tool} is not on PATH; install it to have this proved")
    (tmp_path / name).write_text(text)
    program = bpf.compile_filter().hex()
    start = (
        "import os, sys; from headgate.sandbox.worker import bpf;"
        f"bpf.install(bytes.fromhex({program!r}));"
        "os.execv('/bin/sh', ['sh', '-c', sys.argv[1]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", start, command.format(tool=found)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": _home(tmp_path)},
        timeout=120,
        check=False,
    )
    assert "ran" in done.stdout, done.stderr
    assert done.returncode == 0, done.stderr
