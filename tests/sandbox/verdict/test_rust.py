"""How the judging of Rust is told, and what is refused before anything is built."""

from __future__ import annotations

import pytest

from headgate.sandbox.model import Refused
from headgate.sandbox.verdict import rust

SOURCE = """
/// fn hidden(a: i32) {}
pub fn add(mut a: i32, b: &[(String, f64)]) -> Option<Vec<i32>> { None }
fn longest<'a>(a: &'a str, b: &'a str) -> &'a str { a }
fn of<T: Clone>(t: T) -> T { t }
fn door(d: Door) {}
"""


def test_functions_of_plain_data_are_read_and_others_said() -> None:
    functions, closed = rust.read(SOURCE)
    assert set(functions) == {"add", "longest"}
    assert functions["add"].result == "Option<Vec<i32>>"
    assert [kind for _, kind in functions["add"].params] == ["i32", "&[(String, f64)]"]
    assert closed["of"] == "T is no plain data" or "type parameters" in closed["of"]
    assert closed["door"] == "Door is no plain data"


def test_a_function_that_tests_name_and_that_is_closed_is_refused() -> None:
    with pytest.raises(Refused, match="door cannot be judged from apart"):
        rust.wanted(SOURCE, "door(x)")
    assert [it.name for it in rust.wanted(SOURCE, "add(1, &[])")] == ["add"]


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


def test_strings_and_comments_do_not_confuse_the_reader() -> None:
    text = 'let a = "}"; // {\nlet b = \'{\'; let c: &\'a str = r#"{"#;'
    blank = rust.blanked(text)
    assert len(blank) == len(text)
    assert "{" not in blank
    assert "}" not in blank


def test_tests_are_called_by_their_path() -> None:
    runs = rust._runs(
        "mod a { mod b { #[test]\n#[should_panic]\nfn x() {} } }\n#[test] fn y() {}"
    )
    assert runs == [
        'hg_judge::run("a::b::x", true, Some(""), a::b::x);',
        'hg_judge::run("y", true, None, y);',
    ]
