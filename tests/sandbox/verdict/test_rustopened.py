"""How objects that stay with the code are compared and shown."""

from __future__ import annotations

from headgate.sandbox.verdict import rustcode, rustopened

CODE = rustcode.read("""
#[derive(Debug, PartialEq)]
pub struct Stock { items: Vec<u32> }
pub struct Held<T> { it: Rc<T> }
""")
STOCK = CODE.types["Stock"]


def test_data_of_an_object_are_fetched_and_compared_here() -> None:
    text, named = rustopened.served(STOCK, is_data=True)
    assert named == ["hg_data_Stock", "hg_shown_Stock"]
    assert "Put::hg_put(&it.items, out);" in text
    shown = rustopened.judged(STOCK, named)
    assert "#[derive(PartialEq)]\npub struct HgDataStock { items: Vec<u32> }" in shown
    assert "PartialEq::eq(&self.hg_data(), &other.hg_data())" in shown


def test_an_object_of_more_than_data_is_shown_and_not_compared() -> None:
    named = rustopened.served(STOCK, is_data=False)[1]
    assert named == ["hg_shown_Stock"]
    assert "PartialEq" not in rustopened.judged(STOCK, named)


def test_of_what_has_type_parameters_nothing_is_asked() -> None:
    assert rustopened.served(CODE.types["Held"], is_data=True) == ("", [])
