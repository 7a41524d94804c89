"""The style sheet names a colour for every class that charts use, in both schemes."""

from __future__ import annotations

import re

from headgate.draw.style import SHEET
from headgate.draw.svg import COLOURS


def test_every_colour_of_a_chart_is_there_for_light_and_dark() -> None:
    schemes = re.findall(r":root\{(.*?)\}", SHEET, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        names = set(re.findall(r"--(c\d):#[0-9a-f]{6}", scheme))
        assert names == {f"c{n}" for n in range(COLOURS)}
    assert set(re.findall(r"\.(c\d)\{fill", SHEET)) == {f"c{n}" for n in range(COLOURS)}


def test_nothing_is_fetched() -> None:
    assert "url(" not in SHEET
    assert "@import" not in SHEET


def test_braces_are_balanced() -> None:
    assert SHEET.count("{") == SHEET.count("}")
