"""The light reading of genai-prices gives what the package itself gives, and costs far less."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from genai_prices.data import providers as package_rows

from headgate.money.genai import rows
from headgate.money.listing import prices_of

LOAD = """
import json, sys, threading
from headgate.money.catalog import Catalog, PriceRules
catalog = Catalog.load(PriceRules())
print(json.dumps([sorted(sys.modules), threading.active_count(), catalog.version]))
"""


def told(providers: list[Any]) -> list[object]:
    """Everything that pricing reads of the rows, in comparable form."""
    return [
        (
            provider.id,
            provider.fallback_model_providers,
            [
                (model.id, repr_of(model.match), model.context_window, priced(model))
                for model in provider.models
            ],
        )
        for provider in providers
    ]


def repr_of(clause: Any) -> object:
    """A clause as (kind, value), lower-cased as both compare it."""
    fields = (
        {name: getattr(clause, name) for name in clause.__slots__}
        if hasattr(clause, "__slots__")
        else vars(clause)
    )
    [(name, value)] = fields.items()
    if isinstance(value, list):
        return name, [repr_of(part) for part in value]
    return name, value if name == "regex" else value.lower()


def priced(model: Any) -> object:
    prices, given = model.prices, model.price_variants or ()
    dated = [row.prices for row in prices] if isinstance(prices, list) else [prices]
    return (
        [prices_of(price) for price in dated],
        [(variant.when, prices_of(variant.prices)) for variant in given],
    )


@pytest.mark.slow
def test_light_rows_equal_the_packages_rows() -> None:
    """Every provider, model, match clause, price and variant."""
    found, providers = rows.read()
    assert found == version("genai-prices")
    assert told(list(providers)) == told(list(package_rows))


@pytest.mark.slow
def test_reading_brings_no_http_client_no_pydantic_and_no_thread() -> None:
    """Nothing that could fetch prices is even imported: the updater cannot run."""
    told_json = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True
    ).stdout
    modules, threads, catalog_version = json.loads(told_json)
    assert catalog_version == f"genai-prices {version('genai-prices')}"
    assert threads == 1
    heavy = {"pydantic", "httpx", "httpx2", "ssl", "asyncio", "genai_prices"}
    assert heavy.isdisjoint(modules)


@pytest.mark.slow
def test_headgate_itself_imports_no_price() -> None:
    code = "import sys, headgate; print('headgate.money.catalog' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "False"


@pytest.mark.parametrize("text", ["from .types import Unheard", "providers = Unheard()", ""])
def test_a_data_file_of_unknown_shape_is_read_through_the_package(
    text: str, tmp_path: Path
) -> None:
    data_file = tmp_path / "data.py"
    data_file.write_text(text)
    read: object = rows._rows(data_file)
    assert read is package_rows


def test_without_genai_prices_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PACKAGE", "no_such_package_of_prices")
    with pytest.raises(RuntimeError, match="pip install"):
        rows.read()
