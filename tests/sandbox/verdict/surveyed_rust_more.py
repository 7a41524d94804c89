"""Everyday Rust with borrowing objects, callbacks that stay, own order, modules and constants."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.surveyed_rust import Surveyed, pair

HELD: dict[str, Surveyed] = {
    "a parser that borrows its text": pair(
        """
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> { Word(&'a str), Number(i64), Sign(char) }

pub struct Lexer<'a> { src: &'a str, at: usize }

impl<'a> Lexer<'a> {
    pub fn new(src: &'a str) -> Self { Lexer { src, at: 0 } }
    pub fn rest(&self) -> &'a str { &self.src[self.at..] }
    pub fn next_token(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let size = if first.is_alphanumeric() { rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()) } else { first.len_utf8() };
        self.at += size;
        let text = &rest[..size];
        Some(if let Ok(n) = text.parse() { Token::Number(n) } else if first.is_alphabetic() { Token::Word(text) } else { Token::Sign(first) })
    }
}

impl<'a> Iterator for Lexer<'a> { type Item = Token<'a>; fn next(&mut self) -> Option<Self::Item> { self.next_token() } }

pub struct Words<'a> { inner: std::str::SplitWhitespace<'a>, seen: usize }
impl<'a> Words<'a> {
    pub fn of(text: &'a str) -> Words<'a> { Words { inner: text.split_whitespace(), seen: 0 } }
    pub fn word(&mut self) -> Option<&'a str> { self.seen += 1; self.inner.next() }
    pub fn seen(&self) -> usize { self.seen }
}
""",
        """
    #[test]
    fn lexes() {
        let text = String::from("ab + 12");
        let mut it = Lexer::new(&text);
        assert_eq!(it.next_token(), Some(Token::Word("ab")));
        assert_eq!(it.rest(), " + 12");
        assert_eq!(it.collect::<Vec<_>>(), vec![Token::Sign('+'), Token::Number(12)]);
    }

    #[test]
    fn words() {
        let mut it = Words::of("a b");
        assert_eq!((it.word(), it.word(), it.word()), (Some("a"), Some("b"), None));
        assert_eq!(it.seen(), 3);
    }
""",
        ("self.at += size", "self.at += size + 1"), ("Token::Sign(first)", "Token::Word(text)"), ("self.seen += 1; self.inner.next()", "self.seen += 2; self.inner.next()"),
    ),
    "a view that borrows a slice": pair(
        """
pub struct View<'a, T> { items: &'a [T], from: usize }

impl<'a, T: Clone + PartialOrd> View<'a, T> {
    pub fn new(items: &'a [T]) -> Self { View { items, from: 0 } }
    pub fn skip(&self, n: usize) -> View<'a, T> { View { items: self.items, from: (self.from + n).min(self.items.len()) } }
    pub fn first(&self) -> Option<&'a T> { self.items.get(self.from) }
    pub fn to_vec(&self) -> Vec<T> { self.items[self.from..].to_vec() }
    pub fn largest(&self) -> Option<&T> { let mut it = self.items[self.from..].iter(); let f = it.next()?; Some(it.fold(f, |a, b| if b > a { b } else { a })) }
    pub fn len(&self) -> usize { self.items.len() - self.from }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row { pub key: String, pub n: i64 }

pub struct Query<'a> { rows: &'a [Row], least: Option<i64>, found: std::cell::Cell<usize> }

impl<'a> Query<'a> {
    pub fn over(rows: &'a [Row]) -> Self { Query { rows, least: None, found: Default::default() } }
    pub fn at_least(mut self, n: i64) -> Self { self.least = Some(n); self }
    pub fn run(&self) -> Vec<&'a Row> {
        let it: Vec<&Row> = self.rows.iter().filter(|it| self.least.map_or(true, |n| it.n >= n)).collect();
        self.found.set(it.len());
        it
    }
    pub fn found(&self) -> usize { self.found.get() }
}
""",
        """
    #[test]
    fn views() {
        let items = vec![3, 9, 4];
        let view = View::new(&items);
        assert_eq!(view.skip(1).first(), Some(&9));
        assert_eq!(view.skip(2).to_vec(), vec![4]);
        assert_eq!(view.largest(), Some(&9));
        assert_eq!(view.skip(5).len(), 0);
        assert_eq!(View::new(&["a".to_string()]).first().unwrap(), "a");
    }

    #[test]
    fn queries() {
        let rows = vec![Row { key: "a".into(), n: 1 }, Row { key: "b".into(), n: 5 }];
        let query = Query::over(&rows).at_least(5);
        assert_eq!(query.run(), vec![&rows[1]]);
        assert_eq!(query.found(), 1);
        assert_eq!(Query::over(&rows).run().len(), 2);
    }
""",
        ("b > a", "b < a"), ("(self.from + n)", "(self.from + n + 1)"), ("it.n >= n", "it.n > n"),
    ),
    "a bus that keeps callbacks": pair(
        """
use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq)]
pub struct Event { pub name: String, pub value: i64 }

