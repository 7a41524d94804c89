"""Draws small charts of blocks: bars that lie, columns that stand, and a week by hours.

Rule 1: a chart stands beside its numbers, never instead of them.
Rule 2: what is more than nothing is seen: the smallest value still has the smallest mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LYING = "▏▎▍▌▋▊▉█"
STANDING = "▁▂▃▄▅▆▇█"
SHADES = "·░▒▓█"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
STEPS = 8


def bar(value: float, largest: float, width: int = 24) -> str:
    """One bar; the largest value fills the width."""
    if value <= 0 or largest <= 0:
        return ""
    eighths = max(1, round(min(1.0, value / largest) * width * STEPS))
    whole, rest = divmod(eighths, STEPS)
    return LYING[-1] * whole + (LYING[rest - 1] if rest else "")


def columns(values: Sequence[float], height: int = 6) -> list[str]:
    """Columns beside each other, as lines from the top."""
    largest = max(values, default=0.0)
    if largest <= 0:
        return []
    tall = [
        max(1, round(value / largest * height * STEPS)) if value > 0 else 0 for value in values
    ]
    return ["".join(_cell(it - row * STEPS) for it in tall) for row in reversed(range(height))]


def _cell(eighths: int) -> str:
    if eighths <= 0:
        return " "
    return STANDING[min(eighths, STEPS) - 1]


def folded(values: Sequence[float], width: int) -> list[float]:
    """As many values as fit, each the sum of neighbours."""
    each = max(1, -(-len(values) // width))
    return [sum(values[at : at + each]) for at in range(0, len(values), each)]


def week(values: Mapping[tuple[int, int], float]) -> list[str]:
    """One line for each weekday, one mark for each hour; by (weekday, hour)."""
    largest = max(values.values(), default=0.0)
    lines = ["     " + "".join(f"{hour:02d}    " for hour in range(0, 24, 3)).rstrip()]
    for day, name in enumerate(WEEKDAYS):
        marks = (_shade(values.get((day, hour), 0.0), largest) * 2 for hour in range(24))
        lines.append(f"{name}  {''.join(marks)}")
    return lines


def _shade(value: float, largest: float) -> str:
    if value <= 0 or largest <= 0:
        return SHADES[0]
    steps = len(SHADES) - 1
    return SHADES[min(steps, 1 + int(value / largest * steps * 0.999))]
