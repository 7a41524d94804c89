"""What tsc 7.0.2 printed is understood, and a project is heard."""

from __future__ import annotations

import pytest

from headgate.validate.check import Said, Unreadable
from headgate.validate.checks.tsc import CHECK, LIST
from headgate.validate.validator import LIMITS
from tests.checking import asked, problems, read

SAID = """bad.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.
  more about it
bad.ts(2,22): error TS2307: Cannot find module 'node:fs' or its type declarations.
other.ts(3,1): error TS2304: Cannot find name 'x'.
"""


def test_each_line_has_its_place_and_code_and_what_lacks_types_is_a_notice() -> None:
    assert read(CHECK, SAID, code=2) == [(1, 7, "error", "TS2322"), (2, 22, "notice", "TS2307")]
    assert "@types/node" in problems(CHECK, SAID, code=2)[1].fix


def test_a_mistake_of_syntax_is_known_to_keep_it_from_all_types() -> None:
    assert CHECK.stopped is not None
    syntax = "bad.ts(1,14): error TS1134: Variable declaration expected.\n"
    assert CHECK.stopped(Said(2, syntax, "", ("bad.ts", "other.ts"))) == ("bad.ts",)
    assert CHECK.stopped(Said(2, SAID, "", ("bad.ts", "other.ts"))) == ()


def test_in_place_of_a_file_its_names_are_laid() -> None:
    assert CHECK.stand_in is not None
    made = CHECK.stand_in(b"export const a = ;\nexport async function b() {\nconst c = 1;\n")
    assert b"export type a = any" in made
    assert b"export type b = any" in made
    assert b" c:" not in made


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


def test_haste_never_takes_more_memory_than_an_order_has() -> None:
    (run,) = CHECK.plan(asked("bad.ts"))
    most = dict(run.env)["GOMEMLIMIT"].removesuffix("MiB")
    assert int(most) < LIMITS.memory_mb
