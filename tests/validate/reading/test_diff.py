"""A formatter that would change a file is one problem at the first line it changes."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from headgate.validate.reading.diff import changes, otherwise, unformatted

LINES = st.lists(st.sampled_from(["a", "b", "-- c", "++ d", ""]), max_size=12)


@given(LINES, LINES)
def test_the_first_changed_line_is_found_whatever_the_lines_look_like(
    before: list[str], after: list[str]
) -> None:
    text = "\n".join(difflib.unified_diff(before, after, "a.py", "a.py", lineterm=""))
    found = list(changes(text))
    if before == after:
        assert found == []
        return
    same = next(
        (at for at, (x, y) in enumerate(zip(before, after, strict=False)) if x != y),
        min(len(before), len(after)),
    )
    assert [it.path for it in found] == ["a.py"]
    assert 0 <= found[0].line - 1 <= same + 1
    assert found[0].lines >= 1


def test_several_files_and_hunks_are_told_apart() -> None:
    text = (
        "--- one.sh.orig\n+++ one.sh\n@@ -3,2 +3,2 @@\n x\n-y\n+z\n@@ -9,1 +9,2 @@\n q\n+r\n"
        "--- two.sh\n+++ two.sh\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert [(it.path, it.line) for it in changes(text)] == [("one.sh", 4), ("two.sh", 1)]


def test_of_files_that_nobody_asked_about_nothing_is_said() -> None:
    text = (
        "--- a.py\n+++ a.py\n@@ -3,2 +3,1 @@\n x\n-y\n--- b.py\n+++ b.py\n@@ -1 +1 @@\n-a\n+b\n"
    )
    (it,) = unformatted("black", text, "black {files}", ("a.py",))
    assert (it.path, it.line, it.rule, it.fix) == ("a.py", 4, "format", "black {files}")
    assert it.message == "would be formatted otherwise, 1 line from here on"
    assert otherwise("prettier", "b.ts", "fix").message == "would be formatted otherwise"
