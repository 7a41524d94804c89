"""OpenAI's interpreter: what counts as the line that was asked for."""

from __future__ import annotations

import pytest

from headgate.sandbox.hosted import openai, parcel
from headgate.sandbox.model import Job

SENT = parcel.pack(Job("python", "1"))
LINE = openai.line(SENT)


@pytest.mark.parametrize("code", [LINE, f"\n{LINE}\n", f"# as asked\n{LINE}"])
def test_blanks_and_comments_change_no_program(code: str) -> None:
    assert openai._same(code, LINE)


@pytest.mark.parametrize(
    "code", ["", "print(1)", LINE + "\nprint(1)", LINE.replace("hg", "hh"), "not python ("]
)
def test_any_other_program_is_another(code: str) -> None:
    assert not openai._same(code, LINE)
