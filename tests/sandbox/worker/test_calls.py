"""A row of calls is made as it was written, up to the first that fails."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

import pytest

from headgate.sandbox.worker import machine, syscalls
from headgate.sandbox.worker.calls import HERE, Row

CLONE = (
    syscalls.SHARED_MEMORY
    | syscalls.SHARED_FILES
    | syscalls.WAITED_FOR
    | syscalls.WITH_PIDFD
    | signal.SIGCHLD
)


@pytest.fixture
def code(tmp_path: Path) -> machine.Code:
    path = tmp_path / "first"
    path.write_bytes(machine.program())
    path.chmod(0o755)
    return machine.Code(str(path))


def _writing(path: Path, text: bytes) -> Row:
    row = Row()
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
    fd = row.call("openat", HERE, os.fsencode(path), flags, 0o600, what=str(path))
    row.call("write", fd, text, len(text))
    row.call("close", fd)
    return row


def test_what_one_call_returns_is_what_others_take(code: machine.Code, tmp_path: Path) -> None:
    row = _writing(tmp_path / "file", b"written in a row")
    row.write()
    before = os.listdir("/proc/self/fd")
    row.make(code)
    assert (tmp_path / "file").read_bytes() == b"written in a row"
    assert os.listdir("/proc/self/fd") == before


def test_a_result_that_is_wanted_can_be_read(code: machine.Code, tmp_path: Path) -> None:
    row = Row()
    where = os.fsencode(tmp_path)
    row.want(row.call("openat", HERE, where, os.O_RDONLY | os.O_CLOEXEC))
    row.write()
    row.make(code)
    (fd,) = row.results()
    assert os.path.samestat(os.fstat(fd), tmp_path.stat())
    os.close(fd)


def test_a_call_that_fails_ends_the_row_by_its_name_and_leaves_nothing_open(
    code: machine.Code, tmp_path: Path
) -> None:
    row = Row()
    row.want(row.call("openat", HERE, os.fsencode(tmp_path), os.O_RDONLY))
    fd = row.call("openat", HERE, os.fsencode(tmp_path), os.O_RDONLY)
    row.call("mkdirat", HERE, os.fsencode(tmp_path), 0o755, what="the folder")
    row.call("close", fd)
    row.write()
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileExistsError, match="mkdirat the folder"):
        row.make(code)
    assert os.listdir("/proc/self/fd") == before


def test_an_argument_can_be_set_anew(code: machine.Code, tmp_path: Path) -> None:
    row = Row()
    buffer = ctypes.create_string_buffer(os.fsencode(tmp_path / "one"), 256)
    made = row.call("mkdirat", HERE, buffer, 0o700)
    row.write()
    row.make(code)
    buffer.value = os.fsencode(tmp_path / "two")
    row.set(made, 2, 0o755)
    row.make(code)
    modes = {it.name: it.stat().st_mode & 0o777 for it in tmp_path.iterdir() if it.is_dir()}
    assert modes == {"one": 0o700, "two": 0o755}


def test_a_clone_makes_the_calls_and_becomes_the_first_process(
    code: machine.Code, tmp_path: Path
) -> None:
    row = _writing(tmp_path / "file", b"x")
    row.call("close_range", 0, 0xFFFFFFFF, 2)
    nothing = (ctypes.c_uint64 * 1)()
    row.call("execve", os.fsencode(tmp_path / "first"), nothing, nothing)
    row.write()
    for _ in range(2):
        pid, pidfd = row.bear(code, CLONE)
        assert Path(f"/proc/{pid}/comm").read_text() == "first\n"
        assert (tmp_path / "file").read_bytes() == b"x"
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
        os.close(pidfd)


def _children(pid: int) -> set[int]:
    """Those of every thread."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for it in listed for child in it.read_text().split()}


def test_a_clone_that_fails_tells_what_failed_and_ends(code: machine.Code) -> None:
    row = Row()
    row.call("chdir", b"/nowhere/at/all", what="its folder")
    row.write()
    before, others = os.listdir("/proc/self/fd"), _children(os.getpid())
    with pytest.raises(FileNotFoundError, match="chdir its folder"):
        row.bear(code, CLONE)
    assert os.listdir("/proc/self/fd") == before
    (failed,) = _children(os.getpid()) - others
    assert os.waitstatus_to_exitcode(os.waitpid(failed, 0)[1]) == 1


def test_the_first_process_reaps_whom_others_left_behind(tmp_path: Path) -> None:
    """As a subreaper, which stands for being process 1."""
    path = tmp_path / "first"
    path.write_bytes(machine.program())
    path.chmod(0o755)
    told, tells = os.pipe()
    first = os.fork()
    if first == 0:
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        if os.fork() == 0:
            for _ in range(3):
                if os.fork() == 0:
                    os._exit(0)
            os.write(tells, b"x")
            os._exit(0)
        os.execv(path, ["first"])  # noqa: S606 - our own
    os.read(told, 1)
    until = time.monotonic() + 20
    while _children(first) or Path(f"/proc/{first}/comm").read_text() != "first\n":
        assert time.monotonic() < until, f"not reaped: {_children(first)}"
        time.sleep(0.001)
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    os.close(told)
    os.close(tells)