#[derive(Default)]
pub struct Bus { handlers: HashMap<String, Vec<Box<dyn FnMut(&Event)>>> }

impl Bus {
    pub fn new() -> Self { Bus { handlers: HashMap::new() } }
    pub fn on(&mut self, name: &str, handler: Box<dyn FnMut(&Event)>) { self.handlers.entry(name.to_string()).or_default().push(handler); }
    pub fn subscribe<F: FnMut(&Event) + 'static>(&mut self, name: &str, handler: F) -> usize {
        let list = self.handlers.entry(name.to_string()).or_default();
        list.push(Box::new(handler));
        list.len()
    }
    pub fn emit(&mut self, event: &Event) -> usize {
        let Some(list) = self.handlers.get_mut(&event.name) else { return 0 };
        for it in list.iter_mut() { it(event); }
        list.len()
    }
}
""",
        """
    use std::cell::RefCell;
    use std::rc::Rc;

    #[test]
    fn emits() {
        let seen = Rc::new(RefCell::new(vec![]));
        let mut bus = Bus::new();
        let one = Rc::clone(&seen);
        bus.on("a", Box::new(move |it| one.borrow_mut().push(it.value)));
        let two = seen.clone();
        assert_eq!(bus.subscribe("a", move |it: &Event| two.borrow_mut().push(it.value * 10)), 2);
        assert_eq!(bus.emit(&Event { name: "a".into(), value: 7 }), 2);
        assert_eq!(bus.emit(&Event { name: "b".into(), value: 7 }), 0);
        assert_eq!(*seen.borrow(), vec![7, 70]);
    }
""",
        ("for it in list.iter_mut()", "for it in list.iter_mut().rev()"), ("it(event);", "it(event); it(event);"), ("list.push(Box::new(handler));\n        list.len()", "list.push(Box::new(handler));\n        list.len() - 1"),
    ),
    "callbacks given to new": pair(
        """
use std::collections::HashMap;

pub struct Cacher<F> where F: Fn(u32) -> u64 { work: F, known: HashMap<u32, u64> }

impl<F> Cacher<F> where F: Fn(u32) -> u64 {
    pub fn new(work: F) -> Cacher<F> { Cacher { work, known: HashMap::new() } }
    pub fn value(&mut self, n: u32) -> u64 {
        if let Some(it) = self.known.get(&n) { return *it; }
        let it = (self.work)(n);
        self.known.insert(n, it);
        it
    }
}

pub struct Retry { most: u32, sleep: Box<dyn Fn(u64)>, on_error: Option<Box<dyn FnMut(u32, &str)>> }

impl Retry {
    pub fn new(most: u32, sleep: Box<dyn Fn(u64)>) -> Self { Retry { most, sleep, on_error: None } }
    pub fn on_error(mut self, f: impl FnMut(u32, &str) + 'static) -> Self { self.on_error = Some(Box::new(f)); self }
    pub fn with(f: Option<Box<dyn FnMut(u32, &str)>>) -> Self { Retry { most: 1, sleep: Box::new(|_| {}), on_error: f } }
    pub fn run<T>(&mut self, mut op: impl FnMut() -> Result<T, String>) -> Result<T, String> {
        for n in 1.. {
            match op() {
                Ok(it) => return Ok(it),
                Err(e) => {
                    if let Some(f) = self.on_error.as_mut() { f(n, &e); }
                    if n >= self.most { return Err(e); }
                    (self.sleep)(100 << (n - 1));
                }
            }
        }
        unreachable!()
    }
}
""",
        """
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    #[test]
    fn cached() {
        let calls = Cell::new(0);
        let mut it = Cacher::new(|n| { calls.set(calls.get() + 1); n as u64 * 2 });
        assert_eq!((it.value(2), it.value(2), it.value(3)), (4, 4, 6));
        assert_eq!(calls.get(), 2);
    }

