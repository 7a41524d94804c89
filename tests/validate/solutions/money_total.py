"""What keeps the contract of the pack money-total, and what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

CENT = Decimal("0.01")


def _read(text: str, pattern: str) -> Decimal:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise ValueError(text)
    return Decimal(text)


def _total(lines: list[dict[str, Any]], rate: str, how: str = ROUND_HALF_UP) -> dict[str, str]:
    with localcontext(Context(prec=60, rounding=how)):
        share = _read(rate, r"\d(\.\d{1,4})?")
        net = Decimal("0.00")
        for it in lines:
            price, quantity = _read(it["price"], r"-?\d+(\.\d{1,4})?"), it["quantity"]
            if type(quantity) is not int or quantity < 0:
                raise ValueError(quantity)
            net += (price * quantity).quantize(CENT)
        tax = (net * share).quantize(CENT)
        if share > 1:
            raise ValueError(rate)
        return {"net": f"{net + 0}", "tax": f"{tax + 0}", "gross": f"{net + tax + 0}"}


def right(lines: list[dict[str, Any]], rate: str) -> dict[str, str]:
    return _total(lines, rate)


def _counts_with_floats(lines: list[dict[str, Any]], rate: str) -> dict[str, str]:
    net = round(sum(float(it["price"]) * it["quantity"] for it in lines), 2)
    tax = round(net * float(rate), 2)
    return {"net": f"{net:.2f}", "tax": f"{tax:.2f}", "gross": f"{net + tax:.2f}"}


def _rounds_halves_to_even(lines: list[dict[str, Any]], rate: str) -> dict[str, str]:
    return _total(lines, rate, ROUND_HALF_EVEN)


def _rounds_the_sum_alone(lines: list[dict[str, Any]], rate: str) -> dict[str, str]:
    net = sum((Decimal(it["price"]) * it["quantity"] for it in lines), Decimal(0))
    return _total([{"price": f"{net:.4f}", "quantity": 1}], rate)


def _has_a_minus_zero(lines: list[dict[str, Any]], rate: str) -> dict[str, str]:
    made = _total(lines, rate)
    is_below = any(it["price"].startswith("-") for it in lines)
    return {name: f"-{it}" if it == "0.00" and is_below else it for name, it in made.items()}


def _taxes_each_line(lines: list[dict[str, Any]], rate: str) -> dict[str, str]:
    made = _total(lines, rate)
    tax = sum((Decimal(_total([it], rate)["tax"]) for it in lines), Decimal("0.00"))
    return {"net": made["net"], "tax": str(tax), "gross": str(Decimal(made["net"]) + tax)}


WRONG: list[Callable[..., Any]] = [
    _counts_with_floats,
    _rounds_halves_to_even,
    _rounds_the_sum_alone,
    _has_a_minus_zero,
    _taxes_each_line,
]
