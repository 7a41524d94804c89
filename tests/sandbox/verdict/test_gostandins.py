"""What stands between Go tests and the code: data crosses, objects stay, lines do not."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict import gocode, golang, gostandins

SOURCE = """package shop
import "sync"
type Item struct { Name string; count int }
type Stack struct { items []int }
type Locked struct { mu sync.Mutex; Limit int }
type Tree struct { Left, Right *Tree; Value int }
type Names []string
type Hook func(Item) error
type Fail struct { code int }
type Store interface { Get(key string) (*Item, error) }
func (s *Stack) Push(n int) { s.items = append(s.items, 42) }
func (l *Locked) Use(h Hook, s Store) {}
func (f *Fail) Error() string { return "" }
func (f *Fail) Is(target error) bool { return true }
func New() *Locked { return nil }
"""
PACKAGE = gocode.read([SOURCE])


@pytest.mark.parametrize(
    "kind", ["int", "[]*Item", "map[string][]Names", "...error", "[3]rune", "<-chan int",
             "func(int) error", "io.Reader", "Hook", "Store", "time.Duration", "*Locked"]
)  # fmt: skip
def test_what_can_cross_is_known_as_such(kind: str) -> None:
    assert gostandins.unplain(kind, PACKAGE) == ""


@pytest.mark.parametrize(
    "kind", ["chan int", "sync.Mutex", "*http.Request", "[]unsafe.Pointer"]
)
def test_what_cannot_cross_is_said(kind: str) -> None:
    assert "is no plain data" in gostandins.unplain(kind, PACKAGE)


def test_objects_with_a_state_of_their_own_stay_with_the_code() -> None:
    held = [it for it in PACKAGE.types if gostandins.is_held(it, PACKAGE)]
    assert held == ["Stack", "Locked"]


def test_a_standin_holds_no_line_of_the_code_and_only_fields_that_tests_name() -> None:
    asked = golang.wanted(PACKAGE, "l := New(); l.Limit = 3; s := Stack{}; s.Push(1)")
    text = gostandins.judged(asked, "")
    assert "42" not in text
    assert "type Locked struct { hg hgThing; Limit int }" in text
    assert "type Stack struct { hg hgThing }" in text
    assert set(asked.lent) == {"Store"}


def test_an_error_that_says_yes_to_everything_is_asked_twice() -> None:
    asked = golang.wanted(PACKAGE, "var f *Fail; errors.As(err, &f)")
    assert "hgTruly(" in gostandins.judged(asked, "")


def test_a_variable_of_the_tests_names_no_field() -> None:
    package = gocode.read(["package p\ntype A struct { by, to map[string]int }\n"])
    assert gostandins.fields_named("A", package, "by := a.By()\nA{to: nil}") == ("to",)


def test_all_names_of_constants_are_known() -> None:
    text = "const (\n\tA, true = 1, 2\n\tB int = iota; C\n)"
    assert gostandins.constants(text) == {"A", "true", "B", "C"}
    assert gostandins.constants("const false = true") == {"false"}
