"""The checks that a pack becomes hold for what is right and fail for what is wrong."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.sandbox.verdict.model import Ending, Task
from headgate.sandbox.verdict.model import Verdict as Judged
from headgate.validate.pack import Call, Case, Pack, listed, load
from headgate.validate.packed import Checks, checks_for
from tests.sandbox.verdict.bench import LIMITS, files, missed, verdicts
from tests.toolchains import here

ROOT = Path(__file__).parent / "solutions"
RUN = """
const assert = require("node:assert");
const asked = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const told = {};
for (const { file, entry, checks } of asked) {
  const { right, wrong } = require(file);
  const failed = (it) => {
    try { new Function("assert", entry, checks)(assert, it); } catch (e) { return e.message; }
    return "";
  };
  const others = Object.entries(wrong).map(([name, it]) => [name, failed(it)]);
  told[entry] = { right: failed(right), wrong: Object.fromEntries(others) };
}
process.stdout.write(JSON.stringify(told));
"""


def place(name: str, suffix: str) -> Path:
    return ROOT / f"{name.replace('-', '_')}{suffix}"


def made(name: str, language: str) -> Checks:
    return of(load(name, Path()), language)


def of(pack: Pack, language: str) -> Checks:
    found = checks_for(pack, language)
    assert found is not None
    return found


def check(pack: Pack, it: Any) -> None:
    """As the judge does in Python."""
    checks = of(pack, "python")
    told: dict[str, Any] = {}
    exec(checks.support, told)  # noqa: S102 - our own words
    exec(checks.tests.data, told)  # noqa: S102 - our own words
    told["check"](it)


@cache
def scripted() -> dict[str, Any]:
    """What the solutions in JavaScript come to, all of them in one program."""
    asked = []
    for name in listed():
        entry, file, _ = made(name, "javascript")
        checks = file.data.decode()
        asked.append({"file": str(place(name, ".js")), "entry": entry, "checks": checks})
    node = here("javascript").program
    done = subprocess.run(
        [node, "-e", RUN], input=json.dumps(asked).encode(), capture_output=True, check=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("name", listed())
def test_in_javascript_what_is_right_passes_and_three_that_are_wrong_do_not(name: str) -> None:
    told = scripted()[made(name, "javascript").entry]
    assert told["right"] == ""
    assert len(told["wrong"]) >= 3
    assert all(told["wrong"].values()), told["wrong"]


@pytest.mark.parametrize("name", listed())
def test_in_python_what_is_right_passes_and_what_is_wrong_does_not(name: str) -> None:
    spec = importlib.util.spec_from_file_location(name, place(name, ".py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pack = load(name, Path())
    check(pack, module.right)
    wrong = [*module.WRONG, lambda *args: object()]
    for it in wrong:
        with pytest.raises(Exception):  # noqa: B017, PT011 - some fail in their own way
            check(pack, it)


PLAIN = Pack(
    "plain",
    "counts",
    dict.fromkeys(("python", "javascript", "typescript", "go"), "count"),
    (
        Case("one", [1], 1),
        Case("true is not one", [2], True),
        Case("refused", [3], raises=True),
    ),
)


def test_a_failure_says_the_case_what_was_due_and_what_came() -> None:
    for answers, words in (
        ({1: 2}, "one: 1 was due, 2 came"),
        ({1: 1, 2: 1}, "true is not one: True was due, 1 came"),
        ({1: 1, 2: True, 3: "x"}, "refused: a refusal was due, 'x' came"),
    ):
        with pytest.raises(AssertionError) as failed:
            check(PLAIN, answers.get)
        assert str(failed.value) == words


def test_what_takes_too_long_fails_however_right_it_is() -> None:
    slow = PLAIN._replace(cases=(Case("soon", [1], 1, most_s=-1),))
    with pytest.raises(AssertionError, match="soon: it took"):
        check(slow, lambda it: it)


def test_methods_are_called_as_the_user_calls_them() -> None:
    calls = [Call("put", ["a"]), Call("get", [], "a")]
    pack = PLAIN._replace(cases=(Case("kept", calls=calls),), methods={"put": "store"})

    class Kept:
        def store(self, it: str) -> None:
            self.it = it

        def get(self) -> str:
            return self.it

    check(pack, Kept)
    assert b"new candidate" in of(pack, "typescript").tests.data
    assert checks_for(pack, "go") is None


def test_a_language_that_a_pack_does_not_name_has_no_checks() -> None:
    assert checks_for(PLAIN, "rust") is None
    assert checks_for(PLAIN._replace(cases=()), "python") is None


GO = """package money

import "errors"

func MergeIntervals(intervals [][]int) ([][]int, error) {
	made := [][]int{}
	for len(intervals) > 0 {
		at := 0
		for i, it := range intervals {
			if it[0] > it[1] {
				return nil, errors.New("it ends before it starts")
			}
			if it[0] < intervals[at][0] {
				at = i
			}
		}
		one := intervals[at]
		intervals[at] = intervals[len(intervals)-1]
		intervals = intervals[:len(intervals)-1]
		if last := len(made) - 1; last >= 0 && one[0] <= made[last][1] {
			made[last][1] = max(made[last][1], one[1])
		} else {
			made = append(made, one)
		}
	}
	return made, nil
}
"""


PATIENT = msgspec.structs.replace(LIMITS, wall_s=60.0)  # Go may have to build its own first


def _task(name: str, language: str, file: str, code: str) -> Task:
    entry, file_, support = made(name, language)
    is_go = language == "go"
    bound = code if is_go else code + BOUND[language].format(entry=entry)
    return Task(
        language=language,
        candidate=files((file, bound)),
        tests=(file_,),
        entry=entry,
        support=support,
        limits=PATIENT,
    )


BOUND = {
    "python": "\n\n{entry} = right\n",
    "typescript": "\nconst {entry} = module.exports.right;\n",
}
SEVERAL = ("lru-cache", "rate-limiter", "sql-builder", "jsonl-reader", "money-total")


@pytest.mark.slow
def test_the_judge_says_the_same_in_python_typescript_and_go() -> None:
    """One of each kind of pack, right and wrong, in the sandbox."""
    here("typescript")
    here("go")
    asked: dict[str, Task] = {}
    for name in SEVERAL:
        for language, suffix, file in (
            ("python", ".py", "a.py"),
            ("typescript", ".js", "a.ts"),
        ):
            text = place(name, suffix).read_text()
            asked[f"{name} {language}"] = _task(name, language, file, text)
    wrong = place("lru-cache", ".py").read_text() + "\n\nright = WRONG[0]\n"
    asked["wrong lru-cache"] = _task("lru-cache", "python", "a.py", wrong)
    asked["go"] = _task("merge-intervals", "go", "a.go", GO)
    asked["wrong go"] = _task("merge-intervals", "go", "a.go", GO.replace("<= made", "< made"))
    told = verdicts(asked)
    bad = {name: told.pop(name) for name in ("wrong lru-cache", "wrong go")}
    assert missed(told) == {}
    assert all(isinstance(it, Judged) and it.ending is Ending.FAILED for it in bad.values())
    one, other = bad["wrong lru-cache"], bad["wrong go"]
    assert isinstance(one, Judged)
    assert isinstance(other, Judged)
    assert "what was got stays, call 5 (get): 1 was due, None came" in one.first_failure
    assert "two that share an end: [[1,3]] was due, [[1,2],[2,3]] came" in other.first_failure
