"""The page of prices: what each model costs, the last that is known.

Rule 1: it is of no day: a price that will hold later is shown when it is the last.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from docs.table import header, row
from headgate.money import facts
from headgate.money.catalog import Catalog, PriceRules
from headgate.money.pricing import Line, Rates

NEWEST = datetime(9000, 1, 1, 12, tzinfo=UTC)  # after every dated price: those in force last


def page() -> str:
    catalog = Catalog.load(PriceRules())
    parts = [
        "# Prices",
        "",
        f"From {catalog.version} and our own rows in `src/headgate/money/models`: dollars per",
        "million tokens, the last price known of each model. Earlier dates are priced as they",
        "were then; `headgate explain --model NAME` shows what holds today, with your own",
        "overrides.",
        "Batch, flex, priority, fast and US-region terms come on top.",
        "",
    ]
    for vendor in sorted(path.stem for path in facts.FOLDER.glob("*.toml")):
        parts += [f"## {vendor}", ""]
        parts += header(
            *("model", "input above", "input", "cache read", "write 5m", "write 1h"),
            *("output", "context", "max output", "cached from"),
        )
        for model in catalog.models(vendor):
            parts += _price_rows(model, catalog.rates(vendor, model, NEWEST))
        parts.append("")
    parts += ["## Others", "", *header("provider id", "models with a price")]
    parts += [row(f"`{name}`", str(len(catalog.models(name)))) for name in catalog.providers]
    return "\n".join([*parts, ""])


def _price_rows(model: str, rates: Rates) -> Iterable[str]:
    bands: dict[int, dict[str, Line]] = {}
    for line in rates.lines():
        if line.name not in ("search", "call"):
            bands.setdefault(line.above, {})[line.name] = line
    about = (rates.context_window, rates.max_output, rates.cache_minimum)
    for above, lines in sorted(bands.items()):
        shown = [
            f"{lines[name].usd:f}"
            for name in ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
        ]
        known = (f"{number:,}" if number else "" for number in about)
        yield row(f"`{model}`", f"{above:,}" if above >= 0 else "", *shown, *known)
