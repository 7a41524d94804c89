"""Landlock: what confined code can still name, on each version of it."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.sandbox.worker import landlock
from headgate.sandbox.worker.landlock import Reach

SYSTEM = ("/usr", "/lib", "/lib64", "/bin")
OF_EACH_VERSION = [it for it in (1, 2, 3, 4, 5, 6, 7) if it <= landlock.best()]

needs = pytest.mark.skipif(
    not landlock.best(),
    reason="this kernel has no Landlock (5.13 and `lsm=landlock,...` on its command line)",
)


def confined(reach: Reach, act: Callable[[], object], version: int | None = None) -> str:
    """What came of `act` in a confined child: "ok" or the name of the errno."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        said = "broken"
        try:
            landlock.confine(reach, version)
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


@needs
@pytest.mark.slow
@pytest.mark.parametrize("version", OF_EACH_VERSION)
def test_only_what_is_named_can_be_read_or_written(version: int, tmp_path: Path) -> None:
    """On every version of Landlock that this kernel can play."""
    (tmp_path / "work").mkdir()
    secret, work = tmp_path / "secret", tmp_path / "work"
    secret.write_text("key")
    reach = Reach(SYSTEM, (str(work),), ("/dev/null",))
    here = work / "file"

    def write() -> None:
        here.write_text("x")
        here.unlink()
        (work / "folder").mkdir(exist_ok=True)

    assert confined(reach, secret.read_text, version) == "EACCES"
    assert confined(reach, lambda: secret.write_text("x"), version) == "EACCES"
    assert confined(reach, secret.unlink, version) == "EACCES"
    assert confined(reach, lambda: os.listdir(tmp_path), version) == "EACCES"
    assert confined(reach, lambda: os.link(secret, work / "l"), version) in ("EXDEV", "EACCES")
    assert confined(reach, write, version) == "ok"
    assert confined(reach, lambda: os.listdir("/usr"), version) == "ok"
    assert confined(reach, lambda: Path("/dev/null").write_text("x"), version) == "ok"
    assert secret.read_text() == "key"


@needs
@pytest.mark.skipif(landlock.best() < 3, reason="truncation is held since Landlock 3")
def test_a_file_outside_cannot_be_cut_short(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("whole")
    reach = Reach((str(tmp_path),))
    assert confined(reach, lambda: os.truncate(outside, 0)) == "EACCES"
    assert outside.read_text() == "whole"


@needs
@pytest.mark.skipif(landlock.best() < 4, reason="TCP is held since Landlock 4")
def test_no_port_can_be_reached_or_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def reach_it() -> None:
            socket.create_connection(("127.0.0.1", port), 1).close()

        def open_one() -> None:
            socket.create_server(("127.0.0.1", 0)).close()

        assert confined(Reach(SYSTEM), reach_it) == "EACCES"
        assert confined(Reach(SYSTEM), open_one) == "EACCES"


@needs
@pytest.mark.skipif(landlock.best() < 6, reason="scopes are held since Landlock 6")
def test_no_signal_and_no_abstract_socket_leaves_the_domain() -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("\0headgate-test-" + str(os.getpid()))
        server.listen()
        name = server.getsockname()
        assert confined(Reach(SYSTEM), lambda: client.connect(name)) == "EPERM"
    assert confined(Reach(SYSTEM), lambda: os.kill(os.getppid(), signal.SIGCONT)) == "EPERM"
    assert confined(Reach(SYSTEM), lambda: os.kill(os.getpid(), signal.SIGCONT)) == "ok"


@needs
def test_no_device_node_can_be_made_even_where_all_may_be_written(tmp_path: Path) -> None:
    null = os.stat("/dev/null").st_rdev
    reach = Reach(write=(str(tmp_path),))
    made = confined(reach, lambda: os.mknod(tmp_path / "null", 0o20666, null))
    assert made in ("EACCES", "EPERM")
    assert confined(reach, lambda: os.mkfifo(tmp_path / "pipe")) == "ok"


@needs
def test_what_is_not_there_to_read_is_passed_over_and_to_write_is_told(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert confined(Reach((gone,)), lambda: None) == "ok"
    assert confined(Reach(write=(gone,)), lambda: None) == "ENOENT"


def test_a_kernel_without_it_is_said_to_have_used_none() -> None:
    assert landlock.confine(Reach(("/",)), 0) == 0
    assert Path("/etc").is_dir()


def test_each_version_holds_what_the_one_before_held() -> None:
    held = [landlock._held(it) for it in range(1, 9)]
    for before, after in itertools.pairwise(held):
        assert before & after == before
    assert held[0] == 0x1FFF
    assert held[-1] == 0xFFFF
