"""Everyday Rust signatures that a judge with two processes can get wrong, three mistakes each."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from typing import NamedTuple


class Surveyed(NamedTuple):
    code: str
    tests: str
    wrong: tuple[tuple[str, str], ...]
    """pieces of the code and what stands there instead"""


def pair(code: str, tests: str, *wrong: tuple[str, str]) -> Surveyed:
    body = f"#[cfg(test)]\nmod tests {{\n    use super::*;\n{tests}\n}}\n"
    return Surveyed(code, body, wrong)


RETURNED: dict[str, Surveyed] = {
    "closures as results": pair(
        """
pub fn make_adder(n: i32) -> impl Fn(i32) -> i32 { move |x| x + n }

pub fn make_counter(step: u32) -> impl FnMut() -> u32 {
    let mut at = 0;
    move || { at += step; at }
}

pub fn compose<A, B, C>(f: impl Fn(A) -> B, g: impl Fn(B) -> C) -> impl Fn(A) -> C {
    move |x| g(f(x))
}

pub fn prefixer<'a>(prefix: &'a str) -> impl Fn(&str) -> String + 'a {
    move |text| format!("{prefix}{text}")
}
""",
        """
    #[test]
    fn adds() {
        let add = make_adder(2);
        assert_eq!(add(3), 5);
        assert_eq!(vec![1, 2].into_iter().map(make_adder(10)).collect::<Vec<_>>(), vec![11, 12]);
    }

    #[test]
    fn counts() {
        let (mut a, mut b) = (make_counter(1), make_counter(5));
        assert_eq!((a(), a(), b(), a(), b()), (1, 2, 5, 3, 10));
    }

    #[test]
    fn composes() {
        let both = compose(|x: i32| x + 1, |y: i32| format!("<{y}>"));
        assert_eq!(both(4), "<5>");
        assert_eq!(compose(|s: &str| s.len(), |n| n * 2)("abc"), 6);
    }

    #[test]
    fn prefixes() { assert_eq!(prefixer("a-")("b"), "a-b"); }
""",
        ("x + n", "x - n"), ("at += step; at", "let was = at; at += step; was"), ("{prefix}{text}", "{text}{prefix}"),
    ),
    "boxed closures as results": pair(
        """
use std::collections::HashMap;

pub fn pipeline(steps: Vec<Box<dyn Fn(i64) -> i64>>) -> Box<dyn Fn(i64) -> i64> {
    Box::new(move |start| steps.iter().fold(start, |at, step| step(at)))
}

pub type Rule = Box<dyn Fn(&str) -> Result<(), String>>;

pub fn at_least(n: usize) -> Rule {
    Box::new(move |text| if text.len() < n { Err(format!("shorter than {n}")) } else { Ok(()) })
}

pub fn rules() -> Vec<(String, Rule)> {
    vec![("short".to_string(), at_least(2)), ("long".to_string(), at_least(4))]
}

pub fn operators() -> HashMap<char, Box<dyn Fn(f64, f64) -> f64>> {
    let mut found: HashMap<char, Box<dyn Fn(f64, f64) -> f64>> = HashMap::new();
    found.insert('+', Box::new(|a, b| a + b));
    found.insert('-', Box::new(|a, b| a - b));
    found
}

pub fn finder(words: Vec<String>) -> Option<Box<dyn FnMut() -> Option<String>>> {
    if words.is_empty() { return None; }
    let mut words = words.into_iter();
    Some(Box::new(move || words.next()))
}
""",
        """
    #[test]
    fn runs_in_order() {
        let k = 3;
        let run = pipeline(vec![Box::new(|n| n + 1), Box::new(move |n| n * k)]);
        assert_eq!(run(1), 6);
        assert_eq!(run(0), 3);
        assert_eq!(pipeline(vec![])(7), 7);
    }

    #[test]
    fn rules_say_why() {
        assert_eq!(at_least(2)("ab"), Ok(()));
        let said: Vec<_> = rules().iter().map(|(name, rule)| (name.clone(), rule("abc").is_ok())).collect();
        assert_eq!(said, vec![("short".to_string(), true), ("long".to_string(), false)]);
        assert_eq!(rules()[1].1("abc"), Err("shorter than 4".to_string()));
    }

    #[test]
    fn operates() {
        let by = operators();
        assert_eq!(by[&'-'](5.0, 3.0), 2.0);
        assert_eq!((by.get(&'+').unwrap())(5.0, 3.0), 8.0);
    }

    #[test]
    fn finds() {
        assert!(finder(vec![]).is_none());
        let mut next = finder(vec!["a".to_string()]).unwrap();
        assert_eq!(next(), Some("a".to_string()));
        assert_eq!(next(), None);
    }
