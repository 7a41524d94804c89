"""`headgate teams`: a team narrows what its organisation allows, and mistakes are answered."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_a_team_belongs_to_the_default_organisation_unless_another_is_named() -> None:
    run("orgs", "create", "--name", "acme")
    assert "default/search" in run("teams", "create", "--name", "search").stderr
    made = run("teams", "create", "--name", "search", "--org", "acme", "--json")
    assert json.loads(made.stdout)["organisation"] == "acme"
    asked = run("teams", "show", "search")
    assert "hint: say which: acme/search, default/search" in asked.stderr
    assert json.loads(run("teams", "show", "acme/search", "--json").stdout)["state"] == "open"


def test_a_team_that_would_widen_is_refused_with_what_is_allowed() -> None:
    run("orgs", "create", "--name", "acme", "--model", "claude-*")
    result = run("teams", "create", "--name", "search", "--org", "acme", "--model", "gpt-*")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "organisation 'acme' does not allow the model 'gpt-*'" in result.stderr
    assert "hint: it allows: claude-*" in result.stderr


def test_archiving_an_organisation_shows_on_its_teams() -> None:
    run("orgs", "create", "--name", "acme")
    run("teams", "create", "--name", "search", "--org", "acme")
    run("orgs", "archive", "acme")
    (team,) = [
        t for t in json.loads(run("teams", "list", "--json").stdout) if t["name"] != "default"
    ]
    assert team["state"] == "organisation archived"
    run("teams", "archive", "search")
    assert "archived" in run("teams", "list").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "serach"), "did you mean 'search'?"),
        (("update", "search", "--tag", "a b"), "a tag has up to 40"),
        (("update", "search", "--metadata", "[1]"), "write one such as"),
        (("create", "--name", "search"), "choose another name"),
        (("create", "--name", "x", "--org", "acme"), "headgate orgs create --name NAME"),
    ],
)
def test_a_mistake_is_answered_with_the_remedy(words: tuple[str, ...], said: str) -> None:
    run("teams", "create", "--name", "search")
    result = run("teams", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"hint: {said}" in result.stderr or said in result.stderr.partition("hint: ")[2]


def test_a_team_is_listed_and_shown_with_its_budgets() -> None:
    run("teams", "create", "--name", "search", "--budget", "500/month", "--budget-kind", "soft")
    run("teams", "update", "search", "--limit", "concurrent=50")
    (listed,) = [
        it for it in json.loads(run("teams", "list", "--json").stdout) if it["name"] == "search"
    ]
    assert [(it["usd"], it["kind"]) for it in listed["budgets"]] == [("500", "soft")]
    shown = run("teams", "show", "search").stdout
    assert "limits        50 calls at once" in shown
    assert "budgets       $500 a month (soft)" in shown
