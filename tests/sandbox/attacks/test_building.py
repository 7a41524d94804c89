"""Attacks while something is built: none gets out of namespaces."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks import building
from headgate.sandbox.attacks.kit import World
from headgate.sandbox.language import Missing
from headgate.sandbox.model import Order, Result, Runtime, Status
from tests.sieges import build_attacks

WORLD = World("t0ken", "/decoys", "", 1, 8080, 1, 1, "", "", "", -1, 3, "")


@pytest.mark.slow
def test_nothing_that_is_built_gets_out_of_namespaces() -> None:
    """In each language that this machine has, the compiler runs inside too."""
    found = build_attacks("namespaces")
    if isinstance(found, str):
        pytest.skip(found)
    assert len(found) >= 2
    assert [it for it in found if it.escaped] == []


@pytest.mark.slow
def test_what_is_built_gets_out_where_nothing_contains_it() -> None:
    found = build_attacks("plain")
    assert not isinstance(found, str)
    out = [it for it in found if it.escaped]
    assert len(out) * 2 > len(found), found


async def test_a_language_that_is_missing_is_not_counted_as_held() -> None:
    async def carry(order: Order, tenant: str) -> Result:
        return Result(status=Status.BUILD)

    def look(name: str) -> Runtime | Missing:
        return Runtime(name, "1", "program") if name == "go" else Missing("none", "install it")

    found = await building.besiege(carry, look)
    assert len(found) == sum(it.language == "go" for it in building.PROJECTS)


@pytest.mark.parametrize("project", building.PROJECTS, ids=lambda it: it.name)
def test_each_project_reads_a_decoy_or_calls_a_listener(project: building.Project) -> None:
    order = building.order_of(project, Runtime("x", "1", "program"), WORLD)
    text = b"".join(it.data for it in order.files).decode()
    assert "/decoys/secret" in text
    assert "/dev/tcp/127.0.0.1/8080" in text


def test_printing_the_decoy_is_an_escape_and_so_is_a_broken_sandbox() -> None:
    assert building.shown(Result(status=Status.BUILD, stderr="x t0ken"), WORLD)
    assert building.shown(Result(status=Status.BROKEN), WORLD)
    assert not building.shown(Result(status=Status.BUILD, stderr="refused"), WORLD)