    #[test]
    fn retried() {
        let slept = Rc::new(RefCell::new(vec![]));
        let errors = Rc::new(RefCell::new(vec![]));
        let (s, e) = (slept.clone(), errors.clone());
        let mut retry = Retry::new(3, Box::new(move |ms| s.borrow_mut().push(ms))).on_error(move |n, text| e.borrow_mut().push(format!("{n} {text}")));
        assert_eq!(retry.run(|| Err::<u8, _>("no".to_string())), Err("no".to_string()));
        assert_eq!(*slept.borrow(), vec![100, 200]);
        assert_eq!(*errors.borrow(), vec!["1 no", "2 no", "3 no"]);
        let told = Rc::new(Cell::new(0));
        let t = told.clone();
        assert!(Retry::with(Some(Box::new(move |n, _| t.set(n)))).run(|| Err::<(), _>("x".into())).is_err());
        assert_eq!(told.get(), 1);
        assert_eq!(Retry::with(None).run(|| Ok(5)), Ok(5));
    }
""",
        ("self.known.insert(n, it);", ""), ("100 << (n - 1)", "100 << n"), ("n >= self.most", "n > self.most"),
    ),
    "an order of its own in a heap": pair(
        """
use std::cmp::Ordering;
use std::collections::BinaryHeap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job { pub priority: u32, pub name: String }

impl Ord for Job {
    fn cmp(&self, other: &Self) -> Ordering { self.priority.cmp(&other.priority).then_with(|| other.name.cmp(&self.name)) }
}
impl PartialOrd for Job { fn partial_cmp(&self, other: &Self) -> Option<Ordering> { Some(self.cmp(other)) } }

pub struct Queue { heap: BinaryHeap<Job> }

impl Queue {
    pub fn new() -> Self { Queue { heap: BinaryHeap::new() } }
    pub fn push(&mut self, job: Job) { self.heap.push(job); }
    pub fn pop(&mut self) -> Option<Job> { self.heap.pop() }
}

pub fn in_order(jobs: Vec<Job>) -> Vec<Job> { let mut jobs = jobs; jobs.sort_by(|a, b| b.cmp(a)); jobs }
""",
        """
    fn job(priority: u32, name: &str) -> Job { Job { priority, name: name.to_string() } }

    #[test]
    fn queued() {
        let mut queue = Queue::new();
        for it in [job(1, "a"), job(5, "c"), job(5, "b")] { queue.push(it); }
        assert_eq!(queue.pop().unwrap().name, "b");
        assert_eq!(queue.pop(), Some(job(5, "c")));
        assert_eq!(in_order(vec![job(1, "x"), job(2, "y")])[0].name, "y");
    }

