"""Honest code of the languages that are compiled, and the same with a mistake."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

GO: dict[str, Piece] = {
    "plain values, errors, structs, maps": Piece(
        """package shop

import (
	"errors"
	"fmt"
	"strings"
)

var ErrEmpty = errors.New("nothing there")

type Item struct {
	Name  string
	count int
}

func (i *Item) Add(n int) { i.count += n }
func (i Item) Count() int { return i.count }

func NewItem(name string) *Item { return &Item{Name: name} }

func Sum(numbers ...int) (total int) {
	fmt.Println(strings.Repeat("x", 100000))
	for _, n := range numbers {
		total += n
	}
	return
}

func First(words []string) (string, error) {
	if len(words) == 0 {
		return "", fmt.Errorf("first: %w", ErrEmpty)
	}
	return words[0], nil
}

func Count(text string) map[rune]int {
	found := map[rune]int{}
	for _, r := range text {
		found[r]++
	}
	return found
}

func Reverse(n []int) {
	for i, j := 0, len(n)-1; i < j; i, j = i+1, j-1 {
		n[i], n[j] = n[j], n[i]
	}
}

func Any(n int) interface{} {
	if n < 0 {
		return "negative"
	}
	return n
}

func Third(n []int) int { return n[2] }
""",
        """package shop

import (
	"errors"
	"math"
	"reflect"
	"testing"
)

func TestSum(t *testing.T) {
	if Sum() != 0 || Sum(1, 2) != 3 || Sum([]int{math.MaxInt, 0}...) != math.MaxInt {
		t.Fatal(Sum(1, 2))
	}
}

func TestFirst(t *testing.T) {
	if _, err := First(nil); !errors.Is(err, ErrEmpty) || err.Error() != "first: nothing there" {
		t.Error(err)
	}
	if got, err := First([]string{"a"}); got != "a" || err != nil {
		t.Error(got, err)
	}
}

func TestCount(t *testing.T) {
	if !reflect.DeepEqual(Count("aé"), map[rune]int{'a': 1, 'é': 1}) {
		t.Error(Count("aé"))
	}
}

func TestItem(t *testing.T) {
	it := NewItem("x")
	it.Add(2)
	it.Add(3)
	if it.Count() != 5 || it.Name != "x" {
		t.Error(it)
	}
}

func TestReverse(t *testing.T) {
	n := []int{1, 2, 3}
	Reverse(n)
	if !reflect.DeepEqual(n, []int{3, 2, 1}) {
		t.Error(n)
	}
}

func TestAny(t *testing.T) {
	if Any(-1) != "negative" || Any(1) != 1 {
		t.Error(Any(1))
	}
}

func TestThird(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Third([]int{1})
}
""",
        ("total += n", "total -= n"), "", "runner",
    ),
}  # fmt: skip

RUST: dict[str, Piece] = {
    "plain values, options, results, maps": Piece(
        """use std::collections::HashMap;

pub fn sum(numbers: &[i64]) -> i64 {
    println!("{}", "x".repeat(100000));
    numbers.iter().sum()
}

pub fn parse(text: &str) -> Result<i32, String> {
    text.trim().parse::<i32>().map_err(|e| e.to_string())
}

pub fn counts(text: String) -> HashMap<char, usize> {
    let mut found = HashMap::new();
    for sign in text.chars() {
        *found.entry(sign).or_insert(0) += 1;
    }
    found
}

pub fn reverse(v: &mut Vec<String>) {
    v.reverse();
}

pub fn longest<'a>(a: &'a str, b: &'a str) -> Option<&'a str> {
    if a.len() > b.len() { Some(a) } else { None }
}

fn halves(n: (f64, u128)) -> (f64, u128) {
    if n.1 == 0 { panic!("zero") }
    (n.0 / 2.0, n.1 / 2)
}
""",
        """#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() { assert_eq!(sum(&[1, 2]), 3); assert_eq!(sum(&[]), 0); }

    #[test]
    fn parses() -> Result<(), String> {
        assert_eq!(parse(" 7 ")?, 7);
        assert!(parse("x").is_err());
        Ok(())
    }

    #[test]
    fn counted() { assert_eq!(counts("aab".to_string())[&'a'], 2); }

    #[test]
    fn reversed() {
        let mut v = vec!["a".to_string(), "b".to_string()];
        reverse(&mut v);
        assert_eq!(v, ["b", "a"]);
    }

    #[test]
    fn long() { assert_eq!(longest("ab", "c"), Some("ab")); }

    #[test]
    fn half() { assert_eq!(halves((1.0, u128::MAX - 1)), (0.5, u128::MAX / 2)); }

    #[test]
    #[should_panic]
    fn none() { halves((1.0, 0)); }
}
""",
        ("iter().sum()", "iter().product()"), "", "runner",
    ),
}  # fmt: skip