""",
        ("steps.iter().fold", "steps.iter().rev().fold"), ("text.len() < n", "text.len() <= n"), ("words.is_empty()", "words.len() > 9"),
    ),
    "boxed iterators as results": pair(
        """
pub fn chunks(items: Vec<u8>, size: usize) -> Box<dyn Iterator<Item = Vec<u8>>> {
    let mut items = items.into_iter().peekable();
    Box::new(std::iter::from_fn(move || { items.peek()?; Some(items.by_ref().take(size).collect()) }))
}

pub fn walk(n: u64) -> Box<dyn Iterator<Item = u64>> {
    if n == 0 { return Box::new(std::iter::empty()); }
    Box::new(std::iter::successors(Some(n), |n| match n { 1 => None, n if n % 2 == 0 => Some(n / 2), n => Some(3 * n + 1) }))
}

pub fn lines<'a>(text: &'a str, all: bool) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    if all { Box::new(text.lines()) } else { Box::new(text.lines().filter(|it| !it.is_empty())) }
}
""",
        """
    #[test]
    fn chunked() {
        assert_eq!(chunks(vec![1, 2, 3], 2).collect::<Vec<_>>(), vec![vec![1, 2], vec![3]]);
        assert_eq!(chunks(vec![], 2).count(), 0);
    }

    #[test]
    fn walks() {
        assert_eq!(walk(6).collect::<Vec<_>>(), [6, 3, 10, 5, 16, 8, 4, 2, 1]);
        assert!(walk(0).next().is_none());
    }

    #[test]
    fn lined() {
        let text = String::from("a\\n\\nb");
        assert_eq!(lines(&text, true).count(), 3);
        assert_eq!(lines(&text, false).map(|it| it.to_uppercase()).collect::<Vec<_>>(), ["A", "B"]);
        for (at, it) in lines("x", true).enumerate() { assert_eq!((at, it), (0, "x")); }
    }
""",
        ("take(size)", "take(size + 1)"), ("3 * n + 1", "3 * n"), ("!it.is_empty()", "it.is_empty()"),
    ),
    "lazy iterators as results": pair(
        """
use std::collections::BTreeMap;

pub fn primes() -> impl Iterator<Item = u64> {
    (2..).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
}

pub fn traced<'a, F: FnMut(u32) + 'a>(limit: u32, mut seen: F) -> impl Iterator<Item = u32> + 'a {
    (0..limit).map(move |n| { seen(n); n * 10 })
}

#[derive(Default)]
pub struct Index { lines: BTreeMap<String, Vec<usize>> }

