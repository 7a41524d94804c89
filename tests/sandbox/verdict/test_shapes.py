"""What a Go package declares, as far as tests need it."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict import shapes

SOURCE = """package shop // words

import "errors"

var ErrEmpty = errors.New("nothing, there")

type (
	Item struct { name string; at [2]int }
	Names []string
)

type Door struct { ch chan int }

func Add(a, b int, more ...string) (n int, err error) { return }
func (s *Item) Put(_ map[string][]int) {}
func Bare(int, string) func(int) int { return nil }
func Of[T any](t T) T { return t }
"""


def test_functions_methods_types_and_errors_are_read() -> None:
    package = shapes.read([SOURCE])
    assert package.name == "shop"
    add = package.functions["Add"]
    assert add.params == (("a", "int"), ("b", "int"), ("more", "...string"))
    assert add.results == ("int", "error")
    assert package.functions["Item.Put"].receiver == ("s", "*Item")
    assert package.functions["Bare"].results == ("func(int) int",)
    assert package.errors == {"ErrEmpty": '"nothing, there"'}
    assert set(package.types) == {"Item", "Names", "Door"}
    assert package.closed == {"Of": "it has type parameters"}


@pytest.mark.parametrize(
    "kind", ["int", "[]*Item", "map[string][]Names", "...error", "[3]rune"]
)
def test_plain_data_is_known_as_such(kind: str) -> None:
    assert shapes.plain(kind, shapes.read([SOURCE])) == ""


@pytest.mark.parametrize("kind", ["chan int", "func() int", "Door", "sync.Mutex", "io.Reader"])
def test_what_is_no_plain_data_is_said(kind: str) -> None:
    assert "is no plain data" in shapes.plain(kind, shapes.read([SOURCE]))


def test_own_types_are_found_through_each_other() -> None:
    package = shapes.read(["package a\ntype A struct { b []B }\ntype B int\ntype C int\n"])
    assert shapes.mentioned(["*A"], package) == {"A", "B"}
