"""What go vet of Go 1.26 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Said, Unreadable
from headgate.validate.checks.go_vet import CHECK
from tests.checking import asked, read


def test_types_and_the_mistakes_that_vet_knows_are_both_told() -> None:
    said = (
        "# command-line-arguments\n# [command-line-arguments]\n"
        "vet: ./bad.go:5:7: declared and not used: y\n"
        './bad.go:6:14: fmt.Printf format %d has arg "x" of wrong type string\n'
    )
    assert read(CHECK, "", said) == [(5, 7, "error", "vet"), (6, 14, "error", "vet")]


def test_only_a_package_that_does_not_compile_keeps_vet_from_its_other_files() -> None:
    assert CHECK.stopped is not None
    files = ("a/x.go", "a/y.go", "b/z.go", "c/u.go")
    for said, named in (
        ("vet: a/x.go:5:7: declared and not used: y", ("a/x.go",)),
        ("a/x.go:5:7: syntax error: unexpected {", ("a/x.go",)),
        ("b/z.go:6:14: fmt.Printf format %d has arg of wrong type", ()),
    ):
        assert CHECK.stopped(Said(1, "", said, files)) == named
    texts = (b"package a", b"package a", b"package b", b'import "ex/a"')
    spoiled = [CHECK.spoils("a/x.go", *it) for it in zip(files, texts, strict=True)]
    assert spoiled == [True, True, False, True]


def test_a_toolchain_that_does_not_work_says_nothing_of_the_code() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "go: could not create module cache")


def test_a_module_is_vetted_by_its_folders() -> None:
    (run,) = CHECK.plan(asked("a/x.go", "a/y.go", go__mod="module m\n"))
    assert run.argv == ("tool", "vet", "./a")
