"""What the commands for organisations, teams and keys share."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.cli import main, tenancy
from headgate.store.capped import CapChanges
from headgate.store.traits import SAME, Changes, Traits

NOTHING = {
    "cost_centre": None,
    "tags": (),
    "models": (),
    "surfaces": (),
    "prompt_cache": None,
    "metadata": None,
    "limits": (),
    "budgets": (),
    "budget_kind": None,
    "lower_output": None,
    "warn_at": None,
    "config_path": None,
}


def test_an_option_that_is_not_given_changes_nothing() -> None:
    assert tenancy.changes(NOTHING) == SAME


def test_taking_back_is_told_from_saying_nothing() -> None:
    given = NOTHING | {"any_model": True, "cost_centre": ""}
    assert tenancy.changes(given) == Changes(cost_centre="", models=())


@pytest.mark.parametrize(("said", "given"), [("on", "on"), ("inherit", "")])
def test_what_is_said_of_the_prompt_cache_can_be_taken_back(said: str, given: str) -> None:
    assert tenancy.changes(NOTHING | {"prompt_cache": said}) == Changes(prompt_cache=given)


def test_when_a_key_ends_is_not_taken_for_what_it_is_capped_at() -> None:
    given = NOTHING | {"expires": 7, "limits": (("requests", 3),)}
    caps = CapChanges(limits=(("requests", 3),))
    assert tenancy.changes(given) == Changes(expires_us=7, caps=caps)


def test_facts_that_are_empty_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    tenancy.print_facts(
        {"cost_centre": "", "tags": ["a", "b"], "metadata": {"x": 1}, "id": None}
    )
    assert capsys.readouterr().out == 'tags          a, b\nmetadata      {"x": 1}\n'


def test_metadata_is_shown_as_the_object_it_is() -> None:
    assert tenancy.traits_shown(Traits(metadata='{"a": [1]}'))["metadata"] == {"a": [1]}


@pytest.mark.parametrize("command", ["orgs", "teams"])
def test_listing_before_anything_exists_creates_nothing(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [command, "list"], env={"HEADGATE_HOME": str(tmp_path)})
    assert result.exit_code == 0
    assert f"create one with `headgate {command} create --name NAME`" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["orgs", "teams", "keys"])
@pytest.mark.parametrize("words", [["list"], ["show", "x"], ["update", "x", "--tag", "a"]])
def test_a_ledger_that_was_named_and_is_not_there_is_a_mistake(
    command: str, words: list[str], tmp_path: Path
) -> None:
    missing = str(tmp_path / "none.db")
    result = CliRunner().invoke(main, [command, *words, "--ledger", missing])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"there is no ledger at {missing} yet" in result.stderr
