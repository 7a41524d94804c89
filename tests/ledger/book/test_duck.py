"""DuckDB is opened within bounds, and fetches nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headgate.ledger.book.duck import ERRORS, MEMORY_MB, open_duck


def setting(name: str, **options: object) -> str:
    duck = open_duck(**options)  # type: ignore[arg-type]
    try:
        ((value,),) = duck.execute(f"SELECT current_setting('{name}')").fetchall()
    finally:
        duck.close()
    return str(value)


def test_it_keeps_within_its_memory_and_threads() -> None:
    assert setting("memory_limit", memory_mb=64).startswith("61.0 MiB")
    assert setting("threads", threads=3) == "3"
    assert MEMORY_MB < 2_000


def test_times_are_those_of_utc_wherever_it_runs() -> None:
    assert setting("TimeZone") == "UTC"


def test_nothing_is_ever_installed_by_itself() -> None:
    assert setting("autoinstall_known_extensions") == "False"
    duck = open_duck()
    with pytest.raises(ERRORS):
        duck.execute("SELECT * FROM 's3://somewhere/else.parquet'").fetchall()
    duck.close()


def test_what_does_not_fit_is_spilled_only_where_a_folder_is_named(tmp_path: Path) -> None:
    assert setting("temp_directory", spill=str(tmp_path)) == str(tmp_path)
    assert setting("temp_directory") == ""


def test_a_process_that_serves_calls_never_loads_it() -> None:
    code = (
        "import sys\n"
        "import headgate.gateway.start, headgate.gateway.app, headgate.engine.gate\n"
        "import headgate.ledger.writer\n"
        "names = ('duckdb', 'adbc_driver_manager', 'clickhouse_connect')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
