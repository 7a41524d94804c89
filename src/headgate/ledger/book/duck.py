"""Owns how DuckDB is opened: in memory, within bounds, without a network.

Rule 1: nothing is ever installed or fetched by it; what it lacks is brought to it as rows.
Rule 2: it is loaded by the commands that ask, never by a process that serves calls.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

import duckdb

MEMORY_MB = 1_200
"""with what Python and the readers take beside it, two gigabytes hold"""

ERRORS: tuple[type[Exception], ...] = (duckdb.Error,)
"""what a question may raise"""


class Answer(Protocol):
    """What a statement found; it must be fetched to its end before the next is executed."""

    @property
    def description(self) -> list[tuple[Any, ...]]: ...

    def fetchmany(self, size: int = ..., /) -> list[tuple[Any, ...]]: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Duck(Protocol):
    """An open DuckDB, used by one thread at a time."""

    def execute(
        self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ..., /
    ) -> Answer: ...

    def register(self, name: str, stream: object, /) -> object: ...

    def unregister(self, name: str, /) -> object: ...

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


def open_duck(*, memory_mb: int = MEMORY_MB, threads: int = 0, spill: str = "") -> Duck:
    """A new one. `spill`: a folder for what does not fit into memory; empty: there is none."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb}MB",
        "threads": str(threads or min(4, os.cpu_count() or 1)),
        "temp_directory": spill,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "false",
    }
    duck: Duck = duckdb.connect(":memory:", config=config)
    duck.execute("SET enable_progress_bar = false")
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute(
        "SET parquet_metadata_cache = true"
    )  # many questions are put to the same files
    return duck
