"""HumanEval's records, and those made of them, become tasks that can be judged."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.bench.judging import trial
from headgate.bench.reading.humaneval import is_humaneval, read_humaneval
from headgate.bench.reading.rows import BadRows

ROW: dict[str, Any] = {
    "task_id": "HumanEval/0",
    "prompt": ("import math\n\n\ndef f(x):\n    return 2 * x\n\n\ndef g(x):\n    'Twice f.'\n"),
    "entry_point": "g",
    "canonical_solution": "    return 2 * f(x)\n",
    "test": "def check(candidate):\n    assert candidate(2) == 8\n",
}
PLUS = {k: v for k, v in ROW.items() if k != "test"} | {
    "base_input": [[1]],
    "plus_input": [[2], [3.5]],
    "atol": 1e-6,
}


def code(answer: str) -> str:
    return trial(read_humaneval(ROW), answer).candidate[0].data.decode()


def test_an_answer_that_goes_on_is_begun_by_the_prompt() -> None:
    assert code(ROW["canonical_solution"]) == ROW["prompt"] + ROW["canonical_solution"]


def test_an_answer_that_is_whole_keeps_what_the_prompt_has_before_it() -> None:
    whole = code("def g(x):\n    return f(f(x))\n")
    assert whole.startswith("import math")
    assert "def f(x):" in whole
    assert whole.count("def g(x):") == 1


def test_the_prompts_own_functions_are_the_tests_too() -> None:
    assert "def f(x):" in read_humaneval(ROW).support


def test_inputs_without_tests_are_answered_by_the_solution_of_the_set() -> None:
    task = read_humaneval(PLUS)
    assert "def _wanted(x):" in task.support
    assert "[[1], [2], [3.5]]" in task.tests[0].data.decode()


def test_what_is_asked_shows_the_beginning_once() -> None:
    assert read_humaneval(ROW).prompt.count("```") == 2
    assert is_humaneval(ROW)


def test_a_record_without_a_test_or_inputs_is_told() -> None:
    with pytest.raises(BadRows, match="neither test nor inputs"):
        read_humaneval(PLUS | {"base_input": [], "plus_input": []})
    with pytest.raises(BadRows, match="no 'prompt'"):
        read_humaneval({k: v for k, v in ROW.items() if k != "prompt"})
