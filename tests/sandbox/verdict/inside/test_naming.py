"""What tests mention is told by how they mention it."""

from __future__ import annotations

import ast

from headgate.sandbox.verdict.inside import naming


def test_names_that_a_test_asks_for_are_found() -> None:
    source = "import m\nassert f(len(x)) == K.y"
    assert naming.asked(source) == ["K", "f", "x"]
    assert {"f", "K", "y", "m"} <= naming.names(source).by("")


def test_a_test_that_calls_its_own_check_is_known() -> None:
    assert "check" in naming.names("def check(c): pass\ncheck(f)").called
    assert "check" not in naming.names("def check(c): check(c)").called


def test_names_are_looked_for_in_all_that_is_handed_over() -> None:
    assert naming.asked("assert f(1)", "def helped(x): return g(x)") == ["f", "g", "x"]


def test_what_another_test_names_is_not_named_by_this_one() -> None:
    source = "one = 1\ndef test_a(): two\ndef test_b(): three\ndef tool(): four\n"
    assert naming.names(source).by("test_a") == {"one", "two", "four"}
    assert naming.names(source).by("") == {"one", "two", "three", "four"}


def test_modules_that_are_taken_whole_are_known() -> None:
    assert naming.names("from math import *\nfrom re import match\nimport os\n").whole == {
        "math"
    }


def test_a_test_in_a_test_is_of_neither() -> None:
    source = "def test_a():\n  one\n  def test_b():\n    two\n    def test_b(): three\n"
    found = naming.names(source)
    assert found.by("test_a") == {"one"}
    assert found.by("test_b") == set()
    assert found.by("") == {"one", "two", "three"}


def test_the_ways_in_which_a_name_is_mentioned_are_told_apart() -> None:
    found = naming.names(
        "import a.b as c, d.e\nfrom f import g as h\nimport math\n"
        "class K: pass\nasync def fetch(): pass\nx = y\ndel z\nmath.sqrt(x).real\n"
    )
    assert found.imported == {"c", "d", "h", "math"}
    assert found.defined == {"K", "fetch", "x"}
    assert found.looked == {"math"}
    assert found.reads == {"y", "math", "x"}
    assert found.by("") == {"b", "e", "g", "math", "x", "y", "z", "sqrt", "real"}


def test_a_source_is_taken_apart_once_for_one_who_changes_it() -> None:
    source = "assert only_here == 1"
    naming.names(source)
    tree = naming.tree(source, "t.py")
    tree.body.clear()
    assert ast.unparse(naming.tree(source, "t.py")) == source
