"""A waiting child is confined already, and its last words are read for what they are."""

from __future__ import annotations

import pytest

from headgate.sandbox.worker import child
from tests.sandbox.yard import python, worker


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hg!0:", (0, "")),
        ("hg!3:memory", (3, "memory")),
        ("hg!259:", (3, "")),
        ("hg!x:", None),
        ("hg!12", None),
        ("python", None),
        ("", None),
    ],
)
def test_only_last_words_of_our_form_are_an_end(
    name: str, words: tuple[int, str] | None
) -> None:
    assert child.last_words(name) == words


async def test_a_mark_that_is_no_limit_is_no_limit() -> None:
    code = """import ctypes, os
ctypes.CDLL(None).prctl(15, b"hg!4:nonsense", 0, 0, 0)
os.closerange(0, 3)
os._exit(4)"""
    async with worker() as foreman:
        result = await python(foreman, code)
    assert (result.status, result.exit_code) == ("error", 4)


async def test_code_leads_its_own_session_of_processes_and_starts_in_the_box() -> None:
    code = "import os, sys\nprint(os.getsid(0) == os.getpid(), os.getcwd(), sys.path[0])"
    async with worker() as foreman:
        result = await python(foreman, code)
    assert result.stdout == "True /box /box\n"
