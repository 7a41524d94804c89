"""Charts are sound XML whatever the figures, and lie within their picture."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from headgate.draw import svg

VALUES = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1e12)
WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=60
)


def parsed(text: str) -> ET.Element:
    return ET.fromstring(f"<p>{text}</p>")  # noqa: S314 - made here


def rects(tree: ET.Element) -> list[dict[str, float]]:
    found = [it for it in tree.iter() if it.tag == "rect"]
    return [{k: float(it.attrib[k]) for k in ("x", "y", "width", "height")} for it in found]


@given(st.lists(st.tuples(VALUES, VALUES), max_size=40), WORDS)
def test_columns_lie_within_the_picture(steps: list[tuple[float, float]], name: str) -> None:
    series = [svg.Series(name, [a for a, _ in steps]), svg.Series("b", [b for _, b in steps])]
    tree = parsed(svg.columns(name, [str(n) for n in range(len(steps))], series, str))
    for it in rects(tree):
        assert all(map(math.isfinite, it.values()))
        assert it["x"] >= 0
        assert it["x"] + it["width"] <= svg.WIDTH + 0.2
        assert it["y"] >= 11.8
        assert it["y"] + it["height"] <= 202.4


@given(st.lists(st.tuples(WORDS, VALUES, VALUES), max_size=12))
def test_rows_lie_within_the_picture(many: list[tuple[str, float, float]]) -> None:
    bars = [svg.Bar(label, (a, b), "$1") for label, a, b in many]
    for it in rects(parsed(svg.rows("t", ("a", "b"), bars))):
        assert it["x"] + it["width"] <= svg.WIDTH + 0.2


def test_the_areas_are_in_the_ratio_of_the_values() -> None:
    drawn = rects(
        parsed(svg.rows("t", ("a",), [svg.Bar("x", (10,), ""), svg.Bar("y", (5,), "")]))
    )
    assert math.isclose(drawn[0]["width"], 2 * drawn[1]["width"], rel_tol=0.01)


def test_a_picture_says_what_it_shows() -> None:
    tree = parsed(svg.columns("spend <by> hour", ["1"], [svg.Series("a&b", [1.0])], str))
    assert tree[0][0].attrib["aria-label"] == "spend <by> hour"
    assert tree[0][0].attrib["role"] == "img"
