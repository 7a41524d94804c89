"""A JavaScript session remembers, shows, awaits, imports, and survives what a cell does."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.sandbox import worker

KERNEL = Path(worker.__file__).with_name("kernel.js")
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None, reason="needs node 20: apt-get install nodejs"),
]


class Kernel:
    """A session without a sandbox around it."""

    def __init__(self, folder: Path) -> None:
        assert NODE is not None
        ours, theirs = socket.socketpair()
        ours.settimeout(20)
        self._line = ours.makefile("rwb")
        self._socket = ours
        with theirs:
            moved = (  # as the sandbox does
                "import os, sys; it = sys.argv; os.dup2(int(it[1]), 3); os.execv(it[2], it[2:])"
            )
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-c", moved, str(theirs.fileno())),
                    *(NODE, "-e", KERNEL.read_text()),
                ],
                pass_fds=(theirs.fileno(),),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

    def __call__(self, code: str) -> tuple[bool, str | None]:
        self._line.write(json.dumps({"code": code}).encode() + b"\n")
        self._line.flush()
        told = json.loads(self._line.readline())
        return told["ok"], told["value"]

    def end(self) -> tuple[str, str]:
        """Everything it printed."""
        with contextlib.suppress(OSError):
            self._line.close()
        self._socket.close()
        out, err = self.process.communicate(timeout=20)
        return out.decode(), err.decode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path_factory.mktemp("box"))
    yield kernel
    kernel.end()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path)
    yield kernel
    if kernel.process.poll() is None:
        kernel.end()


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", "2"),
        ("'text'", "'text'"),
        ("undefined", None),
        ("const quiet = 1", None),
        ("null", "null"),
        ("-0", "-0"),
        ("2n ** 70n", "1180591620717411303424n"),
        ("Symbol('s')", "Symbol(s)"),
        ("({a: [1, {b: 2}]})", "{ a: [ 1, { b: 2 } ] }"),
        ("new Map([[1, 2]])", "Map(1) { 1 => 2 }"),
        ("(function f() {})", "[Function: f]"),
        ("await new Promise((r) => setTimeout(() => r(7), 5))", "7"),
        ("const p = require('node:path'); p.join('a', 'b')", "'a/b'"),
        ("const { sep } = await import('node:path'); sep", "'/'"),
        ("import os from 'node:os'; typeof os.cpus", "'function'"),
        ("import { join as j, sep as s } from \"node:path\"\nj(s, 'x')", "'/x'"),
        ("import * as all from 'node:url'\ntypeof all.URL", "'function'"),
        ("'import(x) from \"y\"'", "'import(x) from \"y\"'"),
        ("`\nimport a from 'b'`", "\"\\nimport a from 'b'\""),
        ("// import('no-such')\n3", "3"),
        ("/import\\('x'\\)/.source", "\"import\\\\('x'\\\\)\""),
    ],
)
def test_the_last_value_of_a_cell_is_shown(
    shared: Kernel, code: str, value: str | None
) -> None:
    assert shared(code) == (True, value)


def test_what_a_cell_declared_is_there_in_the_next_and_may_be_declared_again(
    shared: Kernel,
) -> None:
    shared("const kept = 1; let grows = 1; class Thing {}; function twice(n) { return 2 * n }")
    shared("grows += kept")
    assert shared("twice(grows) + (new Thing() instanceof Thing ? 1 : 0)") == (True, "5")
    assert shared("const kept = 'anew'; kept") == (True, "'anew'")


def test_an_error_is_told_in_the_cells_own_lines_and_ends_nothing(own: Kernel) -> None:
    own("const kept = 1")
    assert own("\nthrow new TypeError('no such luck')") == (False, None)
    assert own("const = 3") == (False, None)
    assert own("throw 'bare'") == (False, None)
    assert own("kept") == (True, "1")
    _, said = own.end()
    assert "Uncaught TypeError: no such luck\n    at cell-2:2:7" in said
    assert "Uncaught SyntaxError: Unexpected token '='\n    at cell:1:7" in said
    assert "Uncaught 'bare'" in said or 'Uncaught "bare"' in said
    assert "node:" not in said
    assert "[eval]" not in said


def test_what_a_cell_printed_comes_before_its_answer(own: Kernel) -> None:
    own("for (let i = 0; i < 1000; i++) console.log(i); console.error('e')")
    out, err = own.end()
    assert out == "".join(f"{i}\n" for i in range(1000))
    assert err == "e\n"


def test_what_fails_later_is_written_down_and_ends_nothing(own: Kernel) -> None:
    own(
        "setTimeout(() => { throw new Error('late') }, 0); Promise.reject(new Error('lost')); 1"
    )
    assert own("await new Promise((r) => setTimeout(r, 20)); 'alive'") == (True, "'alive'")
    _, said = own.end()
    assert "late" in said
    assert "lost" in said


def test_files_and_modules_are_those_of_the_work_folder(own: Kernel, tmp_path: Path) -> None:
    (tmp_path / "mine.mjs").write_text("export const n = 5")
    (tmp_path / "old.cjs").write_text("module.exports = 6")
    assert own("import { n } from './mine.mjs'; n + require('./old.cjs')") == (True, "11")


def test_leaving_ends_the_session_with_the_exit_code(own: Kernel) -> None:
    own._line.write(b'{"code": "process.exit(3)"}\n')
    own._line.flush()
    assert own._line.readline() == b""
    assert own.process.wait(timeout=20) == 3
    own.end()


def test_the_kernel_ends_with_whoever_started_it(own: Kernel) -> None:
    own("setInterval(() => {}, 1000); 1")
    own.end()
    assert own.process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(own.process.pid, 0)


def test_a_huge_value_is_shown_in_part(shared: Kernel) -> None:
    ok, value = shared("'x'.repeat(5_000_000)")
    assert ok
    assert value is not None
    assert len(value) < 70_000
    ok, value = shared("Array.from({length: 90}, () => 'y'.repeat(9000))")
    assert value is not None
    assert len(value) <= 65_536
