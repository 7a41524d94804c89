"""Everyday Rust that is generic, runs at once, converts, or iterates over its own."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.surveyed_rust import Surveyed, pair

GENERIC: dict[str, Surveyed] = {
    "generic functions over slices": pair(
        """
use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::hash::Hash;

pub fn join<T: Display>(items: &[T], between: &str) -> String {
    items.iter().map(|it| it.to_string()).collect::<Vec<_>>().join(between)
}

pub fn shown<T>(items: &[T]) -> Vec<String> where T: Debug { items.iter().map(|it| format!("{it:?}")).collect() }

pub fn most_common<T: Eq + Hash + Clone + Ord>(items: &[T]) -> Option<(T, usize)> {
    let mut counts: HashMap<&T, usize> = HashMap::new();
    for it in items { *counts.entry(it).or_default() += 1; }
    counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0))).map(|(it, n)| (it.clone(), n))
}

pub fn best_by<T, K: PartialOrd, F: Fn(&T) -> K>(items: &[T], key: F) -> Option<&T> {
    let mut items = items.iter();
    let mut best = items.next()?;
    for it in items { if key(it) > key(best) { best = it; } }
    Some(best)
}

pub fn total<T>(items: &[T]) -> T where T: Copy + std::iter::Sum<T> { items.iter().copied().sum() }
pub fn print_all(items: &[impl Display], out: &mut impl std::fmt::Write) -> std::fmt::Result { for it in items { write!(out, "{it};")?; } Ok(()) }
""",
        """
    #[derive(Debug, Clone)]
    struct Person { name: String, age: u32 }

    #[test]
    fn joins() {
        assert_eq!(join(&[1, 2, 3], ", "), "1, 2, 3");
        assert_eq!(join(&["a", "b"], "-"), "a-b");
        assert_eq!(join::<f64>(&[], "-"), "");
        assert_eq!(shown(&[Some(1), None]), vec!["Some(1)", "None"]);
    }

    #[test]
    fn counts() {
        assert_eq!(most_common(&["b", "a", "b"]), Some(("b", 2)));
        assert_eq!(most_common(&[2, 1, 1, 2]), Some((1, 2)));
        assert_eq!(most_common::<char>(&[]), None);
        assert_eq!(total(&[1.5, 2.5]), 4.0);
    }

    #[test]
    fn bests() {
        assert_eq!(best_by(&["aa", "b", "cc"], |it| it.len()), Some(&"aa"));
        assert_eq!(best_by(&[3, -7], |it: &i32| it.abs()), Some(&-7));
    }

    #[test]
    fn prints() {
        let mut out = String::new();
        print_all(&[1, 2], &mut out).unwrap();
        assert_eq!(out, "1;2;");
    }
""",
        (".join(between)", ".concat()"), ("b.0.cmp(a.0)", "a.0.cmp(b.0)"), ("key(it) > key(best)", "key(it) >= key(best)"),
    ),
    "calls at the same time": pair(
        """
use std::sync::mpsc;
use std::thread;

