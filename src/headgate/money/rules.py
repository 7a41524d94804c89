"""The operator's own rules of price: the ceiling for unknown models, and overrides.

Rule 1: money is decimal text in dollars, never a float.
Rule 2: every mistake is reported at once, with its path and its remedy.
Rule 3: a ceiling is above zero: a model that costs nothing runs at a provider marked free. Who
wants none switches it off, and unknown models have no price then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from headgate.money.sheet import Prices, Steps, flat, fraction

MOST_USD = Decimal(1_000_000)
FINEST = -10
"""decimals that a price may have: with them, every modifier of it is still exact"""

KEYS: Mapping[str, tuple[str, ...]] = {
    "input": ("input_mtok",),
    "output": ("output_mtok",),
    "cache_read": ("cache_read_mtok",),
    "cache_write": (
        "cache_write_mtok",
        "cache_write_5m_mtok",
        "cache_write_1h_mtok",
        "cache_write_30m_mtok",
        "cache_write_12h_mtok",
    ),
    "cache_write_5m": ("cache_write_5m_mtok",),
    "cache_write_1h": ("cache_write_1h_mtok",),
    "cache_write_30m": ("cache_write_30m_mtok",),
    "cache_write_12h": ("cache_write_12h_mtok",),
    "search": ("web_searches_kcount",),
}
"""a class as the operator writes it -> the catalogue's keys that it sets"""


@dataclass(frozen=True, slots=True)
class PriceRules:
    """As written: decimal text in dollars per million tokens (search: per 1,000 uses)."""

    ceiling_input_mtok: str = "15"
    ceiling_output_mtok: str = "75"
    overrides: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """(model, or provider:model by the operator's or the catalogue's provider; prices)"""
    ceiling: bool = True
    """False: an unknown model has no price at all"""


@dataclass(frozen=True, slots=True)
class Rules:
    """As checked."""

    ceiling_input: Steps
    ceiling_output: Steps
    overrides: Mapping[str, Prices]
    """model, or provider:model, in lower case -> prices by catalogue key"""
    has_ceiling: bool = True

    def override(self, sellers: tuple[str, ...], names: tuple[str, ...]) -> Prices | None:
        """The operator's prices for a model and its seller, which both go by several names."""
        for name in (*(f"{seller}:{name}" for seller in sellers for name in names), *names):
            if name.lower() in self.overrides:
                return self.overrides[name.lower()]
        return None


def check(rules: PriceRules) -> Rules:
    """The rules as numbers, or a ValueError that names every mistake in them."""
    wrong: list[str] = []
    ceilings = [
        _ceiling("prices.ceiling_input_mtok", rules.ceiling_input_mtok, wrong),
        _ceiling("prices.ceiling_output_mtok", rules.ceiling_output_mtok, wrong),
    ]
    overrides: dict[str, Prices] = {}
    for model, classes in rules.overrides:
        path = f'prices.overrides."{model}"'
        prices: dict[str, Steps] = {}
        # cache_write sets every lifetime, and one lifetime's own price then replaces it.
        for name, usd in sorted(classes, key=lambda item: item[0] != "cache_write"):
            if name not in KEYS:
                wrong.append(f"{path}.{name}: {_unknown(name)}")
                continue
            dollars = _dollars(f"{path}.{name}", usd, wrong)
            if dollars is not None:
                prices.update(dict.fromkeys(KEYS[name], flat(fraction(dollars))))
        if not classes:
            wrong.append(f'{path}: names no price; write one, such as input = "3"')
        overrides[model.lower()] = prices
    if wrong:
        raise ValueError("\n".join(wrong))
    return Rules(ceilings[0], ceilings[1], overrides, rules.ceiling)


def _ceiling(path: str, text: str, wrong: list[str]) -> Steps:
    usd = _dollars(path, text, wrong)
    if usd == 0:
        wrong.append(
            f"{path}: an unknown model is never free, so the ceiling must be above 0; "
            "mark a provider that costs nothing with free = true"
        )
    return flat(fraction(usd or Decimal(1)))


def _dollars(path: str, text: str, wrong: list[str]) -> Decimal | None:
    """The text as dollars; None, and a complaint among the wrong, where it is no price."""
    try:
        usd = Decimal(text)
    except InvalidOperation:
        usd = Decimal("NaN")
    exponent = usd.normalize().as_tuple().exponent if usd.is_finite() else None
    if not isinstance(exponent, int) or not 0 <= usd <= MOST_USD or exponent < FINEST:
        wrong.append(
            f"{path}: {text!r} is not a price; write dollars as decimal text from 0 to "
            f'{MOST_USD} with at most {-FINEST} decimals, such as "0.25"'
        )
        return None
    return usd


def _unknown(name: str) -> str:
    close = get_close_matches(name, KEYS, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"no such price class; {meant}known: {', '.join(KEYS)}"
