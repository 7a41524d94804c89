"""The numbers that an option takes: a range, in which not-a-number is none.

Rule 1: a cap stays a cap, however little it leaves.
Rule 2: what is no number, or without an end, is misuse: no comparison with a limit refuses it.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import click


class Range(click.FloatRange):
    """Numbers from one end to the other."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is no number", param, ctx)
        return number


def cap_nusd(usd: float | None) -> int:
    """Nano-dollars; 0: there is no cap."""
    return 0 if usd is None else max(1, round(usd * 1e9))