pub fn parallel_map<T, R, F>(items: Vec<T>, f: F) -> Vec<R>
where T: Send, R: Send, F: Fn(T) -> R + Sync {
    thread::scope(|s| {
        let handles: Vec<_> = items.into_iter().map(|it| s.spawn(|| f(it))).collect();
        handles.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

pub fn race(jobs: Vec<Box<dyn FnOnce() -> u32 + Send>>) -> Option<u32> {
    let (tell, hear) = mpsc::channel();
    for it in jobs { let tell = tell.clone(); thread::spawn(move || tell.send(it())); }
    drop(tell);
    hear.recv().ok()
}
""",
        """
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    #[test]
    fn all_at_once() {
        let begun = Instant::now();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let found = parallel_map(vec![1, 2, 3, 4], |n| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            while most.load(Ordering::SeqCst) < 4 && begun.elapsed() < Duration::from_secs(3) { std::thread::yield_now(); }
            now.fetch_sub(1, Ordering::SeqCst);
            n * n
        });
        assert_eq!(found, vec![1, 4, 9, 16]);
        assert_eq!(most.load(Ordering::SeqCst), 4);
    }

    #[test]
    fn the_first_wins() {
        let (held, waits) = std::sync::mpsc::channel::<()>();
        let found = race(vec![Box::new(move || { let _ = waits.recv_timeout(Duration::from_secs(3)); 1 }), Box::new(|| 2)]);
        drop(held);
        assert_eq!(found, Some(2));
        assert_eq!(race(vec![]), None);
    }
""",
        ("let handles: Vec<_> = items.into_iter().map(|it| s.spawn(|| f(it))).collect();\n        handles.into_iter().map(|it| it.join().unwrap()).collect()", "items.into_iter().map(|it| s.spawn(|| f(it)).join().unwrap()).collect()"),
        ("thread::spawn(move || tell.send(it()));", "let _ = tell.send(it());"), ("handles.into_iter()", "handles.into_iter().rev()"),
    ),
    "a collection that is iterated": pair(
        """
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bag<T> { items: Vec<T> }

impl<T> Bag<T> {
    pub fn new() -> Self { Bag { items: Vec::new() } }
    pub fn add(&mut self, it: T) { self.items.push(it); }
    pub fn iter(&self) -> std::slice::Iter<'_, T> { self.items.iter() }
    pub fn len(&self) -> usize { self.items.len() }
}

impl<T> FromIterator<T> for Bag<T> {
    fn from_iter<I: IntoIterator<Item = T>>(it: I) -> Self { Bag { items: it.into_iter().collect() } }
}
impl<T> Extend<T> for Bag<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, it: I) { for it in it { self.items.push(it); } }
}
impl<T> IntoIterator for Bag<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter { self.items.into_iter() }
}
impl<'a, T> IntoIterator for &'a Bag<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter { self.items.iter() }
}
impl std::ops::Deref for Bag<u8> { type Target = [u8]; fn deref(&self) -> &[u8] { &self.items } }
""",
        """
    #[test]
    fn iterates() {
        let mut bag: Bag<i32> = (1..4).collect();
        bag.extend(vec![10]);
        bag.add(20);
        let mut sum = 0;
        for it in &bag { sum += it; }
        assert_eq!((sum, bag.len()), (36, 5));
        assert_eq!(bag.iter().max(), Some(&20));
        assert_eq!(bag.into_iter().rev().collect::<Vec<_>>(), vec![20, 10, 3, 2, 1]);
        let names: Bag<String> = ["a", "b"].iter().map(|it| it.to_string()).collect();
        assert_eq!(names.iter().map(|it| it.len()).sum::<usize>(), 2);
        let bytes: Bag<u8> = vec![1, 2].into_iter().collect();
        assert_eq!(bytes.first(), Some(&1));
    }
""",
        ("it.into_iter().collect() }", "it.into_iter().skip(1).collect() }"), ("for it in it { self.items.push(it); }", "for it in it { self.items.insert(0, it); }"), ("fn into_iter(self) -> Self::IntoIter { self.items.into_iter() }", "fn into_iter(mut self) -> Self::IntoIter { self.items.reverse(); self.items.into_iter() }"),
    ),
    "a trait with a type of its own": pair(
        """
use std::collections::BTreeMap;
use std::fmt::Debug;

pub trait Entity { type Key: Ord + Clone + Debug; fn key(&self) -> Self::Key; const KIND: &'static str; }

#[derive(Debug, Clone, PartialEq)]
pub struct User { pub id: u64, pub name: String }
impl Entity for User { type Key = u64; fn key(&self) -> u64 { self.id } const KIND: &'static str = "user"; }

#[derive(Debug, PartialEq)]
pub enum RepoError { Missing(String), Taken(String) }

pub trait Repository<E: Entity> {
    fn insert(&mut self, it: E) -> Result<(), RepoError>;
    fn find(&self, key: &E::Key) -> Result<E, RepoError>;
}

#[derive(Default)]
pub struct Memory { users: BTreeMap<u64, User> }

impl Memory { pub fn new() -> Self { Self::default() } pub fn len(&self) -> usize { self.users.len() } }

impl Repository<User> for Memory {
    fn insert(&mut self, it: User) -> Result<(), RepoError> {
        if self.users.contains_key(&it.key()) { return Err(RepoError::Taken(format!("{} {:?}", User::KIND, it.key()))); }
        self.users.insert(it.key(), it);
        Ok(())
    }
    fn find(&self, key: &u64) -> Result<User, RepoError> {
        self.users.get(key).cloned().ok_or_else(|| RepoError::Missing(format!("{} {key:?}", User::KIND)))
    }
}
""",
        """
    #[test]
    fn keeps() {
        let mut it = Memory::new();
        let ada = User { id: 1, name: "Ada".to_string() };
        assert_eq!(it.insert(ada.clone()), Ok(()));
        assert_eq!(it.insert(ada.clone()), Err(RepoError::Taken("user 1".to_string())));
        assert_eq!(it.find(&1), Ok(ada.clone()));
        assert_eq!(it.find(&2), Err(RepoError::Missing("user 2".to_string())));
        assert_eq!((it.len(), ada.key(), User::KIND), (1, 1, "user"));
    }
""",
        ("self.users.contains_key(&it.key())", "self.users.contains_key(&0)"), ("RepoError::Missing(format!", "RepoError::Taken(format!"), ("self.users.insert(it.key(), it)", "self.users.insert(2, it)"),
    ),
    "states as types": pair(
        """
use std::marker::PhantomData;

#[derive(Debug)]
pub struct Open;
#[derive(Debug)]
pub struct Closed;

#[derive(Debug)]
pub struct Door<S> { opened: u32, state: PhantomData<S> }

impl Door<Closed> {
    pub fn new() -> Self { Door { opened: 0, state: PhantomData } }
    pub fn open(self) -> Door<Open> { Door { opened: self.opened + 1, state: PhantomData } }
}
impl Door<Open> { pub fn close(self) -> Door<Closed> { Door { opened: self.opened, state: PhantomData } } }
impl<S> Door<S> { pub fn opened(&self) -> u32 { self.opened } }

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Meters(pub i64);
impl From<Feet> for Meters { fn from(it: Feet) -> Self { Meters(it.0 * 3 / 10) } }
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feet(pub i64);
impl TryFrom<i64> for Feet { type Error = String; fn try_from(n: i64) -> Result<Self, Self::Error> { if n < 0 { Err(format!("{n} is less than nothing")) } else { Ok(Feet(n)) } } }
impl std::iter::Sum for Meters { fn sum<I: Iterator<Item = Meters>>(it: I) -> Meters { Meters(it.map(|it| it.0).sum()) } }
""",
        """
    #[test]
    fn doors() {
        let door = Door::new().open().close().open();
        assert_eq!(door.opened(), 2);
        assert_eq!(door.close().opened(), 2);
    }

