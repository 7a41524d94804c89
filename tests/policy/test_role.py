"""Roles and scopes: what each may do, that scopes only narrow, and that nobody gives more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.role import RIGHTS, ROLES, Role, Warrant, warrant

READ = [right for right in RIGHTS if right.endswith(":read")]
BINDINGS = ["organisation:a", "organisation:b", "team:a", "team:b"]
SCOPES = st.lists(st.sampled_from([*RIGHTS, *BINDINGS]), max_size=5)
WARRANTS = st.builds(warrant, st.just("x"), st.sampled_from(ROLES), SCOPES)


def may(who: Warrant) -> list[str]:
    return [right for right in RIGHTS if not who.refusal(right)]


@pytest.mark.parametrize(
    ("role", "scopes", "rights"),
    [
        ("admin", [], list(RIGHTS)),
        ("auditor", [], READ),
        ("member", ["team:a"], ["orgs:read", "teams:read", "keys:read"]),
        (
            "member",
            ["team:a", "keys:write"],
            ["orgs:read", "teams:read", "keys:read", "keys:write"],
        ),
        (
            "member",
            ["team:a", "keys:change", "log:read"],
            ["orgs:read", "teams:read", "keys:read"],
        ),
        ("admin", ["keys:write"], ["keys:read", "keys:write"]),
        ("admin", ["keys:change", "log:read"], ["keys:read", "keys:change", "log:read"]),
        ("auditor", ["keys:write"], ["keys:read"]),
        ("auditor", ["log:read"], ["log:read"]),
    ],
)
def test_what_a_role_with_scopes_may_do(
    role: Role, scopes: list[str], rights: list[str]
) -> None:
    assert may(warrant("x", role, scopes)) == rights


def test_a_refusal_names_the_role_or_the_scope_that_is_missing() -> None:
    auditor = warrant("books", "auditor", ())
    assert auditor.refusal("keys:write") == (
        "it takes the role admin or member; 'books' is auditor"
    )
    assert warrant("m", "member", ["team:a"]).refusal("keys:write") == (
        "it takes the scope keys:write, which 'm' was not given"
    )
    assert warrant("ci", "admin", ["keys:write"]).refusal("log:read") == (
        "it takes the scope log:read; 'ci' was given keys:write"
    )
    assert "role admin;" in warrant("m", "member", ["team:a"]).refusal("keys:change")


@given(role=st.sampled_from(ROLES), scopes=SCOPES, more=SCOPES)
def test_rights_named_by_scopes_never_widen_what_an_admin_or_auditor_may(
    role: Role, scopes: list[str], more: list[str]
) -> None:
    plain = warrant("x", role, [])
    if role != "member":
        assert set(may(warrant("x", role, scopes))) <= set(may(plain))
    bound = [scope for scope in more if scope in BINDINGS]
    who = warrant("x", role, bound)
    for organisation, team in (("a", ""), ("a", "a"), ("b", "a"), ("c", "c")):
        if not plain.is_bound and who.reaches(organisation, team):
            assert plain.reaches(organisation, team)


@given(giver=WARRANTS, made=WARRANTS)
def test_whoever_covers_another_may_do_and_reach_all_that_it_may(
    giver: Warrant, made: Warrant
) -> None:
    if giver.covers(made):
        assert set(may(made)) <= set(may(giver))
        for organisation in ("a", "b", "c"):
            for team in ("", "a", "b", "c"):
                if made.reaches(organisation, team):
                    assert giver.reaches(organisation, team) or _lies_within(giver, made)
    assert giver.covers(giver)


def _lies_within(giver: Warrant, made: Warrant) -> bool:
    """A binding to a team is covered by the same binding only, wherever the team may lie."""
    return made.teams <= giver.teams and made.organisations <= giver.organisations


def test_a_member_who_is_bound_to_nothing_reaches_nothing() -> None:
    who = warrant("x", "member", [])
    assert not who.reaches("a", "a")
    assert not who.reaches("", "")


@pytest.mark.parametrize("scope", ["keys", "team:", "keys:writ", "", "house:a"])
def test_what_is_no_scope_is_named(scope: str) -> None:
    with pytest.raises(ValueError, match=f"^{scope}$"):
        warrant("x", "admin", [scope])
