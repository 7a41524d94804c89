"""A program gets the descriptors it is given and no others; what it says is bounded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from headgate.sandbox.verdict import programs as plans
from headgate.sandbox.verdict.inside import programs


def test_a_program_sees_only_its_descriptors(tmp_path: Path) -> None:
    said = programs.Drain(1000)
    code = "import os; os.write(1, ' '.join(sorted(os.listdir('/proc/self/fd'))).encode())"
    side = plans.side("judge", (sys.executable, "-c", code), str(tmp_path))
    extra = os.open(os.devnull, os.O_RDWR)
    child = programs.start(side, {1: said.into, 3: extra}, apart=False)
    said.start()
    os.close(extra)
    assert os.waitpid(child, 0)[1] == 0
    assert said.text().split()[:4] == ["0", "1", "2", "3"]
    assert len(said.text().split()) == 5  # the last is the listing's own


def test_of_what_is_said_the_beginning_is_kept() -> None:
    drain = programs.Drain(5)
    into = os.dup(drain.into)
    drain.start()
    os.write(into, b"x" * 100)
    os.close(into)
    assert drain.text() == "xxxxx"


def test_the_codes_failure_to_compile_comes_before_the_judges(tmp_path: Path) -> None:
    sides = [
        plans.side(name, (sys.executable, "-c", f"raise SystemExit('{name}')"), str(tmp_path))
        for name in ("judge", "judge")
    ]
    found = programs.build(sides)
    assert found is not None
    assert found["ending"] == "untestable"
    assert found["failure"] == "judge"


def test_a_name_that_a_compiler_complains_of_is_told_in_our_words(tmp_path: Path) -> None:
    script = "raise SystemExit('no method named `walk`')"
    side = plans.side("judge", (sys.executable, "-c", script), str(tmp_path))
    found = programs.build([side], {"run": "it runs", "walk": "Dog::walk cannot be judged"})
    assert found is not None
    assert found["failure"] == "Dog::walk cannot be judged\nno method named `walk`"


@pytest.mark.parametrize(
    ("said", "late"),
    [
        (b"", programs.AROUND),
        (b"+one\n-one\n", programs.AROUND),
        (b"+one\n-one\n+two", programs.AROUND),
        (b"+one\n-one\n+two\n", "two"),
        (b"+one\n+two\n+three\n-one\n", "two or three"),
    ],
)
def test_what_takes_too_long_is_named(said: bytes, late: str) -> None:
    out, into = os.pipe()
    os.write(into, said)
    assert programs.late(out, 0.01) == late
    os.close(into)
    assert programs.late(out, 60.0) == ""
    os.close(out)