impl Index {
    pub fn new(text: &str) -> Self {
        let mut lines: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            for word in line.split(' ') { lines.entry(word.to_string()).or_default().push(at + 1); }
        }
        Index { lines }
    }
    pub fn words(&self) -> impl Iterator<Item = &str> + '_ { self.lines.keys().map(|it| it.as_str()) }
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (&String, &Vec<usize>)> { self.lines.iter() }
}
""",
        """
    #[test]
    fn endless() {
        assert_eq!(primes().take(6).collect::<Vec<_>>(), vec![2, 3, 5, 7, 11, 13]);
        assert_eq!(primes().skip_while(|it| *it < 100).next(), Some(101));
    }

    #[test]
    fn nothing_before_it_is_asked() {
        let seen = std::cell::RefCell::new(vec![]);
        let mut it = traced(5, |n| seen.borrow_mut().push(n));
        assert!(seen.borrow().is_empty());
        assert_eq!((it.next(), it.next()), (Some(0), Some(10)));
        assert_eq!(*seen.borrow(), vec![0, 1]);
    }

    #[test]
    fn indexed() {
        let index = Index::new("a b\\nb c");
        assert_eq!(index.words().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(index.entries().rev().next(), Some((&"c".to_string(), &vec![2])));
    }
""",
        ("d * d <= *n", "d * d < *n"), ("(0..limit).map(move |n| { seen(n); n * 10 })", "(0..limit).map(move |n| { seen(n); n * 10 }).collect::<Vec<_>>().into_iter()"), ("at + 1", "at"),
    ),
    "what can be changed inside of a result": pair(
        """
use std::collections::HashMap;

#[derive(Debug, PartialEq)]
pub enum BankError { Unknown(String), Short { needed: u64 } }

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account { pub balance: u64, pub log: Vec<String> }

impl Account {
    pub fn deposit(&mut self, n: u64) -> Result<&mut Self, BankError> { self.balance += n; self.log.push(format!("+{n}")); Ok(self) }
    pub fn withdraw(&mut self, n: u64) -> Result<&mut Self, BankError> {
        if n > self.balance { return Err(BankError::Short { needed: n - self.balance }); }
        self.balance -= n;
        Ok(self)
    }
}

#[derive(Debug, Default)]
pub struct Bank { accounts: HashMap<String, Account> }

impl Bank {
    pub fn new() -> Self { Self::default() }
    pub fn open(&mut self, name: &str) -> &mut Account { self.accounts.entry(name.to_string()).or_default() }
    pub fn account_mut(&mut self, name: &str) -> Result<&mut Account, BankError> {
        self.accounts.get_mut(name).ok_or_else(|| BankError::Unknown(name.to_string()))
    }
    pub fn balance(&self, name: &str) -> Option<u64> { self.accounts.get(name).map(|it| it.balance) }
    pub fn total(&self) -> u64 { self.accounts.values().map(|it| it.balance).sum() }
}
""",
        """
    #[test]
    fn chained() {
        let mut it = Account::default();
        it.deposit(10).unwrap().withdraw(3).unwrap();
        assert_eq!(it.balance, 7);
        assert_eq!(it.withdraw(9).unwrap_err(), BankError::Short { needed: 2 });
        assert_eq!(it.log, vec!["+10"]);
    }

    #[test]
    fn changed_inside() -> Result<(), BankError> {
        let mut bank = Bank::new();
        bank.open("a").balance = 5;
        bank.account_mut("a")?.deposit(10)?.withdraw(1)?;
        assert_eq!(bank.balance("a"), Some(14));
        bank.open("b").deposit(1)?;
        assert_eq!(bank.total(), 15);
        assert!(matches!(bank.account_mut("x"), Err(BankError::Unknown(it)) if it == "x"));
        Ok(())
    }
""",
        ("n > self.balance", "n >= self.balance + 100"), ("get_mut(name)", "get_mut(\"b\")"), ("map(|it| it.balance).sum()", "map(|it| it.balance).max().unwrap_or(0)"),
    ),
    "optional references that are changed": pair(
        """
#[derive(Debug, Clone, PartialEq)]
pub struct Item { pub name: String, pub count: u32 }

#[derive(Debug, Default)]
pub struct Inventory { items: Vec<Item> }

impl Inventory {
    pub fn new() -> Self { Self::default() }
    pub fn add(&mut self, name: &str, count: u32) { self.items.push(Item { name: name.to_string(), count }); }
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Item> { self.items.iter_mut().find(|it| it.name == name) }
    pub fn first_mut(&mut self) -> Option<&mut Item> { self.items.first_mut() }
    pub fn count_of(&mut self, name: &str) -> &mut u32 {
        let at = self.items.iter().position(|it| it.name == name).unwrap();
        &mut self.items[at].count
    }
    pub fn items(&self) -> &[Item] { &self.items }
}

pub struct Grid { width: usize, cells: Vec<char> }

impl Grid {
    pub fn new(width: usize, height: usize) -> Self { Grid { width, cells: vec!['.'; width * height] } }
    pub fn row(&self, at: usize) -> String { self.cells[at * self.width..(at + 1) * self.width].iter().collect() }
}

impl std::ops::Index<(usize, usize)> for Grid { type Output = char; fn index(&self, at: (usize, usize)) -> &char { &self.cells[at.1 * self.width + at.0] } }
impl std::ops::IndexMut<(usize, usize)> for Grid { fn index_mut(&mut self, at: (usize, usize)) -> &mut char { &mut self.cells[at.1 * self.width + at.0] } }
""",
        """
    #[test]
    fn changes_what_it_holds() {
        let mut it = Inventory::new();
        it.add("nut", 1);
        it.add("bolt", 2);
        if let Some(found) = it.get_mut("bolt") { found.count += 5; }
        it.first_mut().unwrap().name = "screw".to_string();
        *it.count_of("screw") += 9;
        assert!(it.get_mut("nut").is_none());
        assert_eq!(it.items(), &[Item { name: "screw".into(), count: 10 }, Item { name: "bolt".into(), count: 7 }]);
    }

    #[test]
    fn indexed() {
        let mut grid = Grid::new(3, 2);
        grid[(1, 0)] = '#';
        assert_eq!(grid[(1, 0)], '#');
        assert_eq!((grid.row(0), grid.row(1)), (".#.".to_string(), "...".to_string()));
    }
""",
        ("find(|it| it.name == name)", "find(|it| it.name != name)"), ("first_mut()", "last_mut()"), ("at.1 * self.width + at.0] } }\nimpl std::ops::IndexMut", "at.0 * self.width + at.1] } }\nimpl std::ops::IndexMut"),
    ),
    "trait objects as results": pair(
        """
use std::fmt;

pub trait Shape: fmt::Debug { fn area(&self) -> f64; fn name(&self) -> String { "shape".to_string() } fn grow(&mut self, by: f64); }

#[derive(Debug)]
pub struct Circle(pub f64);
#[derive(Debug)]
pub struct Square(pub f64);

impl Shape for Circle { fn area(&self) -> f64 { 3.0 * self.0 * self.0 } fn name(&self) -> String { "circle".to_string() } fn grow(&mut self, by: f64) { self.0 += by; } }
impl Shape for Square { fn area(&self) -> f64 { self.0 * self.0 } fn grow(&mut self, by: f64) { self.0 *= by; } }

pub fn make(kind: &str, size: f64) -> Result<Box<dyn Shape>, String> {
    match kind {
        "circle" => Ok(Box::new(Circle(size))),
        "square" => Ok(Box::new(Square(size))),
        other => Err(format!("no {other}")),
    }
}

pub fn total(shapes: &[Box<dyn Shape>]) -> f64 { shapes.iter().map(|it| it.area()).sum() }

pub fn largest(shapes: Vec<Box<dyn Shape>>) -> Option<Box<dyn Shape>> {
    shapes.into_iter().max_by(|a, b| a.area().partial_cmp(&b.area()).unwrap())
}
""",
        """
    #[derive(Debug)]
    struct Odd;
    impl Shape for Odd { fn area(&self) -> f64 { 100.0 } fn grow(&mut self, _: f64) {} }

    #[test]
    fn made() {
        let mut it = make("circle", 1.0).unwrap();
        assert_eq!((it.area(), it.name()), (3.0, "circle".to_string()));
        it.grow(1.0);
        assert_eq!(it.area(), 12.0);
        assert_eq!(make("square", 2.0).unwrap().name(), "shape");
        assert_eq!(make("cube", 1.0).unwrap_err(), "no cube");
    }

    #[test]
    fn lists() {
        let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(2.0)), Box::new(Odd), make("circle", 1.0).unwrap()];
        assert_eq!(total(&shapes), 107.0);
        assert_eq!(largest(shapes).unwrap().area(), 100.0);
        assert!(largest(vec![]).is_none());
    }
