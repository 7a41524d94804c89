"""Everyday Rust that must pass, and the same with a mistake that must not."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece


def piece(code: str, tests: str, mistake: tuple[str, str]) -> Piece:
    body = f"#[cfg(test)]\nmod tests {{\n    use super::*;\n{tests}\n}}\n"
    return Piece(code, body, mistake, "", "runner")


RUST: dict[str, Piece] = {
    "a generic stack": piece(
        """
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Stack<T> { items: Vec<T> }

impl<T: Clone> Stack<T> {
    pub fn new() -> Self { Stack { items: Vec::new() } }
    pub fn push(&mut self, it: T) -> &mut Self { self.items.push(it); self }
    pub fn pop(&mut self) -> Option<T> { self.items.pop() }
    pub fn peek(&self) -> Option<&T> { self.items.last() }
    pub fn len(&self) -> usize { self.items.len() }
    pub fn is_empty(&self) -> bool { self.items.is_empty() }
    pub fn map<U, F>(&self, f: F) -> Stack<U> where F: Fn(&T) -> U {
        Stack { items: self.items.iter().map(f).collect() }
    }
}
""",
        """
    #[test]
    fn works() {
        let mut s = Stack::new();
        assert!(s.is_empty());
        s.push(1).push(2);
        assert_eq!(s.peek(), Some(&2));
        assert_eq!(s.len(), 2);
        assert_eq!(s.pop(), Some(2));
        let text = s.map(|it| format!("<{it}>"));
        assert_eq!(text.peek().map(|it| it.as_str()), Some("<1>"));
        assert_eq!(s.pop(), Some(1));
        assert_eq!(s.pop(), None);
        assert_eq!(s, Stack::new());
        let names: Stack<String> = Stack::new();
        assert_eq!(names.len(), 0);
    }
""",
        (
            "self.items.pop()",
            "if self.items.is_empty() { None } else { Some(self.items.remove(0)) }",
        ),
    ),
    "errors as an enum": piece(
        """
use std::fmt;

#[derive(Debug, PartialEq)]
pub enum ParseError { Empty, BadNumber(String), OutOfRange { value: i64, most: i64 } }

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseError::Empty => write!(f, "nothing there"),
            ParseError::BadNumber(text) => write!(f, "bad number {text:?}"),
            ParseError::OutOfRange { value, most } => write!(f, "{value} is more than {most}"),
        }
    }
}

impl std::error::Error for ParseError {}

pub type Result<T> = std::result::Result<T, ParseError>;

pub const MOST: i64 = 100;

pub fn parse(text: &str) -> Result<i64> {
    if text.trim().is_empty() { return Err(ParseError::Empty); }
    let value: i64 = text.trim().parse().map_err(|_| ParseError::BadNumber(text.to_string()))?;
    if value > MOST { return Err(ParseError::OutOfRange { value, most: MOST }); }
    Ok(value)
}

pub fn all(text: &str) -> std::result::Result<Vec<i64>, Box<dyn std::error::Error>> {
    let mut found = vec![];
    for it in text.split(',') { found.push(parse(it)?); }
    Ok(found)
}
""",
        """
    #[test]
    fn parses() {
        assert_eq!(parse(" 42 "), Ok(42));
        assert_eq!(parse(""), Err(ParseError::Empty));
        assert!(matches!(parse("x"), Err(ParseError::BadNumber(ref it)) if it == "x"));
        assert!(matches!(parse("101"), Err(ParseError::OutOfRange { most: MOST, .. })));
        assert_eq!(parse("101").unwrap_err().to_string(), "101 is more than 100");
        assert_eq!(format!("{:?}", parse("").unwrap_err()), "Empty");
    }

    #[test]
    fn parses_all() -> std::result::Result<(), Box<dyn std::error::Error>> {
        assert_eq!(all("1,2")?, vec![1, 2]);
        assert_eq!(all("1,").unwrap_err().to_string(), "nothing there");
        Ok(())
    }
""",
        ("value > MOST", "value >= MOST + 10"),
    ),
    "traits and fakes": piece(
        """
pub trait Clock { fn now(&self) -> u64; }

pub trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String { String::from("shape") }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Circle { pub r: f64 }
pub struct Square(pub f64);

impl Shape for Circle {
    fn area(&self) -> f64 { 3.0 * self.r * self.r }
    fn name(&self) -> String { "circle".to_string() }
}
impl Shape for Square {
    fn area(&self) -> f64 { self.0 * self.0 }
    fn name(&self) -> String { "square".to_string() }
}

pub struct Limiter<C: Clock> { clock: C, most: usize, window: u64, seen: Vec<u64> }

impl<C: Clock> Limiter<C> {
    pub fn new(clock: C, most: usize, window: u64) -> Self { Limiter { clock, most, window, seen: vec![] } }
    pub fn allow(&mut self) -> bool {
        let now = self.clock.now();
        let window = self.window;
        self.seen.retain(|it| now - it < window);
        if self.seen.len() >= self.most { return false; }
        self.seen.push(now);
        true
    }
}

