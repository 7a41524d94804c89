"""Intervals and points are drawn where their numbers are, and told in words."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from headgate.draw.ranges import Point, Range, points, ranges

SHARES = st.floats(0, 1)
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - ours


@given(st.lists(st.tuples(NAMES, SHARES, SHARES, SHARES), max_size=8))
def test_every_interval_spans_its_point(rows: list[tuple[str, float, float, float]]) -> None:
    made = [Range(name, sorted(them)[1], min(them), max(them), "x") for name, *them in rows]
    tree = parsed(ranges("title", made))
    bars, marks = tree.findall(".//rect"), tree.findall(".//circle")
    assert len(bars) == len(marks) == len(rows)
    for bar, mark in zip(bars, marks, strict=True):
        low, wide = float(bar.attrib["x"]), float(bar.attrib["width"])
        assert low - 0.2 <= float(mark.attrib["cx"]) <= low + wide + 0.2


@given(st.lists(st.tuples(NAMES, st.floats(0, 1e9), SHARES), max_size=8))
def test_a_better_point_stands_higher_and_a_dearer_one_further_right(
    them: list[tuple[str, float, float]],
) -> None:
    made = [Point(*it) for it in them]
    marks = parsed(points("title", ("x", "y"), made, {"a"})).findall(".//circle")
    place = [(float(it.attrib["cx"]), float(it.attrib["cy"])) for it in marks]
    for one, (x1, y1) in zip(made, place, strict=True):
        for other, (x2, y2) in zip(made, place, strict=True):
            assert one.x >= other.x or x1 <= x2
            assert one.y <= other.y or y1 <= y2


def test_the_best_are_joined_by_a_line_and_every_chart_has_a_title() -> None:
    them = [Point("a", 1, 0.2), Point("b", 2, 0.9), Point("c", 3, 0.1)]
    drawn = points("what it shows", ("x", "y"), them, {"a", "b"})
    assert 'aria-label="what it shows"' in drawn
    assert len(re.findall(r'd="M[\d.]+ [\d.]+ [\d.]+ [\d.]+"', drawn)) == 1


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 1.02]), st.sampled_from([0, 0.5, 0.51]))))
def test_no_name_is_written_upon_another(them: list[tuple[float, float]]) -> None:
    made = [Point(f"arm {n}", *it) for n, it in enumerate(them[:8])]
    written = parsed(points("t", ("x", "y"), made, ())).findall(".//text")
    names = [it for it in written if (it.text or "").startswith("arm ")]
    where = sorted((float(it.attrib["y"]), float(it.attrib["x"])) for it in names)
    assert len(where) == len(made)
    for y1, x1 in where:
        near = [(y, x) for y, x in where if abs(x - x1) < 40 and abs(y - y1) < 13.5]
        assert near == [(y1, x1)]
