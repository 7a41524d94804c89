"""Cells: bash and the editor as Python of a session, and what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headgate.engine import cell
from headgate.sandbox.model import Result, Status
from headgate.wire.served.model import Ran, Wanted

pytestmark = pytest.mark.slow


def wanted(tool: Any, **given: object) -> Wanted:
    return Wanted("a", "b", tool, "x", json.dumps(given))


def edit(folder: Path, **given: object) -> Ran:
    """What the editor's cell does, run as it stands."""
    asked = wanted("edit", **given)
    ran = subprocess.run(
        [sys.executable, "-c", cell.source(asked)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.stderr, ran.stderr
    return cell.read(asked, Result(status=Status.OK, stdout=ran.stdout), ())


def test_the_editor_creates_changes_and_shows_a_file(tmp_path: Path) -> None:
    path = "a/b.txt"
    made = edit(tmp_path, command="create", path=path, file_text="one\ntwo\nthree")
    assert made.edited == {"is_file_update": False}
    again = edit(tmp_path, command="create", path=path, file_text="one\ntwo\nthree")
    assert again.edited == {"is_file_update": True}
    changed = edit(tmp_path, command="str_replace", path=path, old_str="two", new_str="2\n2")
    assert changed.edited == {
        "lines": ["-two", "+2", "+2"],
        "old_start": 2,
        "old_lines": 1,
        "new_start": 2,
        "new_lines": 2,
    }
    seen = edit(tmp_path, command="view", path=path, view_range=[2, 3])
    assert seen.edited is not None
    assert seen.edited["content"] == "2\n2"
    assert seen.edited["total_lines"] == 4
    folder = edit(tmp_path, command="view", path="a")
    assert folder.edited is not None
    assert folder.edited["content"] == "b.txt"


@pytest.mark.parametrize(
    ("given", "trouble"),
    [
        ({"command": "view", "path": "none"}, "not_found"),
        ({"command": "view", "path": ""}, "invalid"),
        ({"command": "undo", "path": "there"}, "invalid"),
        (
            {"command": "str_replace", "path": "there", "old_str": "a", "new_str": "b"},
            "invalid",
        ),
        ({"command": "view", "path": "bin"}, "invalid"),
    ],
)
def test_the_editor_says_what_is_wrong(
    tmp_path: Path, given: dict[str, Any], trouble: str
) -> None:
    (tmp_path / "there").write_text("aa")
    (tmp_path / "bin").write_bytes(b"\xff\xfe")
    found = edit(tmp_path, **given)
    assert found.trouble == trouble
    assert found.why


def test_what_a_model_wrote_stays_one_literal() -> None:
    wild = '\'; import os; """{0} {x}\n\\'
    source = cell.source(wanted("bash", command=wild))
    assert repr(wild) in source
    compile(source, "cell", "exec")
    compile(cell.source(wanted("edit", command=wild, path="{}")), "cell", "exec")


def test_a_call_without_code_is_none() -> None:
    assert not cell.source(wanted("python", cod="x"))
    assert not cell.source(wanted("bash"))
    assert not cell.source(wanted("edit"))


def test_the_shells_exit_code_is_the_cells_value() -> None:
    asked = wanted("bash", command="exit 3")
    assert cell.read(asked, Result(status=Status.OK, value="3"), ()).exit_code == 3
    assert cell.read(asked, Result(status=Status.OK, value="-9"), ()).exit_code == -9


def test_the_last_expression_is_shown_after_what_was_printed() -> None:
    asked = wanted("python", code="1")
    assert (
        cell.read(asked, Result(status=Status.OK, stdout="a\n", value="1"), ()).stdout == "a\n1"
    )
    assert cell.read(asked, Result(status=Status.OK, value="None"), ()).stdout == ""


def test_a_limit_is_told_and_what_was_printed_kept() -> None:
    asked = wanted("python", code="1")
    memory = Result(status=Status.MEMORY, stdout="half", hint="use less")
    found = cell.read(asked, memory, ())
    assert (found.stdout, found.exit_code) == ("half", cell.KILLED)
    assert "memory_limit: use less" in found.stderr
    late = cell.read(asked, Result(status=Status.WALL, stdout="half"), ())
    assert (late.trouble, late.stdout) == ("time", "half")
    assert cell.read(asked, Result(status=Status.BROKEN), ()).trouble == "unavailable"


def test_a_very_long_output_loses_its_middle() -> None:
    asked = wanted("python", code="1")
    long = "a" * cell.MOST_TOLD + "z"
    told = cell.read(asked, Result(status=Status.OK, stdout=long), ()).stdout
    assert told.endswith("z")
    assert "1 characters left out" in told


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "7",
        "{",
        "{}",
        '{"edited": [1]}',
        '{"edited": {}, "trouble": []}',
        '{"edited": null, "trouble": "wild"}',
    ],
)
def test_an_editor_whose_words_code_has_changed_is_told_as_trouble(said: str) -> None:
    asked = wanted("edit", command="view", path="a")
    found = cell.read(asked, Result(status=Status.OK, stdout=said), ())
    assert (found.edited, found.trouble) == (None, "unavailable")


def test_an_edit_that_fails_is_told_as_an_edits_error_and_in_short() -> None:
    asked = wanted("edit", command="view", path="a", view_range="x")
    stderr = "Traceback\n" + "x" * 9999
    failed = Result(status=Status.ERROR, stderr=stderr)
    for result in (failed, Result(status=Status.DISK, hint="less")):
        found = cell.read(asked, result, ())
        assert found.trouble == "invalid"
        assert found.why.startswith(result.status.value)
        assert len(found.why) < 2000


@pytest.mark.parametrize("value", ["²", "9" * 5000, "--1", "1\n", "True"])
def test_what_is_no_exit_code_is_none(value: str) -> None:
    asked = wanted("bash", command="true")
    assert cell.read(asked, Result(status=Status.OK, value=value), ()).exit_code == 0
