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


class Priced(msgspec.Struct, frozen=True):
    """What a right answer costs, in dollars."""

    usd: float
    low: float
    high: float


class Shown(msgspec.Struct, frozen=True):
    """What two totals show, if answers are so alike."""

    alike: float
    worth: float
    """how many independent answers each total is worth"""
    first: Between
    second: Between
    difference: Between
    likelihood: float
    prices: tuple[Priced, ...] = ()
    """of each total that has one"""


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
    if len(prices) > len(totals):
        raise Misuse(f"two totals have no {len(prices)} prices", "--usd once for each total")
    paid = [(it, _money(price)) for it, price in zip((first, second), prices, strict=False)]
    shown = [
        Shown(
            it,
            worth(first, it),
            interval(first, it),
            interval(second, it),
            difference(first, second, it),
            likelihood(first, second, it),
            tuple(_priced(total, price, it) for total, price in paid),
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
    for (total, price), found in zip(paid, shown[-1].prices, strict=True):
        click.echo(
            f"{total.right}/{total.asked}: ${price} an answer is ${found.usd:.5f} a right one "
            f"({found.low:.5f} to {found.high:.5f}, alike {shown[-1].alike:g})"
        )
    return 0


def _priced(total: Total, price: Decimal, alike: float) -> Priced:
    low, high = interval(total, alike)
    if not low:
        raise Misuse("nothing was right, so a right answer has no price", "leave --usd out")
    return Priced(*(float(price) / it for it in (total.share, high, low)))


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
        sum_usd = Decimal(text)
    except ArithmeticError:
        sum_usd = Decimal("nan")
    if not (sum_usd.is_finite() and sum_usd >= 0):
        raise Misuse(f"--usd {text} is no sum", "such as --usd 0.0129")
    return sum_usd


def _percent(it: Between) -> str:
    return f"{it.low * 100:.1f} to {it.high * 100:.1f}"


def _points(it: Between) -> str:
    return f"{it.low * 100:+.1f} to {it.high * 100:+.1f}"
