"""A result's status is what was seen; words of a program name a limit only where it failed."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from headgate.sandbox import outcome
from headgate.sandbox.model import Isolation, Limits, Order, Result, Runtime, Status, Step
from headgate.sandbox.worker.frames import Word

ORDER = Order(
    Runtime("go", "1", "program"),
    (Step("build", ("a",), is_build=True), Step("run", ("b",))),
    limits=Limits(wall_s=3, memory_mb=64),
)


def result(
    done: dict[str, Any], *steps: outcome.Step, out: bytes = b"", oom: bool = False
) -> Result:
    output: dict[int, bytearray] = {Word.STDOUT: bytearray(out), Word.STDERR: bytearray()}
    ended = outcome.Ended({"reason": "", **done}, list(steps), output, "why", oom)
    return outcome.result(ORDER, ended, (), Isolation("namespaces"), 1.0)


def step(name: str = "run", code: int | None = 0, **about: Any) -> outcome.Step:
    about = {"signal": None, "ms": 1.0, "mark": "", "stdout": "", "stderr": ""} | about
    return outcome.Step(name, code, **about)


@pytest.mark.parametrize(
    ("code", "stderr", "status"),
    [
        (0, "No space left on device", Status.OK),
        (1, "wrong", Status.ERROR),
        (1, "FATAL ERROR: JavaScript heap out of memory", Status.MEMORY),
        (1, "open x: too many open files", Status.OPEN_FILES),
        (1, "write x: no space left on device", Status.DISK),
        (2, "sh: fork: Resource temporarily unavailable", Status.PROCESSES),
        (1, "write: File too large", Status.FILE_SIZE),
        (1, "No space left on device" + "x" * 5000, Status.ERROR),
    ],
)
def test_words_count_at_the_end_of_a_run_that_failed(
    code: int, stderr: str, status: Status
) -> None:
    assert result({}, step("build"), step(code=code, stderr=stderr)).status == status


def test_a_build_that_fails_is_not_a_run_that_failed() -> None:
    told = result({}, step("build", 2))
    assert (told.status, told.exit_code, told.hint) == (Status.BUILD, 2, "")


def test_what_a_step_that_was_cut_had_written_is_kept() -> None:
    told = result({"reason": "wall"}, step("build", stdout="built\n"), out=b"half")
    assert (told.status, told.stdout) == (Status.WALL, "built\nhalf")
    assert [(it.name, it.exit_code) for it in told.steps] == [("build", 0), ("run", None)]
    assert told.hint.startswith("it took longer than 3 s")


def test_a_kill_for_memory_is_memory_and_a_full_table_of_inodes_is_no_full_disk() -> None:
    killed = step(code=None, signal=9)
    assert result({}, step("build"), killed, oom=True).status == Status.MEMORY
    assert result({}, step("build"), killed).status == Status.SIGNAL
    full = {"reason": "disk", "space": (4096, 0)}
    assert result(full, step("build"), step(code=1)).status == Status.INODES
    assert result({"reason": "disk"}, step("build")).status == Status.DISK


def test_our_failure_says_what_failed() -> None:
    told = result(outcome.NOTHING_DONE)
    assert told.status == Status.BROKEN
    assert told.hint == "the sandbox failed, not the code: why"


def test_every_limit_has_a_hint_that_can_be_said() -> None:
    for reason, status in outcome._REASONS.items():
        told = result({"reason": reason})
        assert told.status == status
        assert bool(told.hint) == (status not in (Status.STOPPED, Status.BUILD))


def test_an_artefact_is_the_same_in_whatever_pieces_it_came() -> None:
    whole, pieces = outcome.Growing("a.txt"), outcome.Growing("a.txt")
    whole.add(b"abc")
    for piece in (b"a", b"", b"bc"):
        pieces.add(piece)
    assert whole.whole() == pieces.whole()
    assert whole.whole().sha256 == hashlib.sha256(b"abc").hexdigest()
    assert outcome.Growing("a.txt").whole().size == 0


@pytest.mark.parametrize(
    ("module", "hint"),
    [
        ("pandas", "pandas is not installed where the code runs: pip install 'headgate[sci]'"),
        (
            "pandas.core",
            "pandas is not installed where the code runs: pip install 'headgate[sci]'",
        ),
        ("own", ""),
    ],
)
def test_a_scientific_library_that_is_not_there_is_told_with_how_to_install_it(
    module: str, hint: str
) -> None:
    order = Order(Runtime("python", "3", "python"), (Step("run", python="a.py"),))
    words = f"Traceback:\nModuleNotFoundError: No module named '{module}'\n"
    ended = outcome.Ended({"reason": ""}, [step(code=1, stderr=words)], {}, "")
    ended = ended._replace(output={Word.STDOUT: bytearray(), Word.STDERR: bytearray()})
    assert outcome.result(order, ended, (), Isolation("landlock"), 1.0).hint == hint