    #[test]
    fn converted() {
        let it: Meters = Feet(10).into();
        assert_eq!(it, Meters(3));
        assert_eq!(Feet::try_from(-1), Err("-1 is less than nothing".to_string()));
        let feet: Result<Feet, _> = 5i64.try_into();
        assert_eq!(feet, Ok(Feet(5)));
        assert_eq!([Meters(1), Meters(2)].into_iter().sum::<Meters>(), Meters(3));
        assert!(Meters(1) < Meters(2));
    }
""",
        ("self.opened + 1", "self.opened + 2"), ("* 3 / 10", "* 3"), ("n < 0", "n < -5"),
    ),
    "errors with a source": pair(
        """
use std::error::Error;
use std::fmt;
use std::num::ParseIntError;

#[derive(Debug)]
pub enum ConfigError { Missing { key: &'static str }, Bad { line: usize, source: ParseIntError }, Other(Box<dyn Error + Send + Sync>) }

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { key } => write!(f, "no {key}"),
            Self::Bad { line, source } => write!(f, "line {line}: {source}"),
            Self::Other(it) => write!(f, "{it}"),
        }
    }
}
impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> { match self { Self::Bad { source, .. } => Some(source), _ => None } }
}
impl From<String> for ConfigError { fn from(it: String) -> Self { ConfigError::Other(it.into()) } }

#[derive(Debug, PartialEq, Clone, Copy)]
pub struct Config { pub port: u16, pub workers: usize }

pub fn parse(text: &str) -> Result<Config, ConfigError> {
    let (mut port, mut workers) = (None, 1);
    for (at, line) in text.lines().enumerate() {
        let (key, value) = line.split_once('=').ok_or_else(|| format!("no = in {line:?}"))?;
        match key.trim() {
            "port" => port = Some(value.trim().parse().map_err(|source| ConfigError::Bad { line: at + 1, source })?),
            "workers" => workers = value.trim().parse().map_err(|source| ConfigError::Bad { line: at + 1, source })?,
            _ => {}
        }
    }
    Ok(Config { port: port.ok_or(ConfigError::Missing { key: "port" })?, workers })
}

pub fn boxed(text: &str) -> Result<u16, Box<dyn Error>> { Ok(parse(text)?.port) }
""",
        """
    #[test]
    fn parses() {
        assert_eq!(parse("port = 80\\nworkers=4").unwrap(), Config { port: 80, workers: 4 });
        let found = parse("port=80\\nworkers=x").unwrap_err();
        assert!(matches!(found, ConfigError::Bad { line: 2, .. }));
        assert_eq!(found.to_string(), "line 2: invalid digit found in string");
        assert!(found.source().unwrap().is::<ParseIntError>());
        assert!(matches!(parse(""), Err(ConfigError::Missing { key: "port" })));
        assert_eq!(parse("oops").unwrap_err().to_string(), "no = in \\"oops\\"");
        assert!(parse("").unwrap_err().source().is_none());
        assert_eq!(boxed("port=1").unwrap(), 1);
        assert_eq!(boxed("").unwrap_err().to_string(), "no port");
    }