    #[test]
    fn compared() {
        assert!(job(2, "a") > job(1, "a"));
        assert_eq!(job(1, "a").cmp(&job(1, "b")), Ordering::Greater);
        assert_eq!(job(1, "a").partial_cmp(&job(1, "a")), Some(Ordering::Equal));
        let mut heap = BinaryHeap::from(vec![job(1, "low"), job(9, "high"), job(4, "mid")]);
        heap.push(job(9, "also"));
        let names: Vec<_> = std::iter::from_fn(|| heap.pop()).map(|it| it.name).collect();
        assert_eq!(names, ["also", "high", "mid", "low"]);
        let mut jobs = vec![job(3, "c"), job(1, "a")];
        jobs.sort();
        assert_eq!(jobs[0], job(1, "a"));
        assert_eq!(jobs.iter().max(), Some(&job(3, "c")));
    }
""",
        ("self.priority.cmp(&other.priority)", "other.priority.cmp(&self.priority)"), ("other.name.cmp(&self.name)", "self.name.cmp(&other.name)"), (".then_with(|| other.name.cmp(&self.name))", ""),
    ),
    "equality of its own": pair(
        """
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

#[derive(Debug, Clone)]
pub struct Email { local: String, host: String }

impl Email {
    pub fn parse(text: &str) -> Option<Email> {
        let (local, host) = text.split_once('@')?;
        if local.is_empty() || host.is_empty() { return None; }
        Some(Email { local: local.to_string(), host: host.to_string() })
    }
    pub fn text(&self) -> String { format!("{}@{}", self.local, self.host) }
}

impl PartialEq for Email { fn eq(&self, other: &Self) -> bool { self.local == other.local && self.host.eq_ignore_ascii_case(&other.host) } }
impl Eq for Email {}
impl Hash for Email { fn hash<H: Hasher>(&self, state: &mut H) { self.local.hash(state); self.host.to_ascii_lowercase().hash(state); } }

pub fn distinct(all: &[Email]) -> Vec<Email> {
    let mut seen = HashSet::new();
    all.iter().filter(|it| seen.insert((*it).clone())).cloned().collect()
}
""",
        """
    #[test]
    fn same() {
        assert_eq!(Email::parse("a@X.org"), Email::parse("a@x.ORG"));
        assert_ne!(Email::parse("A@x.org"), Email::parse("a@x.org"));
        assert_ne!(Email::parse("a@x.org"), Email::parse("a@y.org"));
        assert!(Email::parse("@x").is_none());
        assert_eq!(Email::parse("a@X.org").unwrap().text(), "a@X.org");
    }

    #[test]
    fn once() {
        let all: Vec<_> = ["a@X.org", "a@x.org", "b@x.org"].iter().filter_map(|it| Email::parse(it)).collect();
        assert_eq!(distinct(&all).iter().map(|it| it.text()).collect::<Vec<_>>(), ["a@X.org", "b@x.org"]);
        let set: HashSet<Email> = all.into_iter().collect();
        assert_eq!(set.len(), 2);
    }
""",
        ("local.is_empty() || host.is_empty()", "local.is_empty() && host.is_empty()"), ("self.host.eq_ignore_ascii_case(&other.host)", "self.host == other.host"), ("{ self.local == other.local && self.host.eq_ignore_ascii_case(&other.host) }", "{ true }"),
    ),
    "a version with a partial order": pair(
        """
use std::cmp::Ordering;
use std::str::FromStr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version { pub parts: Vec<u32>, pub pre: Option<String> }

impl FromStr for Version {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (body, pre) = match text.split_once('-') { Some((a, b)) => (a, Some(b.to_string())), None => (text, None) };
        let parts = body.split('.').map(|it| it.parse::<u32>().map_err(|_| format!("bad part {it:?}"))).collect::<Result<Vec<_>, _>>()?;
        Ok(Version { parts, pre })
    }
}

impl PartialOrd for Version { fn partial_cmp(&self, other: &Self) -> Option<Ordering> { Some(self.cmp(other)) } }
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.cmp(&other.parts).then_with(|| match (&self.pre, &other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.cmp(b),
        })
    }
}

pub fn latest(all: &[Version]) -> Option<&Version> { all.iter().max() }
""",
        """
    fn v(text: &str) -> Version { text.parse().unwrap() }

    #[test]
    fn ordered() {
        assert!(v("1.10.0") > v("1.9.9"));
        assert!(v("1.0.0-rc1") < v("1.0.0"));
        assert!(v("1.0.0-a") < v("1.0.0-b"));
        let mut all = vec![v("2.0"), v("1.0-x"), v("1.0")];
        all.sort();
        assert_eq!(all, vec![v("1.0-x"), v("1.0"), v("2.0")]);
        assert_eq!(latest(&all), Some(&v("2.0")));
        assert_eq!(v("1.0").max(v("1.0-x")), v("1.0"));
        assert_eq!("1.x".parse::<Version>(), Err("bad part \\"x\\"".to_string()));
    }
""",
        ("(None, Some(_)) => Ordering::Greater", "(None, Some(_)) => Ordering::Less"), ("a.cmp(b)", "b.cmp(a)"), ("self.parts.cmp(&other.parts)", "self.parts.len().cmp(&other.parts.len())"),
    ),
    "types in modules": pair(
        """
pub mod shapes {
    #[derive(Debug, Clone, PartialEq)]
    pub struct Circle { pub r: f64 }

    impl Circle {
        pub fn new(r: f64) -> Self { Circle { r } }
        pub fn area(&self) -> f64 { 3.0 * self.r * self.r }
    }