""",
        ("3.0 * self.0 * self.0", "6.0 * self.0"), (".max_by", ".min_by"), ("area()).sum()", "area()).product()"),
    ),
    "counted references": pair(
        """
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

pub trait Clock { fn now(&self) -> u64; }

pub struct Limiter { clock: Rc<dyn Clock>, last: Option<u64>, gap: u64 }

impl Limiter {
    pub fn new(clock: Rc<dyn Clock>, gap: u64) -> Self { Limiter { clock, last: None, gap } }
    pub fn allow(&mut self) -> bool {
        let now = self.clock.now();
        if self.last.is_some_and(|it| now - it < self.gap) { return false; }
        self.last = Some(now);
        true
    }
}

pub trait Store: Send + Sync { fn load(&self, key: &str) -> Option<String>; }

pub struct Greeter { store: Arc<dyn Store> }

impl Greeter {
    pub fn new(store: Arc<dyn Store>) -> Arc<Self> { Arc::new(Greeter { store }) }
    pub fn greet(&self, key: &str) -> String { format!("hi {}", self.store.load(key).unwrap_or_else(|| "nobody".into())) }
}

pub struct Logger { lines: Arc<Mutex<Vec<String>>> }

impl Logger {
    pub fn new(lines: Arc<Mutex<Vec<String>>>) -> Self { Logger { lines } }
    pub fn log(&self, text: &str) { self.lines.lock().unwrap().push(text.to_string()); }
}

