"""HumanEvalPack: HumanEval in other languages, with a bug to each solution.

Rule 1: the set's tests are taken as they are; of the libraries that they lean on, Go's testify
is said in words of our own, and Rust's crates are left out where nothing uses them.
Rule 2: a solution that does use a crate cannot be built here: its task is rejected by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headgate.bench.reading.humaneval import ASKED
from headgate.bench.reading.rows import text
from headgate.bench.task import TESTS, Mutant, Rejected, Task
from headgate.sandbox.model import File

LANGUAGES = {"Python": "python", "JavaScript": "javascript", "Go": "go", "Rust": "rust"}
CRATES = ("rand", "regex", "md5")
"""that the set's Rust brings along"""
_USED = re.compile(r"^use (\w+)(?:::[^;]*)?;[ \t]*\n?", re.MULTILINE)
_TESTIFY = """
type assertions struct{ t *testing.T }

var assert assertions

func (a assertions) New(t *testing.T) assertions { return assertions{t} }

func (a assertions) told(given []interface{}) (*testing.T, []interface{}) {
	if a.t != nil {
		return a.t, given
	}
	return given[0].(*testing.T), given[1:]
}

func (a assertions) holds(is bool, t *testing.T, told ...interface{}) bool {
	t.Helper()
	if !is {
		t.Errorf("does not hold: %v", told)
	}
	return is
}

func (a assertions) Equal(given ...interface{}) bool {
	t, it := a.told(given)
	return a.holds(reflect.DeepEqual(it[0], it[1]), t, it...)
}

func (a assertions) NotEqual(given ...interface{}) bool {
	t, it := a.told(given)
	return a.holds(!reflect.DeepEqual(it[0], it[1]), t, it...)
}

func (a assertions) True(given ...interface{}) bool {
	t, it := a.told(given)
	return a.holds(it[0] == true, t, it...)
}

func (a assertions) False(given ...interface{}) bool {
	t, it := a.told(given)
	return a.holds(it[0] == false, t, it...)
}

func (a assertions) Nil(given ...interface{}) bool {
	t, it := a.told(given)
	return a.holds(isNothing(it[0]), t, it...)
}

func (a assertions) NotNil(given ...interface{}) bool {
	t, it := a.told(given)
	return a.holds(!isNothing(it[0]), t, it...)
}

func (a assertions) InDelta(given ...interface{}) bool {
	t, it := a.told(given)
	one, other, by := number(it[0]), number(it[1]), number(it[2])
	return a.holds(one-other <= by && other-one <= by, t, it...)
}

func isNothing(it interface{}) bool {
	if it == nil {
		return true
	}
	value := reflect.ValueOf(it)
	switch value.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Ptr, reflect.Slice:
		return value.IsNil()
	}
	return false
}

func number(it interface{}) float64 {
	return reflect.ValueOf(it).Convert(reflect.TypeOf(float64(0))).Float()
}
"""
"""the assertions that the set's tests make, as a variable that reads like the library"""


def is_pack(row: Mapping[str, Any]) -> bool:
    return "canonical_solution" in row and "declaration" in row


def read_pack(row: Mapping[str, Any]) -> Task | Rejected:
    """A task, or why it cannot be judged here."""
    kind, _, number = text(row, "task_id").partition("/")
    language = LANGUAGES.get(kind)
    if language is None:
        return Rejected(
            text(row, "task_id"), f"no verdicts for {kind}", f"known are {', '.join(LANGUAGES)}"
        )
    begun = (text(row, "import", ""), text(row, "declaration"))
    lead = "\n".join(it for it in begun if it.strip())
    solution, bug = text(row, "canonical_solution"), text(row, "buggy_solution", "")
    if language == "go":
        lead = f"package main\n\n{lead}"
    if language == "rust":
        lead = _without_crates(lead, solution)
        crate = next((it for it in _USED.findall(lead) if it in CRATES), "")
        if crate:
            what = f"its solution uses the crate {crate}"
            return Rejected(f"rust/{number}", what, "only the standard library is there")
    entry = text(row, "entry_point")
    name = "checks.py" if language == "python" else TESTS[language]
    return Task(
        id=f"{language}/{number}",
        language=language,
        prompt=ASKED.format(entry=entry, language=language, begin=text(row, "prompt").rstrip()),
        tests=(File(name, _tests(language, row).encode()),),
        style="asserts",
        entry=entry if language == "python" else "",
        support=lead.rpartition("def ")[0] if language == "python" else "",
        lead=lead,
        reference=lead + solution,
        mutants=(Mutant(text(row, "bug_type", "a bug"), lead + bug),) if bug.strip() else (),
        timeout_s=10.0,
        tags=("humanevalpack",),
    )


def _without_crates(lead: str, solution: str) -> str:
    """Of the crates that every task brings along those go that this one does not use."""
    body = _USED.sub("", lead) + solution

    def kept(match: re.Match[str]) -> str:
        last = re.findall(r"\w+", match[0])[-1]
        named = re.search(rf"\b(?:{match[1]}|{last})\b", body)
        return match[0] if match[1] not in CRATES or named else ""

    return re.sub(r"^fn main\(\)\s*\{\s*\}\s*\n", "", _USED.sub(kept, lead), flags=re.MULTILINE)


def _tests(language: str, row: Mapping[str, Any]) -> str:
    test = text(row, "test")
    if language != "go":
        return test
    whole = f"{text(row, 'test_setup', '')}\n{test}"
    bodies = re.sub(
        r"^package \w+\s*$|^import (?:\([^)]*\)|[^\n(]+)$", "", whole, flags=re.MULTILINE
    )
    return f"{bodies.strip()}\n{_TESTIFY}"
