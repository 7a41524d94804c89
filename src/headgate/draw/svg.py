"""Draws charts as SVG text: figures in, a picture that needs nothing else out.

Rule 1: pure: the same figures give the same text.
Rule 2: every picture says in words what it shows; colour alone carries no meaning.
Rule 3: a figure that is less than a nano-dollar, or beyond all bills, is drawn as nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

WIDTH = 920.0
COLOURS = 8
"""classes c0 to c7 of the page's style; what comes after them shares the last"""
LEAST, LARGEST = 1e-9, 1e18
LABEL_PX = 6.7
"""of one letter at the size of labels, about"""


class Series(NamedTuple):
    """One colour of a chart."""

    name: str
    values: Sequence[float]


class Bar(NamedTuple):
    """One row of a chart of rows: its parts lie one behind the other."""

    label: str
    parts: Sequence[float]
    told: str
    """what is written behind it"""


Say = Callable[[float], str]
"""how a value is written at an axis"""


def columns(title: str, labels: Sequence[str], series: Sequence[Series], say: Say) -> str:
    """Values over time, one column a step, the series one upon the other."""
    left, top, height, below = 70.0, 12.0, 190.0, 26.0
    totals = [sum(_sound(it.values[at]) for it in series) for at in range(len(labels))]
    most = _round_up(max(totals, default=0.0))
    step = (WIDTH - left - 8) / max(1, len(labels))
    drawn = [_axis(left, top, height, most, say)]
    for at, label in enumerate(labels):
        foot = top + height
        for number, one in enumerate(series):
            tall = height * _sound(one.values[at]) / most
            if tall <= 0:
                continue
            foot -= tall
            hint = f"{label}: {one.name} {say(_sound(one.values[at]))}"
            box = _Box(left + at * step, foot, max(0.6, step * 0.86), tall)
            drawn.append(_rect(box, number, hint))
    every = max(1, math.ceil(len(labels) / 8))
    drawn += [
        words_at(left + at * step, top + height + 17, labels[at], "tick")
        for at in range(0, len(labels), every)
    ]
    return picture(title, top + height + below, drawn) + legend([it.name for it in series])


def rows(title: str, names: Sequence[str], bars: Sequence[Bar]) -> str:
    """Amounts side by side, the parts of each one behind the other."""
    tall, gap, top = 20.0, 9.0, 4.0
    left = min(300.0, 16 + LABEL_PX * max((len(bar.label) for bar in bars), default=0))
    room = WIDTH - left - 12 - LABEL_PX * max((len(bar.told) for bar in bars), default=0)
    most = max((sum(map(_sound, bar.parts)) for bar in bars), default=0.0) or 1.0
    drawn = []
    for at, bar in enumerate(bars):
        y, x = top + at * (tall + gap), left
        drawn.append(words_at(left - 8, y + 14.5, short(bar.label, left), "label end"))
        for number, part in enumerate(bar.parts):
            wide = room * _sound(part) / most
            if wide > 0:
                hint = f"{bar.label}: {names[number]}"
                drawn.append(_rect(_Box(x, y, wide, tall), number, hint))
                x += wide
        drawn.append(words_at(x + 7, y + 14.5, bar.told, "label"))
    shown = legend(names) if len(names) > 1 else ""
    return picture(title, top + len(bars) * (tall + gap), drawn) + shown


def legend(names: Sequence[str]) -> str:
    """What the colours stand for."""
    items = "".join(
        f'<li><i class="c{min(at, COLOURS - 1)}"></i>{escape(name)}</li>'
        for at, name in enumerate(names)
    )
    return f'<ul class="legend">{items}</ul>'


def picture(title: str, height: float, drawn: Sequence[str]) -> str:
    """The whole of a chart, which says in words what it shows."""
    box = f"0 0 {WIDTH:g} {height:g}"
    head = f'<svg viewBox="{box}" role="img" aria-label="{escape(title, quote=True)}">'
    return f'<div class="scroll">{head}{"".join(drawn)}</svg></div>'


def _axis(left: float, top: float, height: float, most: float, say: Say) -> str:
    drawn = []
    for part in range(5):
        y = top + height * (1 - part / 4)
        drawn.append(f'<path class="grid" d="M{left:g} {y:.1f}H{WIDTH - 8:g}"/>')
        drawn.append(words_at(left - 8, y + 4, say(most * part / 4), "tick end"))
    return "".join(drawn)


class _Box(NamedTuple):
    x: float
    y: float
    wide: float
    tall: float


def _rect(box: _Box, colour: int, hint: str) -> str:
    kind = f"c{min(colour, COLOURS - 1)}"
    size = f'width="{box.wide:.1f}" height="{box.tall:.1f}"'
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" {size}'
    return f'<rect class="{kind}" {place}><title>{escape(hint)}</title></rect>'


def words_at(x: float, y: float, words: str, kind: str) -> str:
    """Some words of a chart."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def short(words: str, room: float) -> str:
    """As much of them as there is room for."""
    most = max(4, int((room - 14) / LABEL_PX))
    return words if len(words) <= most else words[: most - 1] + "…"


def _sound(value: float) -> float:
    return value if LEAST <= value < LARGEST else 0.0


def _round_up(value: float) -> float:
    """The end of an axis: 1, 2, 2.5 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999999)
