"""The pieces of Rust that stand-ins are made of."""

from __future__ import annotations

from headgate.sandbox.verdict import rustbounds, rustcode, rustkinds, rustwords

CODE = rustcode.read(
    "struct P<'a, K> { at: HashMap<K, &'a str> }\nfn f<'a>(a: &'a str) -> u8 { 1 }\n"
)


def test_a_signature_declares_the_lifetimes_it_names() -> None:
    assert rustwords.signature(CODE.functions["f"]) == "f<'a>(hg0: &'a str) -> u8"


def test_what_is_rebuilt_asks_of_keys_what_maps_ask() -> None:
    it = CODE.types["P"]
    assert rustwords.named(it) == "P<'a, K>"
    assert rustwords.named(it, forever_too=True) == "P<'static, K>"
    assert "Eq + std::hash::Hash" in rustwords.params(it, "Take", forever_too=True)


def test_what_borrows_from_the_tests_is_lent_for_now() -> None:
    code = rustcode.read("fn f() {}")
    kinds = rustkinds.Kinds(code)
    for kind, is_for_now in (("Vec<Box<dyn Fn() + 'a>>", True), ("Vec<Box<dyn Fn()>>", False)):
        into = rustwords.Into([], [], [], [])
        way = kinds.way(kind, ())
        assert isinstance(way, rustkinds.Way)
        rustwords.passed(kinds, "hg0", kind, way, into)
        assert ("for_now" in into.puts[0]) == is_for_now


def test_a_function_that_is_called_once_is_given_up() -> None:
    it = rustbounds.called_by("FnOnce(i32) -> String")
    assert it is not None
    assert "hg0.take()?" in rustwords.loan("hg0", it)


def test_each_name_is_imported_once() -> None:
    assert rustwords.imports(["use std::fmt::{self, Debug};", "use std::fmt;"]) == [
        "use std::fmt;", "use std::fmt::Debug;",
    ]  # fmt: skip