pub fn larger(a: &dyn Shape, b: &impl Shape) -> f64 { a.area().max(b.area()) }
pub fn stamp(clock: &impl Clock, text: &str) -> String { format!("{}: {text}", clock.now()) }
""",
        """
    use std::cell::Cell;
    use std::rc::Rc;

    struct Fake(Rc<Cell<u64>>);
    impl Clock for Fake { fn now(&self) -> u64 { self.0.get() } }

    #[test]
    fn limits() {
        let time = Rc::new(Cell::new(0));
        let mut limiter = Limiter::new(Fake(time.clone()), 2, 10);
        assert!(limiter.allow());
        assert!(limiter.allow());
        assert!(!limiter.allow());
        time.set(10);
        assert!(limiter.allow());
    }

    #[test]
    fn shapes() {
        assert_eq!(Square(2.0).area(), 4.0);
        assert_eq!(Circle { r: 1.0 }.name(), "circle");
        assert_eq!(larger(&Square(3.0), &Circle { r: 1.0 }), 9.0);
    }

    #[test]
    fn stamps() { assert_eq!(stamp(&Fake(Rc::new(Cell::new(7))), "x"), "7: x"); }
""",
        ("now - it < window", "now - it <= window"),
    ),
    "retry with closures": piece(
        """
use std::time::Duration;

#[derive(Debug, PartialEq)]
pub enum RetryError<E> { GaveUp { attempts: u32, last: E } }

pub fn retry<T, E, F, S>(most: u32, mut f: F, mut sleep: S) -> Result<T, RetryError<E>>
where
    F: FnMut(u32) -> Result<T, E>,
    S: FnMut(Duration),
{
    let mut attempt = 0;
    loop {
        attempt += 1;
        match f(attempt) {
            Ok(it) => return Ok(it),
            Err(last) if attempt >= most => return Err(RetryError::GaveUp { attempts: attempt, last }),
            Err(_) => sleep(Duration::from_millis(100 << (attempt - 1))),
        }
    }
}

pub fn compose(f: impl Fn(i32) -> i32, g: Box<dyn Fn(i32) -> i32>, n: i32) -> i32 { g(f(n)) }

pub fn once(f: impl FnOnce() -> String) -> usize { f().len() }
""",
        """
    #[test]
    fn retries() {
        let mut slept = vec![];
        let mut calls = 0;
        let got: Result<String, RetryError<String>> = retry(3, |n| {
            calls += 1;
            if n < 3 { Err("no".to_string()) } else { Ok("yes".to_string()) }
        }, |d| slept.push(d));
        assert_eq!(got, Ok("yes".to_string()));
        assert_eq!(calls, 3);
        assert_eq!(slept, vec![Duration::from_millis(100), Duration::from_millis(200)]);
        let lost = retry::<u8, i32, _, _>(2, |_| Err(7), |_| {});
        assert_eq!(lost, Err(RetryError::GaveUp { attempts: 2, last: 7 }));
    }

    #[test]
    fn composes() {
        let k = 5;
        assert_eq!(compose(|n| n + k, Box::new(|n| n * 2), 1), 12);
        let text = String::from("abc");
        assert_eq!(once(move || text), 3);
    }
""",
        ("100 << (attempt - 1)", "100 * attempt as u64 * 2"),
    ),
    "tests beside the code that name things alike": Piece(
        """
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub enum CallError { Denied(String) }

fn pairs(text: &str) -> BTreeMap<String, String> {
    text.split('&').filter_map(|it| it.split_once('=')).map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

pub fn send<F>(text: &str, mut call: F) -> Result<usize, CallError>
where
    F: FnMut(&BTreeMap<String, String>) -> Result<usize, CallError>,
{
    call(&pairs(text))
}
""",
        """
use solution::*;
use std::collections::BTreeMap;

fn pairs(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

#[test]
fn sends() {
    let mut seen = vec![];
    let found = send("a=1&b=2", |it| { seen.push(it.clone()); Ok(it.len()) });
    assert_eq!(found, Ok(2));
    assert_eq!(seen, vec![pairs(&[("a", "1"), ("b", "2")])]);
    let denied = send("", |_| Err(CallError::Denied("no".to_string())));
    assert_eq!(denied, Err(CallError::Denied("no".to_string())));
}
""",
        ("split_once('=')", "rsplit_once('1')"),
        "",
        "runner",
    ),
    "a store whose method is called put": piece(
        """
pub struct Entry { key: String, value: i64 }
pub struct Store { entries: Vec<Entry>, most: usize }

impl Store {
    pub fn new(most: usize) -> Self { Store { entries: Vec::new(), most } }
    pub fn put(&mut self, key: &str, value: i64) -> Option<String> {
        self.entries.retain(|it| it.key != key);
        let full = self.entries.len() >= self.most;
        let thrown = full.then(|| self.entries.remove(0).key);
        self.entries.push(Entry { key: key.to_string(), value });
        thrown
    }
    pub fn take(&mut self, key: &str) -> Option<i64> {
        let at = self.entries.iter().position(|it| it.key == key)?;
        Some(self.entries.remove(at).value)
    }
}

pub fn filled() -> Store {
    let mut store = Store::new(2);
    store.put("a", 1);
    store.put("b", 2);
    store
}
""",
        """
    #[test]
    fn stores() {
        let mut store = filled();
        assert_eq!(store.put("b", 3), None);
        assert_eq!(store.put("c", 4), Some("a".to_string()));
        assert_eq!(store.take("b"), Some(3));
        assert_eq!(store.take("b"), None);
    }
""",
        ("it.key != key);", "it.key != key || it.value > 1);"),
    ),
}
