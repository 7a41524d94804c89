"""A chart is looked at: its blocks are counted and measured, and a blank one is none."""

from __future__ import annotations

from headgate.bench.interpreter.looking import wrong_with
from headgate.bench.interpreter.workload import Blocks, Heights, Labels, Picture, Share
from tests.bench.interpreters import png

BLUE, RED, WHITE = 0x1F77B4, 0xD62728, 0xFFFFFF


def bars(*heights: int) -> bytes:
    """Blue bars of five columns each, four apart, in a picture 40 pixels high."""
    columns: list[list[int]] = []
    for tall in heights:
        columns += [[WHITE] * 40] * 4
        columns += [[WHITE] * (40 - tall) + [BLUE] * tall] * 5
    return png([list(row) for row in zip(*columns, strict=True)])


def chart(wide: int, **wanted: tuple[object, ...]) -> Picture:
    return Picture("c.png", wide, 40, **wanted)  # type: ignore[arg-type]


def test_bars_are_counted_and_measured_against_the_tallest() -> None:
    drawn = bars(10, 30, 20)
    tall = Heights("#1f77b4", (1, 3, 2))
    assert wrong_with(chart(27, blocks=(Blocks("#1f77b4", 3),), heights=(tall,)), drawn) == ""


def test_a_missing_bar_and_a_wrong_one_are_named() -> None:
    missing = wrong_with(chart(27, blocks=(Blocks("#1f77b4", 4),)), bars(10, 30, 20))
    assert missing == "c.png: 3 blocks of #1f77b4 along x, not 4"
    wrong = wrong_with(chart(27, heights=(Heights("#1f77b4", (2, 3, 2)),)), bars(10, 30, 20))
    assert "block 1 is 0.333 of the tallest, not 0.667" in wrong
    fewer = wrong_with(chart(27, heights=(Heights("#1f77b4", (2, 3)),)), bars(10, 30, 20))
    assert "3 blocks, not 2" in fewer


def test_bars_that_lie_are_measured_along_the_other_axis() -> None:
    rows = [[BLUE] * 30 + [WHITE] * 10] * 5 + [[WHITE] * 40] * 4
    rows += [[BLUE] * 15 + [WHITE] * 25] * 5
    wanted = Picture("c.png", 40, 14, heights=(Heights("#1f77b4", (2, 1), "y"),))
    assert wrong_with(wanted, png(rows)) == ""


def test_the_share_of_an_area_is_that_of_its_pixels() -> None:
    rows = [[BLUE] * 30 + [RED] * 10] * 40
    both = ("#1f77b4", "#d62728")
    assert wrong_with(chart(40, shares=(Share("#1f77b4", both, 0.75),)), png(rows)) == ""
    told = wrong_with(chart(40, shares=(Share("#1f77b4", both, 0.5),)), png(rows))
    assert "#1f77b4 has 0.750 of the area, not 0.500" in told


def test_a_colour_that_differs_a_little_is_the_same_one() -> None:
    rows = [[BLUE + 0x050505] * 10] * 20 + [[WHITE] * 10] * 20
    assert wrong_with(chart(10, blocks=(Blocks("#1f77b4", 1),)), png(rows)) == ""


def test_a_blank_picture_and_one_of_another_size_are_wrong() -> None:
    blank = png([[WHITE] * 10] * 40)
    assert wrong_with(chart(10), blank) == "c.png: it is blank"
    assert "10 by 40 pixels, not 12 by 40" in wrong_with(chart(12), blank)
    assert wrong_with(chart(12), b"no picture") == "c.png: it is no PNG"


def test_a_strip_without_words_has_no_labels() -> None:
    rows = [[WHITE] * 40 for _ in range(40)]
    rows[20][5:35] = [BLUE] * 30
    words = {"above": (slice(2, 4), slice(8, 20)), "below": (slice(36, 38), slice(8, 20))}
    words["left"] = (slice(15, 25), slice(1, 4))
    for side, (tall, wide) in words.items():
        labels = (Labels(side, 5, 20),)  # type: ignore[arg-type]
        told = wrong_with(chart(40, labels=labels), png(rows))
        assert told == f"c.png: no labels {side}: 0 pixels of them, not 20"
        written = [list(row) for row in rows]
        for row in written[tall]:
            row[wide] = [RED] * len(row[wide])
        assert wrong_with(chart(40, labels=labels), png(written)) == ""
