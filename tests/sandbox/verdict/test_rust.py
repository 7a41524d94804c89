"""How the judging of Rust is told, and what is refused before anything is built."""

from __future__ import annotations

import pytest

from headgate.sandbox.model import Refused
from headgate.sandbox.verdict import rust

SOURCE = """
pub fn add(mut a: i32, b: &[(String, f64)]) -> Option<Vec<i32>> { None }
fn door(d: std::net::TcpStream) {}
"""


def test_a_function_that_tests_name_and_that_is_closed_is_refused() -> None:
    with pytest.raises(Refused, match="door cannot be judged from apart"):
        rust.wanted(SOURCE, {"door"})
    assert [it.key for it in rust.wanted(SOURCE, {"add"}).calls] == ["add"]


@pytest.mark.parametrize(
    ("tests", "is_called"),
    [
        ("let door = add(1); door.open()", False),
        ("fn door(n: i32) {} door(7)", False),
        ("open(door(7))", True),
    ],
)
def test_a_closed_function_that_tests_only_share_a_word_with_is_no_matter(
    tests: str, is_called: bool
) -> None:
    words = {"door"}
    if is_called:
        with pytest.raises(Refused):
            rust.wanted(SOURCE, words, rust.uncalled(tests, words))
    else:
        assert rust.wanted(SOURCE, words, rust.uncalled(tests, words)).calls == []


@pytest.mark.parametrize(
    ("kind", "is_refused"), [("Rc<Vec<u8>>", True), ("Rc<dyn Fn(u8)>", False)]
)
def test_what_crosses_by_value_is_not_counted(kind: str, is_refused: bool) -> None:
    code = f"pub fn take(it: {kind}) -> usize {{ 0 }}"
    tests = "take(it.clone()); assert_eq!(Rc::strong_count(&it), 1);"
    if is_refused:
        with pytest.raises(Refused, match="the tests ask for strong_count"):
            rust.wanted(code, {"take"}, set(), tests)
    else:
        assert len(rust.wanted(code, {"take"}, set(), tests).calls) == 1


OPENED = """
pub struct Bank { pub held: Vec<u8> }
impl Bank {
    pub fn opened(&mut self) -> std::slice::IterMut<'_, u8> { self.held.iter_mut() }
    pub fn get(&mut self) -> std::slice::IterMut<'_, u8> { self.held.iter_mut() }
}
"""


@pytest.mark.parametrize(
    ("tests", "is_refused"),
    [
        ("bank.opened().count()", True),
        ("Bank::get(&mut bank)", True),
        ("bank.held.get(0)", False),
        ("fn opened() {} bank.held.len()", False),
    ],
)
def test_a_method_that_cannot_be_judged_is_refused_where_it_is_surely_called(
    tests: str, is_refused: bool
) -> None:
    words = set(tests.replace("(", " ").replace(".", " ").replace(":", " ").split())
    if is_refused:
        with pytest.raises(Refused, match=r"Bank::\w+ cannot be judged from apart: IterMut"):
            rust.wanted(OPENED, words, set(), tests)
    else:
        closed = rust.wanted(OPENED, words, set(), tests).closed
        assert all("cannot be judged from apart" in why for why in closed.values())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("build.rs", ""),
        (".cargo/config.toml", ""),
        ("Cargo.toml", "[lib]\nproc-macro = true"),
        ("Cargo.toml", "[dependencies]\nrand = '1'"),
    ],
)
def test_what_would_do_something_while_it_is_built_is_refused(path: str, text: str) -> None:
    with pytest.raises(Refused):
        rust.refuse({path: text})


def test_tests_are_called_by_their_path() -> None:
    runs = rust._runs(
        "mod a { mod b { #[test]\n#[should_panic]\nfn x() {} } }\n#[test] fn y() {}"
    )
    assert runs == [
        'hg_judge::run("a::b::x", true, Some(""), a::b::x);',
        'hg_judge::run("y", true, None, y);',
    ]


@pytest.mark.parametrize(
    ("given", "crate"),
    [({}, "solution"), ({"Cargo.toml": '[package]\nname = "two-fer"\n'}, "two_fer")],
)
def test_tests_beside_the_code_call_its_crate_by_name(
    given: dict[str, str], crate: str
) -> None:
    text = f"use {crate}::*;\n#[test]\nfn adds() {{}}\n"
    judged = rust._judged(rust.wanted(SOURCE, set()), text, rust._crate(given), set())
    assert f"extern crate self as {crate};" in judged
    assert f"use {crate}::*;" not in judged


def test_modules_in_files_of_their_own_are_read_where_they_are_named() -> None:
    given = {
        "src/lib.rs": "pub mod shop;\npub mod other;",
        "src/shop.rs": "pub mod stock;",
        "src/shop/stock.rs": "pub struct Item;",
    }
    text = rust.inlined(given, "src/lib.rs")
    assert (
        text.replace("\n", "")
        == "pub mod shop {pub mod stock {pub struct Item;}}pub mod other;"
    )


def test_a_type_that_several_modules_have_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="P is declared in several modules"):
        rust.wanted("mod a { pub struct P; } mod b { pub struct P; }", {"P"})
