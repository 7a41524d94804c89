"""Data goes to stdout and words to stderr, whatever draws them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from headgate.cli.terminal import named, out, print_json, print_table, say


def test_json_is_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1, "é"]})
    said = capsys.readouterr()
    assert json.loads(said.out) == {"a": [1, "é"]}
    assert said.err == ""


def test_words_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say("one")
    say("two")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "one\ntwo\n")


def test_a_table_keeps_every_cell_when_it_is_piped(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "text"), [("a", "[bold]x[/bold] " + "long " * 40)])
    said = capsys.readouterr().out
    assert "[bold]x[/bold]" in said
    assert said.count("long") == 40
    assert "\x1b" not in said


def test_data_drawn_by_hand_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    out().print("[1, 2]", markup=False)
    assert capsys.readouterr().out == "[1, 2]\n"


class Pair(NamedTuple):
    a: int
    b: tuple[int, ...]


@dataclass(frozen=True)
class Whole:
    pairs: list[Pair]
    by: dict[str, Pair]


def test_records_become_objects_however_deep_they_lie() -> None:
    whole = Whole([Pair(1, (2, 3))], {"x": Pair(4, ())})
    assert named(whole) == {"pairs": [{"a": 1, "b": [2, 3]}], "by": {"x": {"a": 4, "b": []}}}


def test_no_cell_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [("a\x1b[2Jb\u202ec",)])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "a?[2Jb?c" in shown


def test_no_words_of_others_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("\ta\x1b[31m\x1b]0;owned\x07\u202eb\ndé")
    assert capsys.readouterr().err == "        a?[31m?]0;owned??b\ndé\n"
