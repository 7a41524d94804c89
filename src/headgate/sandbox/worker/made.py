"""Saves what code drew or tabled without saying where: figures as PNG, a last table as CSV.

Rule 1: what could not be saved is told on stderr and fails nothing.
Rule 2: a name that is taken is not written over.
"""

from __future__ import annotations

import os
import sys
from typing import Any

FOLDER = "/box/output"


def save_figures() -> None:
    """Every figure of pyplot that is still open; then they are closed."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    numbers = pyplot.get_fignums() if pyplot is not None else ()
    if pyplot is None or not numbers:
        return
    for number in numbers:
        path = _free("figure", "png")
        try:
            pyplot.figure(number).savefig(path, bbox_inches="tight")
        except Exception as error:  # noqa: BLE001 - drawing is the user's, and so are its errors
            _tell(path, error)
    pyplot.close("all")


def show(*_arguments: object, **_options: object) -> None:
    """pyplot.show() where there is no screen: what would be shown is an artefact."""
    save_figures()


def adopt_pyplot() -> None:
    """Let pyplot.show() save."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.show = show


def save_table(value: object) -> None:
    """A table of pandas or Polars that the last line came to."""
    module = type(value).__module__.partition(".")[0]
    writes = {"pandas": "to_csv", "polars": "write_csv"}.get(module, "")
    write = getattr(value, writes, None) if writes else None
    if write is None:
        return
    path = _free("table", "csv")
    try:
        write(path)
    except Exception as error:  # noqa: BLE001 - the table may hold anything
        _tell(path, error)


def _free(stem: str, suffix: str) -> str:
    number = 1
    while os.path.lexists(path := f"{FOLDER}/{stem}-{number}.{suffix}"):
        number += 1
    return path


def _tell(path: str, error: Exception) -> None:
    text = f"{os.path.basename(path)} could not be saved: {type(error).__name__}: {error}\n"
    sys.stderr.write(text)
