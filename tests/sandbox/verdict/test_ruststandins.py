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
    return rust.wanted(SOURCE, words).judged(words)


def test_equality_of_data_is_derived_here_and_never_asked() -> None:
    text = judged("Point { x: 1 } == Point { x: 2 }")
    assert "#[derive(Debug, PartialEq)]\npub struct Point" in text
    assert "fn eq" not in text


def test_an_operator_that_is_told_a_plain_value_answers_with_none() -> None:
    assert "fn sub" not in judged("Point { x: 1 } - 1.5")


def test_objects_stay_with_the_code_and_none_of_its_lines_is_here() -> None:
    text = judged("Shared::new().get()")
    assert "pub struct Shared<> { hg: u64" in text
    assert "42" not in text


def test_generic_functions_are_named_by_their_instances() -> None:
    assert "crate::hg_inst::map<(T,)>" in judged("map(1)")
