"""What mypy 2.4.1 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Said, Unreadable
from headgate.validate.checks.mypy import CHECK
from tests.checking import asked, read

SAID = (
    '{"file": "bad.py", "line": 7, "column": 11, "end_line": 7, "end_column": 14, "message": '
    '"Incompatible return value type", "hint": null, "code": "return-value", '
    '"severity": "error"}\n'
    '{"file": "bad.py", "line": 7, "column": 0, "message": "Did you mean this?", "hint": null, '
    '"code": null, "severity": "note"}\n'
)


def test_columns_count_from_one_and_notes_do_not_fail() -> None:
    assert read(CHECK, SAID) == [(7, 12, "error", "return-value"), (7, 1, "notice", "")]


def test_a_file_that_it_goes_no_further_than_is_named() -> None:
    syntax = SAID.replace('"code": null', '"code": "syntax"')
    twice = '{"file": "b.py", "line": -1, "message": "Duplicate module named \\"x\\""}'
    for said, stderr, named in (
        (syntax, "", ("bad.py",)),
        (twice, "", ("b.py",)),
        ("", "other.py: error: Cannot decode file: ascii", ("other.py",)),
    ):
        assert CHECK.stopped is not None
        assert CHECK.stopped(Said(2, said, stderr, ("bad.py", "b.py"))) == named
    assert read(CHECK, twice, "", 2, "b") == []  # no mistake of the file's


def test_modules_of_one_name_are_asked_in_turns_unless_their_packages_differ() -> None:
    files = ("a/x.py", "b/x.py", "y.py", "p/__init__.py", "p/x.py", "q/__init__.py", "q/x.py")
    first, second = (run.argv[5:] for run in CHECK.plan(asked(*files)))
    assert set(first) == set(files) - {"b/x.py"}
    assert second == ("b/x.py",)
    assert len(CHECK.plan(asked(*files, mypy__ini="[mypy]\n"))) == 1


def test_a_failure_without_words_is_not_taken_for_a_pass() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "", 1)
