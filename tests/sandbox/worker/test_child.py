"""A waiting child is confined already, and its last words are read for what they are."""

from __future__ import annotations

import marshal

import pytest

from headgate.sandbox.worker import child
from tests.sandbox.yard import python, worker


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hg!0:", (0, "")),
        ("hg!3:memory", (3, "memory")),
        ("hg!259:", (3, "")),
        ("hg!x:", None),
        ("hg!12", None),
        ("python", None),
        ("", None),
    ],
)
def test_only_last_words_of_our_form_are_an_end(
    name: str, words: tuple[int, str] | None
) -> None:
    assert child.last_words(name) == words


async def test_a_mark_that_is_no_limit_is_no_limit() -> None:
    code = """import ctypes, os
ctypes.CDLL(None).prctl(15, b"hg!4:nonsense", 0, 0, 0)
os.closerange(0, 3)
os._exit(4)"""
    async with worker() as foreman:
        result = await python(foreman, code)
    assert (result.status, result.exit_code) == ("error", 4)


async def test_code_leads_its_own_session_of_processes_and_starts_in_the_box() -> None:
    code = "import os, sys\nprint(os.getsid(0) == os.getpid(), os.getcwd(), sys.path[0])"
    async with worker() as foreman:
        result = await python(foreman, code)
    assert result.stdout == "True /box /box\n"


async def test_forks_draw_different_numbers_and_know_who_they_are() -> None:
    code = """import random, threading, os
print(random.random(), threading.main_thread().native_id == os.getpid())
if not os.fork(): os._exit(3)
print(os.waitstatus_to_exitcode(os.wait()[1]))"""
    async with worker(imports=("random",)) as foreman:
        said = [(await python(foreman, code)).stdout.split() for _ in range(2)]
    assert said[0][0] != said[1][0]
    assert [it[1:] for it in said] == [["True", "3"]] * 2


async def test_signals_reach_the_code_as_they_would_anywhere() -> None:
    code = """import os, signal, subprocess, sys
print(signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getsignal(signal.SIGCHLD))
seen = []
signal.signal(signal.SIGCHLD, lambda *_: seen.append(1))
subprocess.run([sys.executable, "-c", "pass"], check=True)
print(seen)"""
    async with worker() as foreman:
        result = await python(foreman, code)
    assert result.stdout.splitlines() == ["set() 0", "[1]"], result.stderr


def test_an_order_is_limits_and_then_words() -> None:
    limits = {"memory_bytes": 5, "file_bytes": 6, "open_files": 7, "processes": 8, "cpu_s": 9}
    said = {"limits": limits, "python": "a.py", "argv": ["b"], "env": {"C": "d"}}
    data = child.order(said | {"session": False})
    words = marshal.loads(data[child._BEGUN :])  # noqa: S302 - our own
    assert words == ("a.py", ["b"], {"C": "d"}, False)
    assert data[child._BEGUN - 16 : child._BEGUN] == (5).to_bytes(8, "little") * 2
