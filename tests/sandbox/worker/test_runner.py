"""Code runs as a script does: its name, its exit, its threads, its last wishes."""

from __future__ import annotations

import errno
import sys
import types

import pytest

from headgate.sandbox.model import Limits, Status
from headgate.sandbox.worker import runner
from tests.sandbox.yard import python, worker


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "exit_code"),
    [
        ("import sys; sys.exit()", "", "", 0),
        ("import sys; sys.exit('said')", "", "said\n", 1),
        ("raise SystemExit(300)", "", "", 44),
        (
            "import atexit; atexit.register(print, 'last'); print('first')",
            "first\nlast\n",
            "",
            0,
        ),
        (
            "import threading, time\n"
            "threading.Thread(target=lambda: (time.sleep(.05), print('late'))).start()",
            "late\n",
            "",
            0,
        ),
        ("import sys\nsys.excepthook = lambda *_: print('mine')\n1/0", "mine\n", "", 1),
        ("import os\nif os.fork():\n  os.wait()\nprint('both')", "both\nboth\n", "", 0),
        (
            "import __main__; print(__main__.__file__, __name__)",
            "/box/main.py __main__\n",
            "",
            0,
        ),
        (
            "import multiprocessing as m\nif __name__ == '__main__':\n"
            "  with m.Pool(2) as p: print(p.map(abs, [-1, 2]))",
            "[1, 2]\n",
            "",
            0,
        ),
    ],
)
async def test_an_end_is_as_the_interpreter_would_have_it(
    code: str, stdout: str, stderr: str, exit_code: int
) -> None:
    async with worker() as foreman:
        result = await python(foreman, code)
    assert (result.stdout, result.stderr, result.exit_code) == (stdout, stderr, exit_code)


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (MemoryError(), "memory"),
        (RuntimeError("can't start new thread"), "processes"),
        (BlockingIOError(errno.EAGAIN, "again"), "processes"),
        (OSError(errno.EMFILE, "many"), "files"),
        (OSError(errno.ENOSPC, "full"), "disk"),
        (OSError(errno.EFBIG, "large"), "file"),
        (OSError(errno.ENOENT, "none"), ""),
        (ValueError("MemoryError"), ""),
    ],
)
def test_an_exception_names_the_limit_it_ran_into(error: BaseException, named: str) -> None:
    assert runner.reason(error) == named


async def test_code_that_cannot_be_read_for_a_limit_is_not_called_wrong() -> None:
    async with worker() as foreman:
        result = await python(foreman, "print(1)", limits=Limits(open_files=3))
    assert (result.status, result.stdout) == (Status.OPEN_FILES, "")


async def test_code_that_is_no_code_is_not_run() -> None:
    async with worker() as foreman:
        for code in ("x = 'a\0b'", "# coding: no-such-codec\nprint(1)", "  x = 1"):
            result = await python(foreman, code)
            assert (result.status, result.stdout) == (Status.BUILD, "")
            assert "SyntaxError" in result.stderr or "Error" in result.stderr


def test_a_program_that_was_loaded_before_is_run_and_not_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    begun: list[int] = []

    def main() -> None:
        print(vars(sys.modules["__main__"])["__file__"])
        if len(begun) > 1:
            raise MemoryError("enough")
        begun.append(1)

    monkeypatch.setitem(sys.modules, runner.HELD + "quick.py", types.SimpleNamespace(main=main))
    assert runner.run_held("other.py") is None
    assert [runner.run_held("quick.py") for _ in range(3)] == [(0, ""), (0, ""), (1, "memory")]
    assert capsys.readouterr().out == "quick.py\n" * 3
