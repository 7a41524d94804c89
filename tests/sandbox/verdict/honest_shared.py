"""Everyday Rust with threads, operators and iterators, and the same with a mistake."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece
from tests.sandbox.verdict.honest_rust import piece

RUST: dict[str, Piece] = {
    "shared between threads": piece(
        """
use std::collections::HashMap;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

#[derive(Clone, Default)]
pub struct Counter { counts: Arc<Mutex<HashMap<String, u64>>> }

impl Counter {
    pub fn new() -> Self { Self::default() }
    pub fn add(&self, name: &str) { *self.counts.lock().unwrap().entry(name.to_string()).or_insert(0) += 1; }
    pub fn get(&self, name: &str) -> u64 { self.counts.lock().unwrap().get(name).copied().unwrap_or(0) }
}

type Job = Box<dyn FnOnce() + Send + 'static>;

pub struct ThreadPool { workers: Vec<thread::JoinHandle<()>>, sender: Option<mpsc::Sender<Job>> }

impl ThreadPool {
    pub fn new(size: usize) -> ThreadPool {
        assert!(size > 0, "a pool of nobody");
        let (sender, receiver) = mpsc::channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        let workers = (0..size).map(|_| {
            let receiver = Arc::clone(&receiver);
            thread::spawn(move || loop {
                let job = receiver.lock().unwrap().recv();
                match job { Ok(job) => job(), Err(_) => break }
            })
        }).collect();
        ThreadPool { workers, sender: Some(sender) }
    }
    pub fn execute<F>(&self, f: F) where F: FnOnce() + Send + 'static {
        self.sender.as_ref().unwrap().send(Box::new(f)).unwrap();
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        drop(self.sender.take());
        for it in self.workers.drain(..) { it.join().unwrap(); }
    }
}

pub fn parallel_sum(numbers: Vec<i64>, parts: usize) -> i64 {
    let size = numbers.len().div_ceil(parts).max(1);
    thread::scope(|s| {
        let handles: Vec<_> = numbers.chunks(size).map(|it| s.spawn(move || it.iter().sum::<i64>())).collect();
        handles.into_iter().map(|it| it.join().unwrap()).sum()
    })
}
""",
        """
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn counts() {
        let c = Counter::new();
        let handles: Vec<_> = (0..4).map(|_| { let c = c.clone(); std::thread::spawn(move || for _ in 0..10 { c.add("x") }) }).collect();
        for it in handles { it.join().unwrap(); }
        assert_eq!(c.get("x"), 40);
        assert_eq!(c.get("y"), 0);
    }

    #[test]
    fn pools() {
        let done = Arc::new(AtomicUsize::new(0));
        let pool = ThreadPool::new(3);
        for i in 1..=10 {
            let done = Arc::clone(&done);
            pool.execute(move || { done.fetch_add(i, Ordering::SeqCst); });
        }
        drop(pool);
        assert_eq!(done.load(Ordering::SeqCst), 55);
    }

    #[test]
    #[should_panic(expected = "a pool of nobody")]
    fn nobody() { ThreadPool::new(0); }

    #[test]
    fn sums() { assert_eq!(parallel_sum((1..=100).collect(), 4), 5050); }
""",
        ("or_insert(0) += 1", "or_insert(0) += 2"),
    ),
    "operators and conversions": piece(
        """
use std::fmt;
use std::ops::{Add, Mul, Neg, Index, AddAssign};
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct V { pub x: f64, pub y: f64 }

