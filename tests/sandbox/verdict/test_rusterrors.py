"""How tests see what an error has as its source."""

from __future__ import annotations

from headgate.sandbox.verdict import rustcode, rusterrors

CODE = rustcode.read("""
pub enum E { Bad { line: u8, source: ParseIntError }, Other(Box<dyn Error + Send>), Own(Box<Low>), No }
pub struct Low(u8);
impl std::error::Error for Low {}
impl Error for E { fn source(&self) -> Option<&(dyn Error + 'static)> { None } }
""")  # noqa: E501 (code)
IT = CODE.types["E"]


def test_only_errors_that_tell_a_source_are_asked_for_it() -> None:
    assert rusterrors.has_source(CODE, IT)
    assert not rusterrors.has_source(CODE, CODE.types["Low"])


def test_the_code_says_which_of_its_fields_is_the_source() -> None:
    text = rusterrors.served(CODE, IT)
    assert "E::Bad { source: hg1, .. } => { if at(hg1) == said { return 1; }" in text
    assert "E::Other { 0: hg0, .. } => { if at(&**hg0) == said" in text


def test_the_source_that_tests_see_came_with_the_value() -> None:
    text = rusterrors.judged(CODE, IT)
    assert "E::Own { 0: hg0, .. } => { if which == 0 { return Some(&**hg0); }" in text
    assert "line: hg0" not in text
    assert "has a source that is none of its fields" in text
