"""Reads the price rows that the installed genai-prices carries.

Rule 1: its data file is executed against types.py beside this file. Importing the package
itself would bring pydantic and an HTTP client along: 30 MB and 0.1 s instead of 4 MB and
0.02 s, where a worker at rest has 80 MB in all (docs/decisions/0003-prices.md).
Rule 2: nothing is fetched: the package's updater is never imported, let alone started.
Rule 3: a data file written in shapes unknown to types.py is read through the package after all.
"""

from __future__ import annotations

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import cast

from headgate.money.genai.types import Provider

PACKAGE = "genai_prices"


def read() -> tuple[str, list[Provider]]:
    """The version of the installed genai-prices, and its providers with their models."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "genai-prices is not installed, so no model has a price; "
            'install it beside headgate: pip install "genai-prices>=0.2.3"'
        )
    folder = Path(spec.origin).parent
    return _version(folder), _rows(folder / "data.py")


def _rows(data_file: Path) -> list[Provider]:
    spec = spec_from_file_location("headgate.money.genai.data", data_file)
    if spec is None or spec.loader is None:
        return _rows_of_package()
    data = module_from_spec(spec)
    try:
        spec.loader.exec_module(data)
        return cast(list[Provider], data.providers)
    except (OSError, ImportError, NameError, AttributeError, TypeError):
        return _rows_of_package()


def _rows_of_package() -> list[Provider]:
    from genai_prices.data import providers

    # The package's rows have every field ours have, under the same names.
    return cast(list[Provider], providers)


def _version(folder: Path) -> str:
    # The installed version is in the name of the folder beside the package; importlib.metadata
    # would read the same from there, for 7 MB and 24 ms of its own imports.
    for info in folder.parent.glob(f"{PACKAGE}-*.dist-info"):
        return info.name.removesuffix(".dist-info").partition("-")[2]
    from importlib.metadata import version

    return version(PACKAGE)
