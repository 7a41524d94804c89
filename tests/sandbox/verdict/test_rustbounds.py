"""What bounds and lent types of Rust say."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict import rustbounds, rustcode

TRAITS = rustcode.read(
    "trait Clock { fn now(&self) -> u64; }\ntrait Shown: std::fmt::Display { fn at(&self); }"
).traits


def test_what_is_lent_is_found_wherever_it_stands() -> None:
    kind = "Vec<(String, Box<dyn Fn(&str) -> Result<(), String> + Send + 'a>)>"
    [(start, end, it)] = rustbounds.found(kind, TRAITS)
    assert it is not None
    assert it.written() == "Box<dyn Fn(&str) -> Result<(), String> + Send>"
    assert kind[:start] + kind[end:] == "Vec<(String, )>"


@pytest.mark.parametrize(
    ("kind", "is_lent"),
    [
        ("Rc<dyn Clock>", True),
        ("Option<std::sync::Arc<dyn Clock + Send + Sync>>", True),
        ("Box<dyn Iterator<Item = u8> + '_>", True),
        ("Rc<dyn FnMut()>", False),
        ("Box<dyn Shown>", False),
        ("Box<dyn Any>", False),
    ],
)
def test_objects_are_lent_if_their_trait_can_be_stood_for(kind: str, is_lent: bool) -> None:
    assert [it is not None for _, _, it in rustbounds.found(kind, TRAITS)] == [is_lent]


def test_errors_are_words_and_not_lent() -> None:
    assert rustbounds.found("Result<u8, Box<dyn std::error::Error + Send>>", TRAITS) == []


@pytest.mark.parametrize(
    ("result", "made"),
    [
        ("impl Fn(&str) -> Option<u8> + 'a", "Box<dyn Fn(&str) -> Option<u8>>"),
        ("impl FnMut()", "Box<dyn FnMut() -> ()>"),
        ("impl Iterator<Item = (u8, &str)> + '_", "Box<dyn Iterator<Item = (u8, &str)>>"),
        ("impl DoubleEndedIterator<Item = Vec<u8>>", "Vec<Vec<u8>>"),
        ("impl Display", ""),
    ],
)
def test_what_is_returned_without_a_name_gets_one(result: str, made: str) -> None:
    assert rustbounds.whole(result) == made


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ("&mut Item", ("alone", "Item")),
        ("Option<&'a mut Vec<u8>>", ("Option", "Vec<u8>")),
        ("std::result::Result<&mut Self, E>", ("Result", "Self")),
        ("Vec<&mut Item>", ("", "")),
        ("Option<&Item>", ("", "")),
    ],
)
def test_what_can_be_changed_inside_is_found(result: str, found: tuple[str, str]) -> None:
    assert rustbounds.changed(result) == found
