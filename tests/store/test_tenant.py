"""Organisations and teams: unique within their parent, narrowing only, closed and reopened."""

from __future__ import annotations

import pytest

from headgate.store import keys
from headgate.store import tenant as tenants
from headgate.store.sql import Connection
from headgate.store.tenant import ORGANISATION, TEAM
from headgate.store.traits import Changes, Mistake

NOW = 1_763_720_000_000_000


def version(connection: Connection) -> int:
    sql = "SELECT value FROM meta WHERE name = 'keys_version'"
    return int(connection.execute(sql).fetchone()[0])


def test_a_default_organisation_and_team_are_there_from_the_start(
    connection: Connection,
) -> None:
    assert [each.label for each in tenants.listing(connection, ORGANISATION)] == ["default"]
    (team,) = tenants.listing(connection, TEAM)
    assert team.label == "default/default"


def test_a_name_is_unique_within_its_parent_and_free_in_another(
    connection: Connection,
) -> None:
    tenants.create(connection, "acme", now_us=NOW)
    made = tenants.create(connection, "search", parent="acme", now_us=NOW)
    other = tenants.create(connection, "search", parent="default", now_us=NOW)
    assert tenants.find(connection, TEAM, "acme/search") == made
    assert tenants.find(connection, TEAM, other.id) == other
    with pytest.raises(Mistake, match="several teams") as caught:
        tenants.find(connection, TEAM, "search")
    assert caught.value.hint == "say which: acme/search, default/search"
    with pytest.raises(Mistake, match="team 'search' exists already"):
        tenants.create(connection, "search", parent="acme", now_us=NOW)
    with pytest.raises(Mistake, match="organisation 'acme' exists already"):
        tenants.create(connection, "acme", now_us=NOW)


def test_the_name_of_an_archived_team_is_not_given_to_another(
    connection: Connection,
) -> None:
    tenants.create(connection, "search", parent="default", now_us=NOW)
    tenants.archive(connection, TEAM, "search", now_us=NOW)
    with pytest.raises(Mistake, match="is archived") as caught:
        tenants.create(connection, "search", parent="default", now_us=NOW)
    assert "archive --undo search" in caught.value.hint


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "x" * 101])
def test_a_name_must_be_readable(connection: Connection, name: str) -> None:
    with pytest.raises(Mistake):
        tenants.create(connection, name, parent="default", now_us=NOW)


def test_a_team_can_only_narrow_what_its_organisation_allows(
    connection: Connection,
) -> None:
    given = Changes(models=("claude-*",))
    tenants.create(connection, "acme", changes=given, now_us=NOW)
    more = Changes(models=("gpt-6",))
    with pytest.raises(Mistake, match="organisation 'acme' does not allow the model 'gpt-6'"):
        tenants.create(connection, "search", parent="acme", changes=more, now_us=NOW)
    tenants.create(connection, "search", parent="acme", now_us=NOW)
    with pytest.raises(Mistake, match="can only narrow"):
        tenants.update(connection, TEAM, "search", Changes(models=("*",)))
    narrowed = tenants.update(connection, TEAM, "search", Changes(models=("claude-haiku-*",)))
    assert tenants.find(connection, TEAM, "search") == narrowed


def test_every_change_is_told_and_a_mistake_changes_nothing(
    connection: Connection,
) -> None:
    seen = version(connection)
    tenants.create(connection, "search", parent="default", now_us=NOW)
    tenants.update(connection, TEAM, "search", Changes(cost_centre="1"))
    tenants.archive(connection, TEAM, "search", now_us=NOW)
    tenants.archive(connection, TEAM, "search", now_us=None)
    assert version(connection) == seen + 4
    for wrong in ("serach", "t_none"):
        with pytest.raises(Mistake):
            tenants.update(connection, TEAM, wrong, Changes(cost_centre="2"))
    with pytest.raises(Mistake, match="not archived"):
        tenants.archive(connection, TEAM, "search", now_us=None)
    assert version(connection) == seen + 4
    assert not connection.in_transaction


def test_a_name_that_is_nobodys_is_answered_with_what_there_is(
    connection: Connection,
) -> None:
    with pytest.raises(Mistake, match="no organisation named 'acme'") as caught:
        tenants.create(connection, "search", parent="acme", now_us=NOW)
    assert caught.value.hint.startswith("there are: default; `headgate orgs create")
    assert tenants.meant("x", [f"name-{n}" for n in range(20)]).endswith("and 8 more")


def test_of_the_prompt_cache_the_nearest_level_that_says_anything_decides(
    connection: Connection,
) -> None:
    tenants.create(connection, "acme", changes=Changes(prompt_cache="off"), now_us=NOW)
    tenants.create(connection, "search", parent="acme", now_us=NOW)
    key, _ = keys.create(connection, "a", team="acme/search", now_us=NOW)
    assert key.prompt_cache() == "off"
    tenants.update(connection, TEAM, "acme/search", Changes(prompt_cache="advise"))
    assert keys.living(connection, "a").prompt_cache() == "advise"
    keys.update(connection, "a", Changes(prompt_cache="on"), now_us=NOW)
    assert keys.living(connection, "a").prompt_cache() == "on"
    keys.update(connection, "a", Changes(prompt_cache=""), now_us=NOW)
    assert keys.living(connection, "a").prompt_cache() == "advise"
