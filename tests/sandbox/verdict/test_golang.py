"""How the judging of Go is told, and what is refused before anything is built."""

from __future__ import annotations

import pytest

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import golang
from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict.bench import files

RUNTIME = Runtime("go", "1.26", "program", program="go")
TEST = 'package p\nimport "testing"\nfunc TestAdd(t *testing.T) { Add(1) }\n'


def planned(code: str, tests: str = TEST, path: str = "p.go") -> dict[str, str]:
    task = Task(
        language="go",
        candidate=files((path, code)),
        tests=files(("p_test.go", tests)),
        style="runner",
    )
    laid: dict[str, str] = golang.plan(task, RUNTIME)[1]["files"]
    return laid


def test_the_judge_holds_standins_and_the_code_holds_no_test() -> None:
    laid = planned("package p\nfunc Add(n int) int { return 42 }\n")
    ours = "".join(it for path, it in laid.items() if path.startswith("judge/"))
    theirs = "".join(it for path, it in laid.items() if path.startswith("code/"))
    assert "return 42" in theirs
    assert "return 42" not in ours
    assert "TestAdd" in ours
    assert "TestAdd" not in theirs


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ('package p\nimport "C"\n', "p.go"),
        ("package p\n//go:linkname a b\n", "p.go"),
        ("package p", "x_test.go"),
        ("TEXT", "x.s"),
        ("package p\nfunc Add(c chan int) {}\n", "p.go"),
        ("package p\nfunc Add(r *http.Request) {}\n", "p.go"),
    ],
)
def test_what_cannot_be_held_apart_is_refused_in_words(code: str, path: str) -> None:
    with pytest.raises(Refused):
        planned(code, path=path)


def test_a_TestMain_of_the_tests_is_called_and_its_end_is_ours() -> None:
    main = "func TestMain(m *testing.M) { setUp(); os.Exit(m.Run()) }\n"
    laid = planned("package p\nfunc Add(n int) {}\n", TEST + main)
    assert (
        "func hgTestMain(m HGMain) { setUp(); HGExit(m.Run()) }" in laid["judge/tree/p_test.go"]
    )
    assert "hgTestMain(HGMain{m})" in laid["judge/tree/hg_0_test.go"]


def test_generic_code_is_built_after_its_tests() -> None:
    code = "package p\nfunc Add[T any](t T) {}\n"
    task = Task(
        language="go", candidate=files(("p.go", code)), tests=files(("p_test.go", TEST)),
        style="runner",
    )  # fmt: skip
    told = golang.plan(task, RUNTIME)[1]
    assert [[it["side"] for it in builds] for builds in told["builds"]] == [["judge"], ["code"]]
    assert told["late"]["generic"] == {"Add": [["Add", "Add[@]"]]}


def test_imports_that_only_the_tests_use_are_blank_in_the_code() -> None:
    code = (
        'package p\n\nimport (\n\t"fmt"\n\tstr "strings"\n)\n\nfunc Add() { str.ToUpper("") }\n'
    )
    assert golang.unused(code) == code.replace('"fmt"', '_ "fmt"')
    single = 'package p\n\nimport "fmt"\n\nfunc Add() {}\n'
    assert 'import _ "fmt"' in golang.unused(single)


def test_a_package_of_code_with_a_name_of_tests_gets_another() -> None:
    laid = planned(
        "package p_test\nfunc Add(n int) {}\n", TEST.replace("package p", "package p_test")
    )
    assert "package p\n" in laid["judge/tree/p_test.go"]
    assert laid["judge/tree/hg_standins.go"].startswith("package p\n")


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("const true = false", "if got := Add(1); got != true { t.Fatal() }"),
        ("func len(any) int { return 0 }", "if len(Add(1)) != 0 { t.Fatal() }"),
        ("var nil = errors.New(``)", "if err := Add(1); err != nil { t.Fatal() }"),
        ("type Box struct {\n\tmu sync.Mutex\n\tN int `\n\tB int }; type Z struct {\n`\n}",
         "(Box{}).B()"),
    ],
)  # fmt: skip
def test_what_would_change_the_words_of_the_tests_is_refused(code: str, tests: str) -> None:
    test = f'package p\nimport "testing"\nfunc TestAdd(t *testing.T) {{ {tests} }}\n'
    with pytest.raises(Refused, match=r"stands for Go's own|that is not read"):
        planned(f"package p\n{code}\nfunc Add(n int) (it []int) {{ return it }}\n", test)
    planned("package p\nfunc Add(n int) (it []int) { return it }\n", test)


def test_nothing_beside_a_constant_is_the_judges_and_the_tests_are_of_the_newest_go() -> None:
    code = (
        "package p\nconst Add2 = 1; func init() { leave() }\nfunc Add(n int) int { return 0 }\n"
    )
    task = Task(
        language="go",
        candidate=files(("p.go", code), ("go.mod", "module mine\n\ngo 1.20\n")),
        tests=files(("p_test.go", TEST.replace("Add(1)", "Add(Add2)"))),
        style="runner",
    )
    laid = golang.plan(task, RUNTIME)[1]["files"]
    assert "const Add2 = 1" in laid["judge/tree/hg_standins.go"]
    assert "leave" not in laid["judge/tree/hg_standins.go"]
    assert laid["judge/tree/go.mod"] == "module mine\n\ngo 1.26\n"
