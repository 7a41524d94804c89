"""Draws shares with their intervals, and points of two measures, as SVG text.

Rule 1: an interval is a line that can be read at its ends; its point is a mark upon it.
Rule 2: points carry their names, none upon another.
Rule 3: the line through some of them is told in words as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape
from typing import NamedTuple

from headgate.draw.svg import LABEL_PX, WIDTH, picture, short, words_at

LINE_PX = 14.0
"""from one label to the next below it"""


class Range(NamedTuple):
    """A share and where it lies, from 0 to 1."""

    label: str
    middle: float
    low: float
    high: float
    told: str


class Point(NamedTuple):
    """Something of two measures."""

    label: str
    x: float
    y: float


def ranges(title: str, rows: Sequence[Range]) -> str:
    """Intervals below each other, on one scale from 0 to 1."""
    tall, top = 28.0, 6.0
    left = min(300.0, 16 + LABEL_PX * max((len(it.label) for it in rows), default=0))
    right = 12 + LABEL_PX * max((len(it.told) for it in rows), default=0)
    room = WIDTH - left - right
    foot = top + tall * len(rows)
    drawn = []
    for part in range(5):
        x = left + room * part / 4
        drawn.append(f'<path class="grid" d="M{x:.1f} {top:g}V{foot:.1f}"/>')
        drawn.append(words_at(x, foot + 16, f"{part * 25} %", "tick"))
    for at, it in enumerate(rows):
        y = top + tall * (at + 0.5)
        low, high, middle = (left + room * value for value in (it.low, it.high, it.middle))
        drawn.append(words_at(left - 8, y + 4, short(it.label, left), "label end"))
        drawn.append(
            f'<rect class="c0" opacity=".35" x="{low:.1f}" y="{y - 4:.1f}" '
            f'width="{max(1.0, high - low):.1f}" height="8"/>'
        )
        hint = f"<title>{escape(f'{it.label}: {it.told}')}</title>"
        drawn.append(f'<circle class="c0" cx="{middle:.1f}" cy="{y:.1f}" r="5">{hint}</circle>')
        drawn.append(words_at(WIDTH - right + 8, y + 4, it.told, "label"))
    return picture(title, foot + 24, drawn)


def points(
    title: str, axes: tuple[str, str], them: Sequence[Point], best: Collection[str]
) -> str:
    """Points from 0 upwards to the right; those of `best` are joined by a line."""
    left, top, height, room = 60.0, 30.0, 240.0, WIDTH - 260.0
    most = max((it.x for it in them), default=0.0) or 1.0

    def place(it: Point) -> tuple[float, float]:
        return left + room * it.x / most, top + height * (1 - it.y)

    drawn = []
    for part in range(5):
        y = top + height * (1 - part / 4)
        drawn.append(f'<path class="grid" d="M{left:g} {y:.1f}H{left + room:.1f}"/>')
        drawn.append(words_at(left - 8, y + 4, f"{part * 25} %", "tick end"))
    line = sorted(place(it) for it in them if it.label in best)
    if len(line) > 1:
        path = " ".join(f"{x:.1f} {y:.1f}" for x, y in line)
        drawn.append(f'<path class="grid" d="M{path}"/>')
    for it in them:
        x, y = place(it)
        kind = "c2" if it.label in best else "c7"
        hint = f"<title>{escape(it.label)}</title>"
        drawn.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="6">{hint}</circle>')
    for it, (x, y) in zip(them, _apart([(*place(it), it.label) for it in them]), strict=True):
        drawn.append(words_at(x + 10, y + 4, it.label, "label"))
    drawn.append(words_at(left, top + height + 22, axes[0], "tick"))
    drawn.append(words_at(left, top - 16, axes[1], "tick"))
    return picture(title, top + height + 30, drawn)


def _apart(labels: Sequence[tuple[float, float, str]]) -> list[tuple[float, float]]:
    """Where labels are written: beside their points, or above where another one is."""
    placed: dict[int, tuple[float, float, float]] = {}
    for at in sorted(range(len(labels)), key=lambda it: -labels[it][1]):
        x, y, label = labels[at]
        wide = 10 + LABEL_PX * len(label)
        while any(
            x < other + width and other < x + wide and abs(y - tall) < LINE_PX
            for other, tall, width in placed.values()
        ):
            y -= 1.0
        placed[at] = (x, y, wide)
    return [placed[at][:2] for at in range(len(labels))]
