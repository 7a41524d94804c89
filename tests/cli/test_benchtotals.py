"""headgate bench totals: published totals with the intervals that they left out."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main


def totals(*words: str) -> Result:
    return CliRunner().invoke(main, ["bench", "totals", *words])


def test_each_assumption_has_a_line_of_its_own() -> None:
    told = json.loads(totals("391/500", "471/500", "--tasks", "100", "--json").stdout)
    assert [it["alike"] for it in told] == [0, 0.5, 1]
    assert [round(it["worth"]) for it in told] == [500, 167, 100]
    said = totals("391/500", "471/500", "--tasks", "100", "--alike", "0.25").stdout
    assert "250 answers" in said


def test_a_price_becomes_that_of_a_right_answer() -> None:
    said = totals("50/100", "80/100", "--tasks", "20", "--usd", "1", "--usd", "2").stdout
    assert "50/100: $1 an answer is $2.00000 a right one" in said
    assert "80/100: $2 an answer is $2.50000 a right one" in said
    told = totals("50/100", "80/100", "--tasks", "20", "--usd", "1", "--usd", "2", "--json")
    assert [it["usd"] for it in json.loads(told.stdout)[0]["prices"]] == [2.0, 2.5]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("many", "1/2", "--tasks", "2"), "many is no total"),
        (("3/2", "1/2", "--tasks", "2"), "cannot be"),
        (("1/2", "1/2", "--tasks", "9"), "cannot be"),
        (("1/9", "1/9", "--tasks", "3", "--usd", "much"), "is no sum"),
        (("1/9", "1/9", "--tasks", "3", "--usd", "nan"), "is no sum"),
        (("1/9", "1/9", "--tasks", "3", "--usd", "-1"), "is no sum"),
        (("1/9", "1/9", "--tasks", "3", *["--usd", "1"] * 3), "no 3 prices"),
    ],
)
def test_what_cannot_be_is_a_mistake_with_words(words: tuple[str, ...], said: str) -> None:
    found = totals(*words)
    assert found.exit_code == 2
    assert said in found.output
