"""What a Go package declares, as far as tests need it."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict import gocode

SOURCE = """package shop // words

import (
	"errors"
	str "strings"
)

var ErrEmpty = errors.New("nothing, there")
var (
	ErrLate error = &late{}
	limit = 3
)

type (
	Item struct { name string; at [2]int }
	Names []string
)

type Door struct { ch chan int; *Item `json:"x"` }
type Box[K comparable, V any] struct { inner map[K]V }
type Store interface {
	Get(key string) (int, error)
	fmt.Stringer
}

func Add(a, b int, more ...string) (n int, err error) { return }
func (s *Item) Put(_ map[string][]int) {}
func Bare(int, string) func(int) int { return nil }
func Of[T any](t T) T { return t }
func (b *Box[K, V]) Get(k K) V { return b.inner[k] }
func Work(in <-chan int, out chan<- int) {}
"""
PACKAGE = gocode.read([SOURCE])


def test_functions_and_methods_are_read() -> None:
    add = PACKAGE.functions["Add"]
    assert PACKAGE.name == "shop"
    assert add.params == (("a", "int"), ("b", "int"), ("more", "...string"))
    assert add.results == ("int", "error")
    assert PACKAGE.functions["Item.Put"].receiver == ("s", "*Item")
    assert PACKAGE.functions["Bare"].results == ("func(int) int",)
    assert PACKAGE.functions["Work"].params == (("in", "<-chan int"), ("out", "chan<- int"))


def test_type_parameters_are_read() -> None:
    assert PACKAGE.functions["Of"].generic == "T any"
    assert PACKAGE.types["Box"].generic == "K comparable, V any"
    assert PACKAGE.functions["Box.Get"].owner == "Box"
    assert gocode.names("K comparable, V any") == ["K", "V"]


def test_errors_made_once_and_imports_are_read() -> None:
    assert PACKAGE.errors == ("ErrEmpty", "ErrLate")
    assert PACKAGE.imports == {"errors": '"errors"', "str": 'str "strings"'}


def test_fields_and_methods_of_types_are_read() -> None:
    fields = gocode.struct(PACKAGE.types["Door"].kind)
    assert fields is not None
    assert [(it.name, it.kind, it.is_embedded) for it in fields] == [
        ("ch", "chan int", False), ("Item", "*Item", True)
    ]  # fmt: skip
    methods = gocode.interface(PACKAGE.types["Store"].kind, PACKAGE)
    assert methods is not None
    assert set(methods) == {"Get", "String"}


@pytest.mark.parametrize("name", gocode.INTERFACES)
def test_interfaces_of_go_are_whole(name: str) -> None:
    assert all(it.name[0].isupper() for it in gocode.methods_of(name))


def test_a_declaration_ends_where_go_ends_it() -> None:
    text = (
        "package p; type A int; func init() { a(); b() }\n  func F(s struct {\n\tN int\n}) {}\n"
        "var w = `\nconst it = 1; func init() {}\n`\nconst (\n\tX = 1 +\n\t2\n); var y = ';'\n"
    )
    assert [it.split()[0] for it in gocode.statements(text) if it] == [
        "package", "type", "func", "func", "var", "const", "var",
    ]  # fmt: skip
    package = gocode.read([text])
    assert package.types["A"].kind == "int"
    assert list(package.functions) == ["init", "F"]
    assert [it.partition("=")[0] for it in package.constants] == ["const (\n\tX "]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("struct {\n\tA int `}`\n\tB string\n}", True),
        ("map[string]func(int) (bool, error)", True),
        ("const (\n\tA = iota\n\tB\n)", True),
        ("int }; func init() {}; type Z struct {", False),
        ("int; func init() {}", False),
        ("struct{}\n func init() {}", False),
        ("(int]", False),
        ("struct { A int `a", False),
    ],
)
def test_what_is_more_than_one_declaration_is_known(text: str, *, is_one: bool) -> None:
    assert gocode.is_one(text) is is_one
