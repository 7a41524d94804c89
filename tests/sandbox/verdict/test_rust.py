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