impl Add for V { type Output = V; fn add(self, o: V) -> V { V { x: self.x + o.x, y: self.y + o.y } } }
impl Mul<f64> for V { type Output = V; fn mul(self, k: f64) -> V { V { x: self.x * k, y: self.y * k } } }
impl Neg for V { type Output = V; fn neg(self) -> V { V { x: -self.x, y: -self.y } } }
impl AddAssign for V { fn add_assign(&mut self, o: V) { self.x += o.x; self.y += o.y; } }
impl From<(f64, f64)> for V { fn from(it: (f64, f64)) -> Self { V { x: it.0, y: it.1 } } }
impl fmt::Display for V { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, "({}, {})", self.x, self.y) } }
impl FromStr for V {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (x, y) = text.split_once(',').ok_or_else(|| format!("no comma in {text}"))?;
        let part = |it: &str| it.trim().parse::<f64>().map_err(|e| e.to_string());
        Ok(V { x: part(x)?, y: part(y)? })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Matrix { rows: usize, cols: usize, data: Vec<f64> }

impl Matrix {
    pub fn new(rows: usize, cols: usize) -> Self { Matrix { rows, cols, data: vec![0.0; rows * cols] } }
    pub fn from_rows(rows: &[Vec<f64>]) -> Self {
        Matrix { rows: rows.len(), cols: rows[0].len(), data: rows.concat() }
    }
    pub fn times(&self, o: &Matrix) -> Option<Matrix> {
        if self.cols != o.rows { return None; }
        let mut m = Matrix::new(self.rows, o.cols);
        for i in 0..self.rows { for j in 0..o.cols { for k in 0..self.cols {
            m.data[i * o.cols + j] += self.data[i * self.cols + k] * o.data[k * o.cols + j];
        } } }
        Some(m)
    }
}

impl Index<(usize, usize)> for Matrix { type Output = f64; fn index(&self, at: (usize, usize)) -> &f64 { &self.data[at.0 * self.cols + at.1] } }
""",
        """
    #[test]
    fn vectors() {
        let mut v = V { x: 1.0, y: 2.0 } + V::from((3.0, 4.0)) * 2.0;
        assert_eq!(v, V { x: 7.0, y: 10.0 });
        v += -V::default();
        assert_eq!(v.to_string(), "(7, 10)");
        assert_eq!("1, 2".parse::<V>(), Ok(V { x: 1.0, y: 2.0 }));
        assert!("1;2".parse::<V>().is_err());
        let w: V = (1.0, 1.0).into();
        assert!(w < v);
    }

    #[test]
    fn matrices() {
        let a = Matrix::from_rows(&[vec![1.0, 2.0], vec![3.0, 4.0]]);
        let b = a.times(&a).unwrap();
        assert_eq!(b[(1, 0)], 15.0);
        assert_eq!(b, Matrix::from_rows(&[vec![7.0, 10.0], vec![15.0, 22.0]]));
        assert!(a.times(&Matrix::new(3, 1)).is_none());
    }
""",
        ("self.y * k", "self.y + k"),
    ),
    "iterators and generics": piece(
        """
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

pub struct Fibonacci { a: u64, b: u64 }

impl Fibonacci { pub fn new() -> Self { Fibonacci { a: 0, b: 1 } } }

impl Iterator for Fibonacci {
    type Item = u64;
    fn next(&mut self) -> Option<u64> {
        let it = self.a;
        self.a = self.b;
        self.b += it;
        Some(it)
    }
}

pub fn group_by<T, K, F>(items: Vec<T>, key: F) -> HashMap<K, Vec<T>>
where K: Eq + Hash, F: Fn(&T) -> K {
    let mut found: HashMap<K, Vec<T>> = HashMap::new();
    for it in items { found.entry(key(&it)).or_default().push(it); }
    found
}

pub fn largest<T: PartialOrd + Copy>(items: &[T]) -> Option<T> {
    let mut items = items.iter();
    let first = *items.next()?;
    Some(items.fold(first, |a, &b| if b > a { b } else { a }))
}

pub fn words(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for it in text.split_whitespace() { *found.entry(it.to_lowercase()).or_insert(0) += 1; }
    found
}

pub fn evens(limit: u32) -> impl Iterator<Item = u32> { (0..limit).filter(|n| n % 2 == 0) }

pub fn pages<'a>(items: &'a [String], size: usize) -> Vec<&'a [String]> { items.chunks(size).collect() }