    pub fn unit() -> Circle { Circle::new(1.0) }
    pub const LARGEST: f64 = 100.0;
}

pub mod store {
    use std::collections::HashMap;
    use std::rc::Rc;
    use super::shapes::Circle;

    #[derive(Debug, PartialEq)]
    pub enum StoreError { Full(usize), Twice { name: String } }

    pub struct Store { held: HashMap<String, Rc<Circle>>, most: usize }

    impl Store {
        pub fn new(most: usize) -> Self { Store { held: HashMap::new(), most } }
        pub fn put(&mut self, name: &str, it: Circle) -> Result<usize, StoreError> {
            if self.held.contains_key(name) { return Err(StoreError::Twice { name: name.to_string() }); }
            if self.held.len() >= self.most { return Err(StoreError::Full(self.most)); }
            self.held.insert(name.to_string(), Rc::new(it));
            Ok(self.held.len())
        }
        pub fn area(&self, name: &str) -> Option<f64> { self.held.get(name).map(|it| it.area()) }
    }
}

pub use store::StoreError;

pub fn larger(a: &shapes::Circle, b: &shapes::Circle) -> shapes::Circle { if a.r >= b.r { a.clone() } else { b.clone() } }
""",
        """
    use super::shapes::{self, Circle};
    use super::store::Store;

    #[test]
    fn shaped() {
        assert_eq!(Circle::new(2.0).area(), 12.0);
        assert_eq!(shapes::unit(), Circle { r: 1.0 });
        assert_eq!(larger(&shapes::unit(), &Circle::new(3.0)).r, 3.0);
        assert!(shapes::LARGEST > 99.0);
    }

    #[test]
    fn stored() {
        let mut store = Store::new(1);
        assert_eq!(store.put("a", shapes::unit()), Ok(1));
        assert_eq!(store.put("a", shapes::unit()), Err(StoreError::Twice { name: "a".into() }));
        assert_eq!(store.put("b", shapes::unit()), Err(crate::store::StoreError::Full(1)));
        assert_eq!(store.area("a"), Some(3.0));
    }
""",
        ("Circle::new(1.0)", "Circle::new(2.0)"), ("self.held.len() >= self.most", "self.held.len() > self.most"), ("a.r >= b.r", "a.r <= b.r"),
    ),
    "modules within modules": pair(
        """
pub mod http {
    pub mod status {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Class { Fine, Moved, Refused, Broken }
        pub fn class(code: u16) -> Option<Class> {
            match code { 200..=299 => Some(Class::Fine), 300..=399 => Some(Class::Moved), 400..=499 => Some(Class::Refused), 500..=599 => Some(Class::Broken), _ => None }
        }
    }
    pub mod retry {
        use super::status::{class, Class};
        #[derive(Debug, Default, Clone, PartialEq)]
        pub struct Policy { pub most: u32 }
        impl Policy {
            pub fn again(&self, code: u16, tried: u32) -> bool { tried < self.most && class(code) == Some(Class::Broken) }
        }
    }
    pub fn parse(line: &str) -> Result<u16, String> {
        line.split(' ').nth(1).ok_or("no status")?.parse::<u16>().map_err(|e| e.to_string())
    }
}
mod inner { pub fn hidden(n: i32) -> i32 { n * 2 } }
pub fn visible(n: i32) -> i32 { inner::hidden(n) + 1 }
""",
        """
    use crate::http::retry::Policy;
    use crate::http::status::{self, Class};

    #[test]
    fn classed() {
        assert_eq!(status::class(204), Some(Class::Fine));
        assert_eq!(status::class(600), None);
        assert_eq!(crate::http::parse("HTTP/1.1 404 no"), Ok(404));
        assert!(crate::http::parse("x").is_err());
    }

    #[test]
    fn retried() {
        let policy = Policy { most: 2 };
        assert!(policy.again(503, 1));
        assert!(!policy.again(503, 2));
        assert!(!policy.again(404, 0));
        assert_eq!(Policy::default().most, 0);
        assert_eq!(visible(3), 7);
    }
""",
        ("tried < self.most", "tried <= self.most"), ("200..=299", "201..=203"), ("n * 2", "n * 3"),
    ),
}  # fmt: skip
