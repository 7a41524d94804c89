"""Headgate keeps every promise that its own conformance suite asks of any gateway."""

from __future__ import annotations

import asyncio

import pytest

from headgate.cli.conform import own_gateway
from headgate.conformance.families import chosen, families
from headgate.conformance.report import failures, totals
from headgate.conformance.runner import play_all
from headgate.conformance.script import Scripted


@pytest.mark.slow
@pytest.mark.parametrize("family", [family.name for family in families()])
async def test_headgate_keeps_every_promise_of_the_family(family: str) -> None:
    cases, scripted = await asyncio.to_thread(chosen, (family,)), Scripted()
    async with own_gateway(scripted) as gateway:
        played = await play_all(cases, gateway, scripted)
    told = "\n".join(f"{what}: {why}" for what, why in failures(played))
    assert not told, told
    assert totals(played) == {"holds": len(cases[family]), "fails": 0, "none": 0}
