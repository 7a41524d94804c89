"""What people write every day is judged: it passes, and with a mistake it does not."""

from __future__ import annotations

import pytest

from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict import everyday_javascript
from tests.sandbox.verdict.bench import LIMITS, accepted, files, missed, unsound, verdicts
from tests.sandbox.verdict.everyday import EVERYDAY
from tests.sandbox.verdict.everyday_more import MORE
from tests.sandbox.verdict.honest import Piece
from tests.sandbox.verdict.test_verdict_honest import needs, task

pytestmark = pytest.mark.slow

PIECES = EVERYDAY | MORE
STEP = 6


def judged(pieces: dict[str, Piece], language: str = "python") -> None:
    assert all(it.mistake[0] in it.code for it in pieces.values())
    assert (
        missed(verdicts({name: task(language, it, it.code) for name, it in pieces.items()}))
        == {}
    )
    found = verdicts(
        {name: task(language, it, it.code.replace(*it.mistake)) for name, it in pieces.items()}
    )
    assert accepted(found) == []
    assert unsound(found) == {}


def test_every_sixth_piece_passes_and_its_mistake_does_not() -> None:
    assert len(PIECES) == len(EVERYDAY) + len(MORE) > 60
    judged(dict(list(PIECES.items())[::STEP]))


def test_a_package_of_tests_finds_its_fixtures_and_neighbours() -> None:
    given = files(
        ("pkg/__init__.py", "from .a import f\n"), ("pkg/a.py", "def f(n): return n + 1\n")
    )
    tests = files(
        ("tests/__init__.py", ""),
        ("tests/conftest.py", "import pytest\n@pytest.fixture\ndef one(): return 1\n"),
        ("tests/known.py", "TWO = 2\n"),
        ("tests/test_f.py", "from pkg import f\nfrom .known import TWO\n"
         "def test_f(one): assert f(one) == TWO\n"),
        ("tests/sub/__init__.py", ""),
        ("tests/sub/test_g.py", "from pkg.a import f\nfrom tests.known import TWO\n"
         "def test_g(one): assert f(one) == TWO\n"),
    )  # fmt: skip
    whole = Task(language="python", candidate=given, tests=tests, style="runner", limits=LIMITS)
    found = verdicts({"a package": whole})
    assert missed(found) == {}


@pytest.mark.soak
def test_every_piece_passes_and_its_mistake_does_not() -> None:
    judged(PIECES)


def test_a_callback_of_the_test_that_the_code_awaits_is_judged() -> None:
    needs("javascript")
    pieces = everyday_javascript.EVERYDAY
    judged({it: pieces[it] for it in ("awaited callback", "async iterator")}, "javascript")


@pytest.mark.soak
@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_every_piece_of_javascript_passes_and_its_mistake_does_not(language: str) -> None:
    needs(language)
    judged(everyday_javascript.EVERYDAY, language)
