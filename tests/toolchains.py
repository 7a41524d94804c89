"""Lends every test the toolchains of `make toolchains`, whatever home it is given.

Without them Go would build its standard library anew in each test's fresh home.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.model import Runtime

FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "toolchains"


@pytest.fixture(autouse=True)
def _lent_toolchains(nobody_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_TOOLCHAINS", str(FOLDER))


def here(language: str) -> Runtime:
    """What this machine has of a language; a test is skipped loudly without."""
    found = catalogue.look(language)
    if isinstance(found, Missing):
        pytest.skip(f"{found.what}; make toolchains, or: {found.remedy}")
    return found
