"""What a Rust file declares at its outermost level."""

from __future__ import annotations

from headgate.sandbox.verdict import rustcode

SOURCE = """
use std::fmt;
/// fn hidden(a: i32) {}
#[derive(Debug, Clone)]
pub enum E { A, B(i32, String), C { x: f64, y: Option<Box<E>> } }
pub struct Stack<T> where T: Clone { items: Vec<T>, /* } */ pub(crate) n: usize }
pub trait Shape { fn area(&self) -> f64; fn name(&self) -> String { "}".into() } }
impl<T: Clone> Stack<T> {
    pub fn push(&mut self, it: T) -> &mut Self { self }
    fn map<U, F>(&self, f: F) -> Stack<U> where F: Fn(&T) -> U, U: Clone { todo!() }
}
impl std::str::FromStr for E { type Err = String; fn from_str(s: &str) -> Result<Self, Self::Err> { todo!() } }
pub const MAX: usize = 3;
type R<T> = Result<T, E>;
fn longest<'a>(mut a: &'a str, f: impl Fn(i32) -> R<i32>) -> Option<&'a str> { None }
#[cfg(test)]
mod tests { fn inner() {} }
"""  # noqa: E501 (code, line for line)
CODE = rustcode.read(SOURCE)


def test_functions_are_read_with_their_types() -> None:
    assert set(CODE.functions) == {"longest"}
    it = CODE.functions["longest"]
    assert [kind for _, kind in it.params] == ["&'a str", "impl Fn(i32) -> R<i32>"]
    assert it.result == "Option<&'a str>"


def test_types_are_read_with_variants_and_fields() -> None:
    assert CODE.types["E"].variants[1] == ("B", "(", (("0", "i32"), ("1", "String")))
    assert CODE.types["E"].derives == {"Debug", "Clone"}
    assert CODE.types["Stack"].fields == ("Vec<T>", "usize")
    assert CODE.types["Stack"].generics[0].bounds == "Clone"


def test_impls_and_traits_are_read() -> None:
    own, parsed = CODE.blocks
    assert [it.takes for it in own.functions] == ["&mut", "&"]
    assert own.functions[1].generics[1] == rustcode.Generic("F", "Fn(&T) -> U")
    assert parsed.associated == (("Err", "String"),)
    assert CODE.traits["Shape"].defaults == {"name"}
    assert CODE.aliases == {"R<T>": "Result<T, E>"}


def test_strings_and_comments_do_not_confuse_the_reader() -> None:
    text = 'let a = "}"; // {\nlet b = \'{\'; let c: &\'a str = r#"{"#;'
    blank = rustcode.blanked(text)
    assert len(blank) == len(text)
    assert "{" not in blank
    assert "}" not in blank


def test_modules_are_read_with_what_they_hold() -> None:
    text = "pub mod a { mod b { pub(crate) struct P; } pub fn f(p: b::P) -> u8 { 1 } }"
    code = rustcode.read(text)
    assert code.paths == {"P": "a::b"}
    assert code.functions["a::f"].params == (("hg0", "P"),)
    assert code.functions["a::f"].path == "a"
    assert [text[at] for at in code.ends.values()] == ["}", "}"]


def test_two_modules_that_have_types_of_one_name_are_told() -> None:
    assert rustcode.read("mod a { struct P; } mod b { struct P; }").twice == {"P"}
