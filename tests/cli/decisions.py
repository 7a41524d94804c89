"""headgate decide as it is typed, for the tests of its parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from headgate.cli import main

WORK = ("--requests", "40k/day", "--input", "6k", "--output", "300")
TWO = ("--model", "claude-haiku-5-5", "--model", "claude-sonnet-5-5")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["decide", *words])


def told(*words: str) -> Any:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def saved(folder: Path, *words: str) -> Sequence[str]:
    place = ("--ledger", str(folder / "headgate.db"))
    assert run(*WORK, *TWO, *words, "--save", "support", *place).exit_code == 0
    return place
