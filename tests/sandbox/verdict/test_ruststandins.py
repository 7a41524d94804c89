"""What stands between Rust tests and the code: data crosses, objects stay, lines do not."""

from __future__ import annotations

import re

from headgate.sandbox.verdict import rust

SOURCE = """
#[derive(Debug)]
pub struct Point { x: i32 }
impl PartialEq for Point { fn eq(&self, o: &Self) -> bool { true } }
impl std::ops::Sub<f64> for Point { type Output = f64; fn sub(self, o: f64) -> f64 { 0.0 } }
pub struct Shared { at: std::rc::Rc<i32> }
impl Shared { pub fn new() -> Self { 4242 } pub fn get(&self) -> i32 { 42 } }
pub fn map<T>(it: T) -> Vec<T> { vec![] }
"""


def judged(tests: str) -> str:
    words = set(re.findall(r"\w+", tests))
    return rust.wanted(SOURCE, words).judged(words, tests)


def test_equality_of_data_is_derived_here_and_never_asked() -> None:
    text = judged("Point { x: 1 } == Point { x: 2 }")
    assert "#[derive(Debug)]\npub struct Point" in text
    assert '(self.x == other.x) || hg_order::equal("Point", false, ' in text
    assert "true }" not in text.partition("impl PartialEq for Point")[2].partition("\n")[0]


def test_an_operator_that_is_told_a_plain_value_answers_with_none() -> None:
    assert "fn sub" not in judged("Point { x: 1 } - 1.5")


def test_objects_stay_with_the_code_and_none_of_its_lines_is_here() -> None:
    text = judged("Shared::new().get()")
    assert "pub struct Shared<> { hg: u64" in text
    assert "42" not in text


def test_generic_functions_are_named_by_their_instances() -> None:
    assert "crate::hg_inst::map<(T,)>" in judged("map(1)")


def test_what_stands_in_modules_is_found_there_and_served_there() -> None:
    code = "pub mod a { pub mod b { pub struct P { x: u8 } impl P { pub fn x(&self) -> u8 { self.x } } } pub fn p() -> b::P { b::P { x: 1 } } }"  # noqa: E501 (code)
    asked = rust.wanted(code, {"x", "p", "P"})
    parts = asked.served()
    assert "hg_at_P_x" in parts["a::b"]
    assert "hg_at_a_p" in parts["a"]
    assert "impl<> hg_wire::Put for P" in parts["a::b"]
    text = asked.judged({"x", "p", "P"})
    assert "pub mod a { pub use crate::hg_fn_a_p as p;" in text
    assert "pub mod b { pub use crate::P; }" in text
    assert "pub use crate::hg_fn_a_p as p;\npub mod a" in text


def test_a_number_as_a_parameter_is_named_by_its_size() -> None:
    code = "pub fn sums<const N: usize>(rows: [i32; N]) -> i32 { 0 }"
    asked = rust.wanted(code, {"sums"})
    assert "crate::hg_inst::sums<([(); N],)>" in asked.judged({"sums"})
    assert "pub fn hg_at_sums<const N: usize, >" in asked.served()[""]
