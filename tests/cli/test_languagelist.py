"""Languages are listed with their versions; one that is not there with its remedy."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from headgate.cli import main
from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.model import Runtime

PACKAGES = ["exec", "--packages"]


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has Python alone."""

    def look(name: str) -> Runtime | Missing:
        if name == "python":
            return Runtime("python", "3.11.7", "python")
        return Missing(f"{name} is not on PATH", f"apt-get install {name}")

    monkeypatch.setattr(catalogue, "look", look)


def test_every_language_is_listed_and_a_missing_one_says_how_to_get_it() -> None:
    found = CliRunner().invoke(main, PACKAGES)
    assert found.exit_code == 0
    assert "python 3.11.7\n  " in found.stdout
    assert "go is not there: go is not on PATH\n  hint: apt-get install go" in found.stdout


def test_a_language_that_was_named_and_is_missing_is_a_failure() -> None:
    found = CliRunner().invoke(main, [*PACKAGES, "-l", "rust"])
    assert found.exit_code == 1
    assert "apt-get install rust" in found.stdout


def test_json_holds_each_package_by_name() -> None:
    found = CliRunner().invoke(main, [*PACKAGES, "-l", "python", "--json"])
    (python,) = json.loads(found.stdout)
    assert python["version"] == "3.11.7"
    assert {"name", "version"} == set(python["packages"][0])
