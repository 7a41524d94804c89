"""`headgate orgs`: made, listed, changed, archived and restored from the command line."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from headgate.cli import main


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["orgs", *words])


def test_an_organisation_is_made_shown_changed_and_listed() -> None:
    made = run("create", "--name", "acme", "--cost-centre", "4711", "--tag", "a=1", "--json")
    assert made.exit_code == 0, made.stderr
    assert json.loads(made.stdout)["cost_centre"] == "4711"
    assert run("update", "acme", "--model", "claude-*", "--metadata", '{"x": 1}').exit_code == 0
    shown = json.loads(run("show", "acme", "--json").stdout)
    assert (shown["models"], shown["tags"], shown["metadata"]) == (
        ["claude-*"],
        ["a=1"],
        {"x": 1},
    )
    text = run("show", "acme").stdout
    assert "cost centre   4711" in text
    assert [each["name"] for each in json.loads(run("list", "--json").stdout)] == [
        "default",
        "acme",
    ]


def test_an_archived_organisation_is_listed_as_such_and_can_be_restored() -> None:
    run("create", "--name", "acme")
    assert "archived organisation acme" in run("archive", "acme").stderr
    assert "archived" in run("list").stdout
    again = run("archive", "acme")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "archived already" in again.stderr
    assert "restored organisation acme" in run("archive", "acme", "--undo").stderr


def test_what_was_given_can_be_taken_back() -> None:
    run("create", "--name", "acme", "--model", "claude-*", "--surface", "chat", "--tag", "a")
    run("update", "acme", "--any-model", "--any-surface", "--no-tags")
    shown = json.loads(run("show", "acme", "--json").stdout)
    assert (shown["models"], shown["surfaces"], shown["tags"]) == ([], [], [])