pub struct Shared { counts: Rc<RefCell<HashMap<String, u32>>> }

impl Shared {
    pub fn new(counts: Rc<RefCell<HashMap<String, u32>>>) -> Self { Shared { counts } }
    pub fn hit(&mut self, key: &str) -> u32 { let mut it = self.counts.borrow_mut(); let n = it.entry(key.to_string()).or_insert(0); *n += 1; *n }
}

pub fn total(parts: &[Rc<Vec<i64>>]) -> i64 { parts.iter().map(|it| it.iter().sum::<i64>()).sum() }
pub fn shared(n: i64) -> Rc<Vec<i64>> { Rc::new((0..n).collect()) }
""",
        """
    use std::cell::Cell;

    struct Fake(Cell<u64>);
    impl Clock for Fake { fn now(&self) -> u64 { self.0.get() } }
    struct Fixed;
    impl Store for Fixed { fn load(&self, key: &str) -> Option<String> { (key == "a").then(|| "Ada".to_string()) } }

    #[test]
    fn limits() {
        let clock = Rc::new(Fake(Cell::new(0)));
        let mut it = Limiter::new(clock.clone(), 10);
        assert!(it.allow());
        assert!(!it.allow());
        clock.0.set(10);
        assert!(it.allow());
    }

    #[test]
    fn greets() {
        let it = Greeter::new(Arc::new(Fixed));
        assert_eq!((it.greet("a"), it.greet("b")), ("hi Ada".to_string(), "hi nobody".to_string()));
        let other = Arc::clone(&it);
        assert_eq!(other.greet("a"), "hi Ada");
    }

    #[test]
    fn logs() {
        let lines = Arc::new(Mutex::new(vec!["first".to_string()]));
        let it = Logger::new(Arc::clone(&lines));
        it.log("x");
        assert_eq!(*lines.lock().unwrap(), vec!["first", "x"]);
    }

    #[test]
    fn counts() {
        let counts = Rc::new(RefCell::new(HashMap::new()));
        let mut it = Shared::new(counts.clone());
        it.hit("k");
        counts.borrow_mut().insert("k".to_string(), 7);
        assert_eq!(it.hit("k"), 8);
        assert_eq!(counts.borrow()["k"], 8);
    }

    #[test]
    fn totals() {
        let one = shared(3);
        assert_eq!(total(&[one.clone(), one, Rc::new(vec![5])]), 11);
    }
""",
        ("now - it < self.gap", "now - it <= self.gap"), ("push(text.to_string())", "insert(0, text.to_string())"), ("*n += 1; *n", "*n += 2; *n"),
    ),
}  # fmt: skip
