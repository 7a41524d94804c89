"""All formats together: each file is read by the one that knows it, and none trips over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.book.columns import SOURCES
from headgate.ledger.importers import load
from headgate.ledger.importers.detect import find
from headgate.ledger.importers.importer import Refused
from tests.ledger.importers import test_anthropic_console, test_anthropic_cost
from tests.ledger.importers import test_openai_costs as costs
from tests.ledger.importers import test_openai_usage as openai
from tests.ledger.importers import test_table as tables
from tests.ledger.importers.exports import lines, opened, table
from tests.ledger.importers.test_helicone import ROW as HELICONE
from tests.ledger.importers.test_langfuse import ROW as LANGFUSE
from tests.ledger.importers.test_litellm import ROW as LITELLM

Write = Callable[[Path], object]
SAMPLES: dict[str, Write] = {
    "litellm": lambda path: lines(path, [LITELLM]),
    "langfuse": lambda path: lines(path, [LANGFUSE]),
    "helicone": lambda path: lines(path, [HELICONE]),
    "anthropic-console": lambda path: path.write_text(test_anthropic_console.NEW),
    "anthropic-cost": lambda path: path.write_text(test_anthropic_cost.NEWEST),
    "openai-usage": lambda path: table(path, [openai.NAMES, openai.ROW]),
    "openai-costs": lambda path: table(path, [costs.NAMES, costs.row("1", "gpt-5, input")]),
    "table": lambda path: table(path, [tables.NAMES, tables.ROW]),
}
IMPORTERS = {importer.name: importer for importer in load()}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_known_by_one_format_and_found_by_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    SAMPLES[name](path)
    head = path.read_bytes()
    fits = [it.name for it in IMPORTERS.values() if it.name != "table" and it.fits(path, head)]
    assert fits == ([name] if name != "table" else [])
    assert find([tmp_path]).files == {name: [path]}


def test_pages_of_the_apis_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "usage.json").write_text(json.dumps(openai.page(openai.RESULT)))
    assert list(find([tmp_path]).files) == ["openai-usage"]


def test_what_every_format_can_tell_is_said() -> None:
    assert set(IMPORTERS) <= set(SOURCES)
    assert not SOURCES["anthropic-cost"]
    assert "calls" not in SOURCES["openai-usage"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(SAMPLES)), data=st.data())
def test_a_file_that_is_damaged_anywhere_never_ends_in_a_trace(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    path = tmp_path / "a.csv"
    SAMPLES[name](path)
    whole = path.read_bytes() * 2
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 40))
    path.write_bytes(whole[:at] + data.draw(st.binary(max_size=6)) + whole[at + cut :])
    reading = opened(path)
    with suppress(Refused):
        for _ in IMPORTERS[name].read(reading):
            pass
    reported = IMPORTERS[name].reported
    with suppress(Refused):
        for _ in reported(opened(path)) if reported else ():
            pass
