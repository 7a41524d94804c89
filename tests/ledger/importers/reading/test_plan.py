"""Columns are told by --map or by plain names, and else asked for by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.reading.items import folded
from headgate.ledger.importers.reading.plan import FIELDS, NUMBERS, SPENT, example, make, plain


def test_no_plain_name_is_of_two_fields() -> None:
    names = [folded(name) for words in FIELDS.values() for name in words.split()]
    assert len(names) == len(set(names))
    assert {*NUMBERS, *SPENT} <= set(FIELDS)


def test_every_field_is_found_by_each_of_its_names() -> None:
    for field, words in FIELDS.items():
        for name in words.split():
            needed = [each for each in ("ts", "model", "output_tokens") if each != field]
            assert make((), [*needed, name]).key(field), (field, name)


def test_the_map_goes_before_names_and_no_column_is_two_things() -> None:
    plan = make((("input", "prompt_tokens"),), ["ts", "model", "prompt_tokens", "input_tokens"])
    assert plan.key("input") == "prompttokens"
    assert plan.key("input_total") == ""
    assert plan.mapped == {"input"}


def test_what_is_missing_is_named_with_an_example_of_these_columns() -> None:
    with pytest.raises(Refused) as refused:
        make((), ["When", "Engine v", "Prompt", "Answer out"])
    assert "ts" in refused.value.what
    assert refused.value.remedy.endswith(
        "ts=When,model=Engine v,input=Prompt,output=Answer out"
    )
    assert example(["a"]).startswith("ts=COLUMN")


def test_a_table_is_plain_if_time_model_and_tokens_are() -> None:
    assert plain(frozenset(("timestamp", "model", "prompttokens")))
    assert not plain(frozenset(("timestamp", "model", "cost")))
    assert not plain(frozenset(("model", "prompttokens")))


def test_the_guide_names_all_that_the_map_takes() -> None:
    guide = Path(__file__).parents[4] / "docs" / "guides" / "import-what-you-have.md"
    listed = guide.read_text().partition("`--map` takes")[2].partition(".\n")[0]
    assert re.findall(r"`(\w+)`", listed) == list(FIELDS)
