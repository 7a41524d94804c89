"""What tsc 7.0.2 printed is understood, and a project is heard."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.tsc import CHECK, LIST
from tests.checking import asked, problems, read

SAID = """bad.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.
  more about it
bad.ts(2,22): error TS2307: Cannot find module 'node:fs' or its type declarations.
other.ts(3,1): error TS2304: Cannot find name 'x'.
"""


def test_each_line_has_its_place_and_code_and_what_lacks_types_is_a_notice() -> None:
    assert read(CHECK, SAID, code=2) == [(1, 7, "error", "TS2322"), (2, 22, "notice", "TS2307")]
    assert "@types/node" in problems(CHECK, SAID, code=2)[1].fix


def test_a_mistake_of_the_configuration_says_nothing_of_the_code() -> None:
    with pytest.raises(Unreadable, match="TS5023"):
        read(CHECK, "error TS5023: Unknown compiler option 'x'.\n", code=1)


def test_a_file_without_a_project_is_checked_strictly_and_quickly() -> None:
    (run,) = CHECK.plan(asked("bad.ts"))
    assert "--strict" in run.argv
    assert run.argv[run.argv.index("--lib") + 1] == "es2022"


def test_a_projects_own_configuration_is_heard_with_the_list_of_files_changed() -> None:
    (run,) = CHECK.plan(asked("bad.ts", tsconfig__json="{}"))
    assert run.argv[1:3] == ("-p", LIST)
    assert b'"extends": "./tsconfig.json"' in run.lays[0][1]
