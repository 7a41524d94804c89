"""Records of public datasets' shapes, in words of our own."""

# ruff: noqa: E501 (records, line for line)

from __future__ import annotations

from typing import Any

ABOVE = {
    "Python": {
        "declaration": "from typing import List\n\n\ndef above(items: List[int], n: int) -> int:\n",
        "canonical_solution": "    return sum(it > n for it in items)\n",
        "buggy_solution": "    return sum(it >= n for it in items)\n",
        "test": "\n\ndef check(above):\n    assert above([1, 2, 3], 2) == 1\n"
        "    assert above([], 0) == 0\n\ncheck(above)",
        "entry_point": "above",
    },
    "JavaScript": {
        "declaration": "const above = (items, n) => {\n",
        "canonical_solution": "  return items.filter((it) => it > n).length;\n}\n\n",
        "buggy_solution": "  return items.filter((it) => it >= n).length;\n}\n\n",
        "test": "const testAbove = () => {\n  console.assert(above([1, 2, 3], 2) === 1)\n"
        "  console.assert(above([], 0) === 0)\n}\n\ntestAbove()\n",
        "entry_point": "above",
    },
    "Go": {
        "import": 'import (\n    "math"\n    "sort"\n)\n',
        "declaration": "func Above(items []float64, n float64) (int, float64) {\n",
        "canonical_solution": "    sort.Float64s(items)\n    most, found := math.Inf(-1), 0\n"
        "    for _, it := range items {\n        most = math.Max(most, it)\n"
        "        if it > n {\n            found++\n        }\n    }\n    return found, most\n}\n\n",
        "buggy_solution": "    sort.Float64s(items)\n    most, found := math.Inf(-1), 0\n"
        "    for _, it := range items {\n        most = math.Max(most, it)\n"
        "        if it >= n {\n            found++\n        }\n    }\n    return found, most\n}\n\n",
        "test_setup": 'package main\n\nimport (\n    "testing"\n'
        '    "github.com/stretchr/testify/assert"\n)\n',
        "test": "func TestAbove(t *testing.T) {\n    assert := assert.New(t)\n"
        "    found, most := Above([]float64{1, 2, 3}, 2)\n    assert.Equal(1, found)\n"
        "    assert.InDelta(3.0, most, 0.01)\n    assert.True(found == 1)\n    assert.NotNil(most)\n}\n",
        "entry_point": "Above",
    },
    "Rust": {
        "declaration": "use std::collections::{HashMap, self};\nuse rand::Rng;\nuse regex::Regex;\n"
        "use md5;\nuse std::any::{Any, TypeId};\nfn above(items: Vec<i32>, n: i32) -> usize {\n\n",
        "canonical_solution": "    items.iter().filter(|&&it| it > n).count()\n}\n",
        "buggy_solution": "    items.iter().filter(|&&it| it >= n).count()\n}\n",
        "test": "#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn test_above() {\n"
        "        assert_eq!(above(vec![1, 2, 3], 2), 1);\n        assert!(above(vec![], 0) == 0);\n"
        "    }\n}\n",
        "entry_point": "above",
    },
}  # fmt: skip


def pack(kind: str, number: int = 7) -> dict[str, Any]:
    """A record of HumanEvalPack."""
    row: dict[str, Any] = {"import": "", "test_setup": "", "bug_type": "operator misuse"}
    row |= ABOVE[kind]
    begin = row["import"] + row["declaration"]
    return {"task_id": f"{kind}/{number}", "prompt": begin, **row}


MBPP: dict[str, Any] = {
    "task_id": 11,
    "text": "Write a function that counts the items above a limit.",
    "code": "def above(items, n):\r\n  return sum(it > n for it in items)",
    "test_list": ["assert above([1, 2, 3], 2) == 1", "assert above([], 0) == 0"],
    "test_setup_code": "",
    "challenge_test_list": ["assert above([5], 4) == 1"],
}
SANITISED: dict[str, Any] = {
    "source_file": "a.ipynb",
    "task_id": 12,
    "prompt": "Write a function that gives the square root.",
    "code": "import math\ndef root(n):\n    return math.sqrt(n)",
    "test_imports": ["import math"],
    "test_list": ["assert math.isclose(root(2.0), 1.4142135623730951)", "assert root(4) == 2"],
}
PLUS: dict[str, Any] = {
    "task_id": "HumanEval/900",
    "prompt": "\n\ndef halves(n: int):\n    'n down to nothing, halved.'\n",
    "entry_point": "halves",
    "canonical_solution": "    return [] if not n else [n / 1.0] + halves(n // 2)\n",
    "base_input": [[1], [8]],
    "plus_input": [[100]],
    "atol": 1e-6,
}
MULTIPLE: dict[str, Any] = {
    "name": "Any_1_above",
    "language": "r",
    "prompt": "# Items above n.\nabove <- function(items, n) {\n",
    "tests": "test_humaneval <- function() {\n    candidate <- above\n"
    "    if(!identical(candidate(c(1, 2, 3), 2), 1L)){quit('no', 1)}\n}\ntest_humaneval()",
    "stop_tokens": ["\n#", "\n```"],
}
ARTICLE: dict[str, Any] = {
    "id": "a-1",
    "language": "python",
    "prompt": "Write above(items, n).",
    "test_code": "def test_some():\n    return above([1, 2, 3], 2) == 1\n\n"
    "def test_none():\n    return above([], 0) == 0\n",
    "reference": "def above(items, n):\n    return sum(it > n for it in items)\n",
}
