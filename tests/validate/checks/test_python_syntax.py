"""Python is compiled, never run, and each way to be no Python has its words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from headgate.validate.checks.python_syntax import CHECK, LIST, PROGRAM
from tests.checking import read


def compiled(folder: Path, **sources: bytes) -> str:
    for name, data in sources.items():
        (folder / f"{name}.py").write_bytes(data)
    (folder / LIST).write_text(json.dumps([f"{name}.py" for name in sources]))
    words = (sys.executable, "-I", "-c", PROGRAM)
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_wrong_syntax_is_placed_and_right_syntax_is_silent(tmp_path: Path) -> None:
    said = compiled(tmp_path, bad=b"x = 1\ndef f(:\n", good=b"raise SystemExit(3)\n")
    assert read(CHECK, said, code=0, files="bad good") == [(2, 7, "error", "SyntaxError")]


def test_what_the_parser_alone_lets_pass_is_found(tmp_path: Path) -> None:
    said = compiled(tmp_path, bad=b"return 1\n")
    assert read(CHECK, said, code=0)[0][0] == 1


def test_nesting_beyond_measure_and_indentation_are_told(tmp_path: Path) -> None:
    deep = b"x = " + b"(" * 5000 + b")" * 5000
    said = compiled(tmp_path, bad=deep, tabs=b"if 1:\n\tx = 1\n        y = 2\n")
    assert len(read(CHECK, said, code=0, files="bad tabs")) == 2
