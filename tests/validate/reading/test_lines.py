"""Lines that name a place are read, and a message cannot invent a file."""

from __future__ import annotations

from headgate.validate.reading.lines import PLACE, own, placed, spoken


def test_a_place_is_read_with_its_column_or_without() -> None:
    said = "a.go:3:7: no\n./a.go:4: yes\nb.go:1:1: not asked\n# words\n"
    found = list(spoken(said, PLACE, ["a.go"]))
    assert [(it.line, it.column, it.text) for it in found] == [(3, 7, "no"), (4, 0, "yes")]


def test_a_file_is_known_by_its_longest_ending() -> None:
    look = own(["x.py", "a/x.py"])
    assert look("/box/a/x.py") == "a/x.py"
    assert look("/box/x.py") == "x.py"
    assert look("./x.py") == "x.py"
    assert look("/box/yx.py") == ""


def test_what_a_formatter_cannot_read_is_a_mistake_of_syntax() -> None:
    said = "a.sh:1:2: unexpected\na.sh:1:2: unexpected\nb.sh:3:4: not asked\n"
    (it,) = placed("shfmt", said, PLACE, ("a.sh",))
    assert (it.path, it.line, it.column, it.rule) == ("a.sh", 1, 2, "syntax")
