"""HumanEvalPack's records are judged in four languages, their bugs among them."""

from __future__ import annotations

import pytest

from headgate.bench.judging import trial
from headgate.bench.reading.pack import is_pack, read_pack
from headgate.bench.task import Rejected, Task
from tests.bench.grading import proved
from tests.bench.reading.records import ABOVE, pack
from tests.sandbox.verdict.test_verdict_honest import needs


def task(kind: str) -> Task:
    found = read_pack(pack(kind))
    assert isinstance(found, Task)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ABOVE)
def test_solutions_pass_and_bugs_and_empty_answers_do_not(kind: str) -> None:
    needs(kind.lower())
    proof = proved(task(kind))
    assert [it.what for it in proof.tried] == ["reference", "empty", "operator misuse"]
    assert [(it.what, it.graded.why) for it in proof.wrong] == []


def test_a_function_of_go_alone_gets_the_package_and_imports() -> None:
    whole = trial(task("Go"), "func Above(items []float64, n float64) (int, float64) {\n}\n")
    code = whole.candidate[0].data.decode()
    assert code.startswith("package main\n\nimport (")
    assert code.count("func Above") == 1
    assert b"testify" not in whole.tests[0].data


def test_an_arrow_that_is_whole_is_not_begun_twice() -> None:
    code = trial(task("JavaScript"), "const above = (items, n) => 0\n").candidate[0].data
    assert code.count(b"const above") == 1


def test_crates_that_nothing_uses_are_left_out_and_one_that_is_used_is_told() -> None:
    assert "rand" not in task("Rust").lead
    assert "use std::any::{Any, TypeId};" in task("Rust").lead
    row = pack("Rust") | {"canonical_solution": '    md5::compute(b"");\n}\n'}
    assert read_pack(row) == Rejected(
        "rust/7", "its solution uses the crate md5", "only the standard library is there"
    )


def test_a_language_that_is_not_judged_is_told() -> None:
    found = read_pack(pack("Go") | {"task_id": "Java/7"})
    assert isinstance(found, Rejected)
    assert "Java" in found.why
    assert is_pack(pack("Go"))
