"""How the work of a judge of programs is told."""

from __future__ import annotations

from headgate.sandbox.model import File
from headgate.sandbox.verdict import programs


def test_files_are_told_as_text_whatever_they_hold() -> None:
    assert programs.texts((File("a", b"\xff"),)) == {"a": "\ufffd"}


def test_a_program_of_one_side_says_which() -> None:
    side = programs.side("code", ("./made",), "code", {"A": "b"})
    assert side == {"side": "code", "argv": ["./made"], "cwd": "code", "env": {"A": "b"}}