pub fn greet(name: impl Into<String>, more: &[&str]) -> String {
    let mut text = name.into();
    for it in more { text.push_str(it); }
    text
}
""",
        """
    #[test]
    fn iterates() {
        assert_eq!(Fibonacci::new().take(7).collect::<Vec<_>>(), vec![0, 1, 1, 2, 3, 5, 8]);
        assert_eq!(evens(7).sum::<u32>(), 12);
    }

    #[test]
    fn groups() {
        let found = group_by(vec![1, 2, 3, 4], |n| n % 2 == 0);
        assert_eq!(found[&true], vec![2, 4]);
        let found = group_by(vec!["a", "bb"], |it| it.len());
        assert_eq!(found[&2], vec!["bb"]);
        assert_eq!(largest(&[1.5, 0.5]), Some(1.5));
        assert_eq!(largest::<char>(&[]), None);
    }

    #[test]
    fn texts() {
        assert_eq!(words("a B b").into_iter().collect::<Vec<_>>(), vec![("a".to_string(), 1), ("b".to_string(), 2)]);
        let items: Vec<String> = ["a", "b", "c"].iter().map(|it| it.to_string()).collect();
        assert_eq!(pages(&items, 2).len(), 2);
        assert_eq!(greet("x", &["y", "z"]), "xyz");
        assert_eq!(greet(String::from("x"), &[]), "x");
    }
""",
        ("self.b += it", "self.b += 1"),
    ),
    "a linked list and a tree": piece(
        """
#[derive(Debug)]
pub struct Tree { root: Option<Box<Node>>, size: usize }

#[derive(Debug)]
struct Node { key: i32, value: String, left: Option<Box<Node>>, right: Option<Box<Node>> }

impl Tree {
    pub fn new() -> Self { Tree { root: None, size: 0 } }
    pub fn insert(&mut self, key: i32, value: &str) -> Option<String> {
        let mut at = &mut self.root;
        while let Some(node) = at {
            if key == node.key { return Some(std::mem::replace(&mut node.value, value.to_string())); }
            at = if key < node.key { &mut node.left } else { &mut node.right };
        }
        *at = Some(Box::new(Node { key, value: value.to_string(), left: None, right: None }));
        self.size += 1;
        None
    }
    pub fn get(&self, key: i32) -> Option<&str> {
        let mut at = self.root.as_ref();
        while let Some(node) = at {
            if key == node.key { return Some(&node.value); }
            at = if key < node.key { node.left.as_ref() } else { node.right.as_ref() };
        }
        None
    }
    pub fn len(&self) -> usize { self.size }
    pub fn keys(&self) -> Vec<i32> {
        fn walk(node: &Option<Box<Node>>, found: &mut Vec<i32>) {
            if let Some(it) = node { walk(&it.left, found); found.push(it.key); walk(&it.right, found); }
        }
        let mut found = vec![];
        walk(&self.root, &mut found);
        found
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum List { Cons(i32, Box<List>), Nil }
use List::{Cons, Nil};

pub fn sum(list: &List) -> i32 { match list { Cons(n, rest) => n + sum(rest), Nil => 0 } }
pub fn build(items: &[i32]) -> List { items.iter().rev().fold(Nil, |rest, &n| Cons(n, Box::new(rest))) }

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level { Low = 1, High = 10 }

pub fn bump(levels: &mut Vec<Level>, at: &mut usize) { for it in levels.iter_mut() { *it = Level::High; } *at += 1; }
""",
        """
    #[test]
    fn trees() {
        let mut t = Tree::new();
        assert_eq!(t.insert(2, "b"), None);
        t.insert(1, "a");
        t.insert(3, "c");
        assert_eq!(t.insert(2, "B"), Some("b".to_string()));
        assert_eq!((t.get(2), t.get(9), t.len()), (Some("B"), None, 3));
        assert_eq!(t.keys(), [1, 2, 3]);
    }

    #[test]
    fn lists() {
        let list = build(&[1, 2, 3]);
        assert_eq!(sum(&list), 6);
        assert_eq!(build(&[1]), List::Cons(1, Box::new(List::Nil)));
        let mut levels = vec![Level::Low];
        let mut at = 0;
        bump(&mut levels, &mut at);
        assert_eq!((levels, at), (vec![Level::High], 1));
        assert!(Level::Low < Level::High);
        assert_eq!(Level::High as i32, 10);
    }
""",
        ("n + sum(rest)", "n * sum(rest)"),
    ),
}
