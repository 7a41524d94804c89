"""HumanEval's tasks, its own solutions with one mistake each, and code that only wants to pass.

The data are not part of this project: they lie beside the checkout, or the tests say that they
did not run.
"""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict.bench import LIMITS, WORDS, files

FOLDER = Path(__file__).parents[4] / "shared" / "data"
FILE = FOLDER / "HumanEval.jsonl.gz"
COUNT = 164


class Problem(NamedTuple):
    name: str
    prompt: str
    entry: str
    solution: str
    tests: str


def problems() -> list[Problem]:
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(it) for it in lines]
    return [
        Problem(
            it["task_id"], it["prompt"], it["entry_point"],
            it["prompt"] + it["canonical_solution"], it["test"],
        )
        for it in rows
    ]  # fmt: skip


def task(it: Problem, code: str, support: str | None = None) -> Task:
    return Task(
        language="python",
        candidate=files(("solution.py", code)),
        tests=files(("checks.py", it.tests)),
        entry=it.entry,
        support=it.prompt if support is None else support,
        limits=LIMITS,
    )


SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}  # fmt: skip

EQUAL = {
    ("HumanEval/31", "off by one"): 1,  # whether 2 is prime is not asked
    ("HumanEval/32", "off by one"): 4,  # a search that begins with a wider span
    ("HumanEval/35", "off by one"): -1,  # the greatest is never first; its only number
    ("HumanEval/39", "off by one"): 1,  # Fibonacci's numbers from 1, 1 as from 0, 1
    ("HumanEval/40", "off by one"): 1,  # no three of the tests need two neighbours
    ("HumanEval/43", "off by one"): 1,  # no two of the tests are neighbours
    ("HumanEval/59", "off by one"): 6,  # every number that is asked has a greater factor
    ("HumanEval/68", "off by one"): 1,  # a single odd node is not asked
    ("HumanEval/94", "off by one"): 1,  # no prime is less than 2
    ("HumanEval/95", "off by one"): -1,  # a single key that is in order is not asked
    ("HumanEval/99", "off by one"): 5,  # zeros that are left at the end change no number
    ("HumanEval/108", "off by one"): 2,  # only the sign of the sum is looked at
    ("HumanEval/116", "off by one"): -1,  # every number begins with a one: one less for all
    ("HumanEval/127", "off by one"): 2,  # 2 has no divisor that the loop would find
    ("HumanEval/127", "swapped"): 1,  # no length that is asked is composite
    ("HumanEval/129", "off by one"): 1,  # what stands for "none yet" is only larger
    ("HumanEval/135", "off by one"): 1,  # no list of the tests falls at its second item
    ("HumanEval/147", "off by one"): 1,  # the remainders of three change places
    ("HumanEval/154", "off by one"): -1,  # one window more, which is shorter than any pattern
}
"""where the first mistake of a kind changes nothing that the task's own tests look at: which
place has it instead; -1: none. Each passes these tests in one process with them, too."""


def mutants(it: Problem) -> Iterator[tuple[str, str]]:
    """The solution with one mistake, of each kind that it has a place for."""
    for kind in ("none", "off by one", "swapped"):
        tree = ast.parse(it.solution)
        body = next(
            one
            for one in tree.body
            if isinstance(one, ast.FunctionDef) and one.name == it.entry
        )
        place = EQUAL.get((it.name, kind), 0)
        if place >= 0 and MISTAKES[kind](body, place):
            yield kind, ast.unparse(ast.fix_missing_locations(tree))


def _return_none(body: ast.FunctionDef, place: int) -> bool:
    """Of the function itself; one that returns nothing anyway has no such mutant."""
    found = [one for one in _own(body) if isinstance(one, ast.Return)]
    for one in found[place:]:
        one.value = ast.Constant(None)
    return bool(found)


def _own(body: ast.FunctionDef) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(body.body)
    while waiting:
        one = waiting.pop()
        if isinstance(one, (ast.FunctionDef, ast.Lambda)):
            continue
        yield one
        waiting += list(ast.iter_child_nodes(one))