""",
        ("line: at + 1, source })?,\n", "line: at, source })?,\n"), ("workers) = (None, 1)", "workers) = (Some(0), 1)"), ("\"no {key}\"", "\"missing {key}\""),
    ),
    "constants as parameters": pair(
        """
#[derive(Debug, Clone, PartialEq)]
pub struct Ring<T, const N: usize> { items: [Option<T>; N], head: usize, len: usize }

impl<T: Copy, const N: usize> Ring<T, N> {
    pub fn new() -> Self { Ring { items: [None; N], head: 0, len: 0 } }
    pub fn push(&mut self, it: T) -> Option<T> {
        let at = (self.head + self.len) % N;
        if self.len == N {
            let old = self.items[self.head].replace(it);
            self.head = (self.head + 1) % N;
            return old;
        }
        self.items[at] = Some(it);
        self.len += 1;
        None
    }
    pub fn pop(&mut self) -> Option<T> {
        if self.len == 0 { return None; }
        let it = self.items[self.head].take();
        self.head = (self.head + 1) % N;
        self.len -= 1;
        it
    }
    pub fn len(&self) -> usize { self.len }
    pub const fn capacity(&self) -> usize { N }
    pub fn to_vec(&self) -> Vec<T> { (0..self.len).filter_map(|at| self.items[(self.head + at) % N]).collect() }
}

pub fn sums<const N: usize>(rows: [[i32; 2]; N]) -> [i32; N] { rows.map(|it| it[0] + it[1]) }
""",
        """
    #[test]
    fn turns() {
        let mut ring: Ring<i32, 3> = Ring::new();
        assert_eq!(ring.capacity(), 3);
        for it in 1..=3 { assert_eq!(ring.push(it), None); }
        assert_eq!(ring.push(4), Some(1));
        assert_eq!(ring.to_vec(), vec![2, 3, 4]);
        assert_eq!((ring.pop(), ring.len()), (Some(2), 2));
        let mut small = Ring::<char, 1>::new();
        small.push('a');
        assert_eq!(small.push('b'), Some('a'));
    }

    #[test]
    fn summed() { assert_eq!(sums([[1, 2], [3, 4], [5, 6]]), [3, 7, 11]); }
""",
        ("self.len == N {", "self.len == N + 9 {"), ("self.len -= 1", "self.len -= 0"), ("it[0] + it[1]", "it[0] - it[1]"),
    ),
    "matrices of constant size": pair(
        """
use std::ops::{Add, Mul, Index, IndexMut};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix<const R: usize, const C: usize> { cells: [[f64; C]; R] }

impl<const R: usize, const C: usize> Matrix<R, C> {
    pub fn zero() -> Self { Matrix { cells: [[0.0; C]; R] } }
    pub fn from(cells: [[f64; C]; R]) -> Self { Matrix { cells } }
    pub fn transposed(&self) -> Matrix<C, R> {
        let mut it = Matrix::<C, R>::zero();
        for r in 0..R { for c in 0..C { it.cells[c][r] = self.cells[r][c]; } }
        it
    }
}

impl<const R: usize, const C: usize> Add for Matrix<R, C> {
    type Output = Self;
    fn add(self, other: Self) -> Self { let mut it = self; for r in 0..R { for c in 0..C { it.cells[r][c] += other.cells[r][c]; } } it }
}

impl<const R: usize, const N: usize, const C: usize> Mul<Matrix<N, C>> for Matrix<R, N> {
    type Output = Matrix<R, C>;
    fn mul(self, other: Matrix<N, C>) -> Matrix<R, C> {
        let mut it = Matrix::<R, C>::zero();
        for r in 0..R { for c in 0..C { for n in 0..N { it.cells[r][c] += self.cells[r][n] * other.cells[n][c]; } } }
        it
    }
}

impl<const R: usize, const C: usize> Index<(usize, usize)> for Matrix<R, C> { type Output = f64; fn index(&self, at: (usize, usize)) -> &f64 { &self.cells[at.0][at.1] } }
""",
        """
    #[test]
    fn computes() {
        let a = Matrix::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(a.transposed(), Matrix::from([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]));
        assert_eq!((a + a)[(1, 2)], 12.0);
        assert_eq!(a * a.transposed(), Matrix::from([[14.0, 32.0], [32.0, 77.0]]));
        assert_eq!(Matrix::<1, 1>::zero()[(0, 0)], 0.0);
    }
""",
        ("it.cells[c][r] = self.cells[r][c]", "it.cells[c][r] = self.cells[r][C - 1 - c]"), ("+= other.cells[r][c]", "-= other.cells[r][c]"), ("self.cells[r][n] * other.cells[n][c]", "self.cells[r][n] + other.cells[n][c]"),
    ),
}  # fmt: skip
