"""Does what `headgate bench totals` asks: what published totals show, under stated assumptions.

Rule 1: nothing is assumed in silence: one line for each likeness of answers to one task.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

import click
import msgspec

from headgate.cli import Misuse
from headgate.cli.terminal import print_json, print_table
from headgate.stats.share import Between
from headgate.stats.totals import Total, difference, interval, likelihood, worth

_TOTAL = re.compile(r"(\d+)/(\d+)")


class Shown(msgspec.Struct, frozen=True):
    """What two totals show, if answers are so alike."""

    alike: float
    worth: float
    """how many independent answers each total is worth"""
    first: Between
    second: Between
    difference: Between
    likelihood: float


def tell_totals(
    totals: Sequence[str],
    tasks: int,
    likenesses: Sequence[float],
    prices: Sequence[str],
    *,
    as_json: bool,
) -> int:
    """Show them."""
    first, second = (_read(it, tasks) for it in totals)
    shown = [
        Shown(
            it,
            worth(first, it),
            interval(first, it),
            interval(second, it),
            difference(first, second, it),
            likelihood(first, second, it),
        )
        for it in likenesses
    ]
    if as_json:
        print_json(shown)
        return 0
    heads = ["alike", "worth", *totals, "difference", "by chance"]
    rows = [
        [
            f"{it.alike:g}",
            f"{it.worth:.0f} answers",
            f"{first.share:.1%} ({_percent(it.first)})",
            f"{second.share:.1%} ({_percent(it.second)})",
            f"{(second.share - first.share) * 100:+.1f} points ({_points(it.difference)})",
            f"p = {it.likelihood:.1g}",
        ]
        for it in shown
    ]
    print_table(heads, rows)
    for total, price in zip((first, second), prices, strict=False):
        _tell_price(total, _money(price), shown[-1].alike)
    return 0


def _tell_price(total: Total, price: Decimal, alike: float) -> None:
    low, high = interval(total, alike)
    if not low:
        raise Misuse("nothing was right, so a right answer has no price", "leave --usd out")
    middle, least, most = (float(price) / it for it in (total.share, high, low))
    click.echo(
        f"{total.right}/{total.asked}: ${price} an answer is ${middle:.5f} a right one "
        f"({least:.5f} to {most:.5f}, alike {alike:g})"
    )


def _read(text: str, tasks: int) -> Total:
    found = _TOTAL.fullmatch(text)
    if found is None:
        raise Misuse(f"{text} is no total", "write right/asked, such as 391/500")
    it = Total(int(found[1]), int(found[2]), tasks)
    if it.right > it.asked or tasks > it.asked:
        raise Misuse(
            f"{text} on {tasks} tasks cannot be", "right <= asked, and a task is asked once"
        )
    return it


def _money(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise Misuse(f"--usd {text} is no sum", "such as --usd 0.0129") from None


def _percent(it: Between) -> str:
    return f"{it.low * 100:.1f} to {it.high * 100:.1f}"


def _points(it: Between) -> str:
    return f"{it.low * 100:+.1f} to {it.high * 100:+.1f}"
