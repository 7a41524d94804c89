"""Everyday Python that was once misjudged: it passes, and with a mistake it does not."""

from __future__ import annotations

import importlib.util

import pytest

from headgate.sandbox.model import Refused
from headgate.sandbox.verdict.model import Ending, Task, Verdict
from tests.sandbox.verdict.bench import LIMITS, files, missed, verdicts
from tests.sandbox.verdict.everyday_kinds import KINDS
from tests.sandbox.verdict.everyday_near import NEAR
from tests.sandbox.verdict.everyday_threads import THREADS
from tests.sandbox.verdict.everyday_tools import TOOLS
from tests.sandbox.verdict.everyday_waiting import WAITING
from tests.sandbox.verdict.test_verdict_honest import held_to, task

pytestmark = pytest.mark.slow

FOUND = WAITING | THREADS | KINDS | TOOLS | NEAR
NEEDS = {
    "numpy": "numpy",
    "pandas": "pandas",
    "pydantic model": "pydantic",
    "what a driver raises": "psycopg",
}
CODE = "class Point:\n    def __init__(self, x): self.x = x\n"
TOLD = {
    "pickles": "import pickle\nfrom solution import Point\n"
    "def test_a(): pickle.dumps(Point(1))\n",
    "matches": "from solution import Point\ndef test_a():\n    match Point(1):\n"
    "        case Point(x=1): pass\n",
    "serves": "from http.server import HTTPServer\nfrom solution import Point\ndef test_a():\n"
    "    assert HTTPServer(('127.0.0.1', 0), Point)\n",
}


def is_there(name: str) -> bool:
    return name not in NEEDS or importlib.util.find_spec(NEEDS[name]) is not None


def test_what_waits_and_works_side_by_side_is_judged_rightly() -> None:
    """The most telling of all that are below."""
    held_to("python", {it: FOUND[it] for it in ("gather interleaves", "namedtuples")})
    whole = ("lock handed over", "callback waits for another", "exceptions")
    found = verdicts({it: task("python", FOUND[it], FOUND[it].code) for it in whole})
    assert missed(found) == {}


def test_what_cannot_be_judged_is_told_and_never_counted_against_the_code() -> None:
    found = verdicts(
        {
            name: Task(
                language="python", candidate=files(("solution.py", CODE)),
                tests=files(("test_it.py", tests)), style="runner", limits=LIMITS,
            )
            for name, tests in TOLD.items()
        }
    )  # fmt: skip
    untold = {
        name
        for name, it in found.items()
        if not isinstance(it, Refused)
        and not (isinstance(it, Verdict) and it.ending is Ending.UNTESTABLE)
    }
    assert untold == set()


def test_what_comes_near_to_what_is_refused_is_judged_rightly() -> None:
    some = (
        *list(NEAR)[:3],
        *list(NEAR)[-4:-2],
        "what Python's own packages raise",
        "what a driver raises",
    )
    held_to("python", {name: NEAR[name] for name in filter(is_there, some)})


@pytest.mark.soak
def test_every_piece_that_was_once_misjudged_is_judged_rightly() -> None:
    held_to("python", {name: it for name, it in FOUND.items() if is_there(name)})
