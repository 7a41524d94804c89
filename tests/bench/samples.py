"""Tasks, arms and answers for tests of the benchmark."""

from __future__ import annotations

from typing import Any

from headgate.bench.arm import Arm
from headgate.bench.task import Mutant, Task
from headgate.sandbox.model import File

TESTS = b"""
from solution import double

def test_doubles():
    assert double(2) == 4

def test_doubles_nothing():
    assert double(0) == 0
"""
RIGHT = "def double(n):\n    return 2 * n\n"
WRONG = "def double(n):\n    return n + 1\n"


def doubling(name: str = "double", **changes: Any) -> Task:
    """A task that anybody can solve."""
    facts: dict[str, Any] = {
        "id": name,
        "language": "python",
        "prompt": f"{name}: write double(n)",
        "tests": (File("test_solution.py", TESTS),),
        "reference": RIGHT,
        "mutants": (Mutant("it adds one", WRONG),),
    }
    return Task(**(facts | changes))


def arm(name: str = "one", **changes: Any) -> Arm:
    return Arm(name=name, model=f"sim:{name}", **changes)
