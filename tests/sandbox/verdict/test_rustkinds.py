"""How parameters of Rust functions cross: as data, object, callback, or not at all."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict import rustbounds, rustcode, rustkinds

KINDS = rustkinds.Kinds(
    rustcode.read("""
struct Point { x: f64, next: Option<Box<Point>> }
struct Locked { inner: Mutex<Point> }
struct Outer { locked: Vec<Locked> }
trait Clock { fn now(&self) -> u64; }
#[derive(PartialEq, Eq)]
struct Ready { at: u64 }
impl Ord for Ready { fn cmp(&self, other: &Self) -> Ordering { other.at.cmp(&self.at) } }
struct Reader<'a> { signs: std::iter::Peekable<std::str::Chars<'a>> }
struct Queue { waiting: std::collections::BinaryHeap<Reverse<Ready>> }
""")
)


def test_types_of_data_cross_and_others_stay() -> None:
    assert KINDS.data == {"Point", "Ready"}
    assert KINDS.is_held("Outer")


def test_what_an_order_of_the_code_arranges_stays_with_it() -> None:
    assert KINDS.is_held("Queue")


def test_an_object_that_only_looks_at_something_stays_with_the_code() -> None:
    assert KINDS.is_held("Reader")
    assert isinstance(KINDS.way("&mut Reader<'_>", ()), rustkinds.Way)


def test_what_tests_change_inside_of_an_object_stays_with_the_code() -> None:
    code = rustcode.read(
        "struct Bank { held: Vec<u8> }\n"
        "impl Bank { fn first(&mut self) -> Option<&mut u8> { self.held.first_mut() } }"
    )
    assert rustkinds.Kinds(code, "*bank.first().unwrap() = 1").is_held("Bank")
    assert not rustkinds.Kinds(code, "bank.first(); bank.held.len()").is_held("Bank")
    assert not rustkinds.Kinds(code, "Bank::default()").is_held("Bank")


@pytest.mark.parametrize(
    ("kind", "how", "lends"),
    [
        ("&[(String, f64)]", "data", "&"),
        ("&'a mut Vec<Point>", "data", "&mut "),
        ("Result<u8, Box<dyn std::error::Error>>", "data", ""),
        ("&dyn Clock", "trait", "&"),
        ("impl Fn(&str) -> bool", "callback", ""),
        ("Box<dyn FnMut(i32) + Send>", "callback", ""),
        ("impl Fn(u8) -> Result<u8, CallError>", "callback", ""),
        ("impl Into<String>", "made", ""),
        ("&Locked", "data", "&"),
        ("Rc<dyn Clock>", "data", ""),
        ("&[Box<dyn Clock>]", "data", "&"),
        ("Vec<(String, Box<dyn FnOnce() -> Point>)>", "data", ""),
    ],
)
def test_each_way_is_known(kind: str, how: str, lends: str) -> None:
    way = KINDS.way(kind, ())
    assert isinstance(way, rustkinds.Way)
    assert (way.how, way.lends) == (how, lends)


@pytest.mark.parametrize("kind", ["Mutex<i32>", "std::net::TcpStream", "Rc<RefCell<Locked>>"])
def test_what_cannot_cross_is_said(kind: str) -> None:
    assert "no plain data" in str(KINDS.way(kind, ()))


def test_a_lock_is_shared_where_no_thread_changes_it_unseen() -> None:
    code = rustcode.read("fn log(to: Arc<Mutex<Vec<String>>>) {}")
    told = "Arc<std::sync::Mutex<Vec<String>>>"
    assert isinstance(rustkinds.Kinds(code, "log(to)").way(told, ()), rustkinds.Way)
    said = rustkinds.Kinds(code, "thread::spawn(|| log(to))").way(told, ())
    assert "have the code take a closure" in str(said)
    left = rustkinds.Kinds(code, "log(to)", "thread::spawn(f);")
    assert "have the code take a closure" in str(left.way(told, ()))


def test_nodes_that_tests_link_themselves_cross_as_data() -> None:
    code = rustcode.read("pub struct Node { pub next: Option<Rc<RefCell<Node>>>, pub n: i32 }")
    assert rustkinds.Kinds(code, "Node { next: None, n: 1 }").data == {"Node"}
    assert rustkinds.Kinds(code, "Node::new(1)").is_held("Node")


def test_a_pointer_to_a_function_is_told_from_a_closure() -> None:
    assert "have the code take a closure" in str(KINDS.way("fn(i32) -> i32", ()))


def test_a_callback_is_read_whole() -> None:
    it = rustbounds.called_by("FnMut(&T, (i32, u8)) -> Result<U, E> + Send + 'static")
    assert it == rustbounds.Callback("FnMut", ("&T", "(i32, u8)"), "Result<U, E>", True, True)
    assert rustbounds.called_by("Fn() + Sync") == rustbounds.Callback(
        "Fn", (), "()", True, False, True
    )


def test_references_that_are_taken_never_end() -> None:
    assert rustkinds.forever("Option<&'a str>") == "Option<&'static str>"
    assert rustkinds.owned("&mut [u8]") == "Vec<u8>"
    assert (
        rustkinds.forever("Box<dyn Fn(&str) -> &'a u8>") == "Box<dyn Fn(&str) -> &'static u8>"
    )
