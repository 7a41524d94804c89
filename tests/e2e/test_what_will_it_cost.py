"""The guide to costs is tried out: its own blocks are run, and its promises seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section

NAME = "what-will-it-cost.md"
PORTS = ("4495", "4496")

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cost")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    text = guide.read(NAME, PORTS)
    (folder / "cost.toml").write_text(guide.blocks(text, "toml")[0])
    return guide.run(text, folder)


def test_models_are_compared_and_shown_line_by_line(output: str) -> None:
    said = section(output, "Say what you know")
    assert said.index("claude-haiku-5-5") < said.index("claude-opus-5-5")
    assert "cache writes, 5m" in said
    assert "cache writes, 30m" in said


def test_the_longer_lifetime_is_read_nearly_always(output: str) -> None:
    said = section(output, "When nobody knows the hit rate")
    assert "52.8% of requests read a prefix kept for 5m" in said
    assert "100.0% of requests read a prefix kept for 1h" in said


def test_what_is_exceeded_is_named_with_what_helps(output: str) -> None:
    said = section(output, "The busiest minute")
    assert "exceed the 5,000 of Build: raise the tier to Scale" in said
    assert "a burst of 400 requests may be refused" in said


def test_all_else_is_in_the_bill(output: str) -> None:
    said = section(output, "Everything else that is paid")
    for name in ("batch discount", "rate tier fee", "cache of your own", "review labour"):
        assert name in said
    assert "Machines of your own" in said
    assert "8.57 months" in said


def test_the_ledger_tells_the_pattern(output: str) -> None:
    said = section(output, "From your own traffic")
    assert "SIMULATED" in said
    assert "96.7% of what was marked for a cache was read" in said
    assert "less than a day, and was taken for a whole one" in said


def test_a_known_workload_can_be_read_by_machines(output: str, folder: Path) -> None:
    assert "001-retrieval" in section(output, "Known workloads")
    (model,) = json.loads((folder / "cost.json").read_text())["models"]
    assert model["cache"]["reads"] == 0.7
