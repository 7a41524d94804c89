"""`import headgate` is cheap and silent: fast, without I/O, and public only where we say so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import headgate

PUBLIC = {"__version__"}

MAX_IMPORT_S = 0.1

TIMED = "import time; t = time.perf_counter(); import headgate; print(time.perf_counter() - t)"

WATCHED = """
import sys
seen = []
def hook(event, args):
    if event == "open" and not str(args[0]).endswith((".py", ".pyc")):
        seen.append(f"open {args[0]}")
    elif event.startswith(("socket.", "subprocess.", "sqlite3.", "os.putenv", "os.mkdir")):
        seen.append(event)
sys.addaudithook(hook)
import headgate
print("\\n".join(seen))
"""


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.slow
def test_importing_headgate_takes_less_than_a_tenth_of_a_second() -> None:
    best = min(float(run(TIMED)) for _ in range(3))  # the least disturbed of three
    assert best < MAX_IMPORT_S


def test_importing_headgate_opens_nothing() -> None:
    assert run(WATCHED) == ""


def test_the_public_names_are_the_ones_listed_here() -> None:
    names = {
        name
        for name, value in vars(headgate).items()
        if not isinstance(value, ModuleType) and (not name.startswith("_") or name in PUBLIC)
    }
    assert names - {"annotations"} == PUBLIC


HEAVY = (
    *("rich", "duckdb", "sqlite3", "email", "urllib.request", "uvicorn", "pandas"),
    *("headgate.config", "headgate.wire", "headgate.money", "headgate.engine"),
    *("headgate.sandbox.hosted", "headgate.sandbox.verdict", "headgate.validate.pack"),
)
"""what a command that runs code here has no use for, each of them tens of milliseconds"""
LOADED = """
import sys
{code}
print("LOADED", *sys.modules)
"""
SPOKEN = """
from headgate.cli import main
try:
    main({words})
except SystemExit:
    pass
"""


def loaded(code: str, here: Path) -> set[str]:
    """The modules that are there in the end, in a folder and a home with nothing in them."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("HEADGATE")}
    env |= {"HOME": str(here), "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""}
    words = [sys.executable, "-c", LOADED.format(code=code)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=env, cwd=here)
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["exec", "-h"], ["validate", "-h"]]
)
def test_words_about_a_command_load_nothing_of_what_it_does(
    words: list[str], tmp_path: Path
) -> None:
    found = loaded(SPOKEN.format(words=words), tmp_path)
    assert "headgate.cli" in found
    assert not found & {*HEAVY, "asyncio", "msgspec", "headgate.sandbox", "headgate.validate"}


@pytest.mark.slow
def test_what_runs_code_without_a_configuration_loads_none(tmp_path: Path) -> None:
    code = "import headgate.cli.execution as it; it.contained(None)"
    found = loaded(code, tmp_path)
    assert "headgate.sandbox.sandbox" in found
    assert not found & set(HEAVY)


@pytest.mark.slow
def test_a_file_that_needs_no_tool_is_validated_without_loading_the_sandbox(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.py").write_bytes(b"\0")
    found = loaded(SPOKEN.format(words=["validate", "a.py"]), tmp_path)
    assert "headgate.validate.validator" in found
    assert not found & {*HEAVY, "headgate.sandbox.sandbox", "xml.sax"}