def _off_by_one(body: ast.FunctionDef, place: int) -> bool:
    for one in ast.walk(body):
        if isinstance(one, ast.Constant) and type(one.value) in (int, float):
            if place == 0 and isinstance(one.value, (int, float)):
                one.value += 1
                return True
            place -= 1
    return False


def _swap(body: ast.FunctionDef, place: int) -> bool:
    compared = [one for one in ast.walk(body) if isinstance(one, ast.Compare)]
    if compared:
        compared[place].ops[0] = SWAPPED[type(compared[place].ops[0])]()
    return bool(compared)


MISTAKES = {"none": _return_none, "off by one": _off_by_one, "swapped": _swap}

_ALWAYS = """
class Always:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __radd__ = __mul__ = __mod__ = __sub__
    def __abs__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 0
    def __iter__(self): return iter(())
    def __getitem__(self, at): return self
    def __getattr__(self, name): return lambda *a, **k: self
    def __hash__(self): return 0
"""
FORGED: dict[str, str] = {
    "exits": "import os\ndef ENTRY(*args): os._exit(0)",
    "exits softly": "import sys\ndef ENTRY(*args): sys.exit(0)",
    "exits at import": "import os\nos._exit(0)",
    "raises SystemExit": "def ENTRY(*args): raise SystemExit(0)",
    "raises StopIteration": "def ENTRY(*args): raise StopIteration",
    "leaves at the end": "import atexit, os\natexit.register(os._exit, 0)\ndef ENTRY(*args): pass",
    "prints": f"print({WORDS!r})\ndef ENTRY(*args): print({WORDS!r})",
    "equals everything": _ALWAYS + "def ENTRY(*args): return Always()",
    "equals everything as an int": (
        "class Int(int):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0\n"
        "def ENTRY(*args): return Int(1)"
    ),
    "equals everything as a list": (
        "class List(list):\n    def __eq__(s, o): return True\ndef ENTRY(*args): return List()"
    ),
    "mock": (
        "from unittest.mock import ANY, MagicMock\ndef ENTRY(*args):\n"
        "    it = MagicMock()\n    it.__eq__.side_effect = lambda o: True\n    return it"
    ),
    "mock.ANY": "from unittest.mock import ANY\ndef ENTRY(*args): return ANY",
    "patches the builtins": (
        "import builtins, math\nfor name in ('abs', 'all', 'any', 'sorted', 'len', 'isinstance'):\n"
        "    setattr(builtins, name, lambda *a, **k: True)\nmath.isclose = lambda *a, **k: True\n"
        "def ENTRY(*args): return None"
    ),
    "patches the check": (
        "import sys\nfor it in list(sys.modules.values()):\n"
        "    try: it.check = lambda candidate: None\n    except Exception: pass\n"
        "def check(candidate): pass\ncandidate = lambda *a: True\ndef ENTRY(*args): return None"
    ),
    "reads the stack": (
        "import sys\ndef ENTRY(*args):\n    frame = sys._getframe()\n    while frame:\n"
        "        for it in (*frame.f_locals.values(), *frame.f_globals.values()):\n"
        "            if getattr(it, '__name__', '') == 'check':\n"
        "                return it.__code__.co_consts[-1]\n        frame = frame.f_back"
    ),
    "reads the memory": (
        "import gc\ndef ENTRY(*args):\n    for it in gc.get_objects():\n"
        "        if type(it) is dict and 'expected' in it: return it['expected']"
    ),
    "is a class": _ALWAYS + "class ENTRY(Always):\n    def __init__(self, *args): pass",
    "traces its own process": (
        "import os, sys\nsys.settrace(lambda *a: os._exit(0))\ndef ENTRY(*args): return None"
    ),
    "closes the line": "import os\ndef ENTRY(*args):\n    os.closerange(3, 99)",
    "returns itself": "def ENTRY(*args): return ENTRY",
}  # fmt: skip
"""code that computes nothing, by what it tries; ENTRY is the function that was asked for"""


def forged(it: Problem, code: str) -> str:
    return f"{it.prompt.partition('def ')[0]}\n{code.replace('ENTRY', it.entry)}\n"
