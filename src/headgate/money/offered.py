"""Which models are compared where nobody names any, and at which prices: compared.toml.

Rule 1: a model without a listed price is left out: nothing can be said of what it costs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from headgate.money.catalog import Catalog
from headgate.money.forecast import Offer

FILE = Path(__file__).parent / "compared.toml"


def offered(catalog: Catalog, at: datetime, file: Path = FILE) -> tuple[Offer, ...]:
    """The models of every maker, at their prices of that moment."""
    found = []
    for row in tomllib.loads(file.read_text(encoding="utf-8"))["maker"]:
        provider, models = _row(row)
        for model in models:
            rates = catalog.rates(provider, model, at)
            if rates.priced_by in ("catalog", "override"):
                found.append(Offer(model, rates, provider))
    return tuple(found)


def _row(row: Mapping[str, object]) -> tuple[str, list[str]]:
    match row:
        case {
            "provider": str(provider),
            "models": [*models],
            "checked": date(),
            "source": str(),
        }:
            return provider, [str(model) for model in models]
        case _:
            needed = "provider, models = [...], checked = a date and source"
            raise ValueError(f"money/compared.toml: a maker needs {needed}; this is {row!r}")
