"""Pages of a listing, and what lies within somebody's reach."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.admin.operation import Refused
from headgate.gateway.admin.reach import house_wide, page, reaches
from headgate.gateway.admin.shape import Page
from headgate.policy.role import warrant
from headgate.store.tenant import ORGANISATION, TEAM, Tenant


@dataclass(frozen=True)
class Item:
    id: str


@given(count=st.integers(0, 40), limit=st.integers(1, 50))
def test_pages_put_together_are_the_whole(count: int, limit: int) -> None:
    every = [Item(str(number)) for number in range(count)]
    seen: list[Item] = []
    after: str | None = ""
    while after is not None:
        found, after = page(every, Page(limit, after))
        assert len(found) <= limit
        seen += found
    assert seen == every


def test_a_page_after_what_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="has the id 'x'"):
        page([Item("a")], Page(after="x"))


def test_a_binding_reaches_what_it_names_and_what_is_below() -> None:
    acme, beta = (Tenant(f"o_{n}", ORGANISATION, n, 1) for n in ("acme", "beta"))
    search, ads = (Tenant(f"t_{n}", TEAM, n, 1, organisation=acme) for n in ("search", "ads"))
    other = Tenant("t_other", TEAM, "other", 1, organisation=beta)
    everything = [acme, beta, search, ads, other]

    def reached(*scopes: str) -> list[str]:
        who = warrant("x", "admin", scopes)
        return [each.name for each in everything if reaches(who, each)]

    assert reached() == ["acme", "beta", "search", "ads", "other"]
    assert reached("organisation:o_acme") == ["acme", "search", "ads"]
    assert reached("team:t_search") == ["search"]
    assert reached("team:t_search", "organisation:o_beta") == ["beta", "search", "other"]


def test_the_whole_house_is_for_whoever_is_not_bound() -> None:
    house_wide(warrant("x", "auditor", ()), "this")
    for role, scope in (("admin", "team:t"), ("auditor", "organisation:o")):
        with pytest.raises(Refused, match="whole house"):
            house_wide(warrant("x", role, (scope,)), "this")  # type: ignore[arg-type]  # a role
