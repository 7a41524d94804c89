"""A campaign: a tier is started for it, and nothing of that is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox.attacks import campaign, siege
from headgate.sandbox.attacks.campaign import Ground
from headgate.sandbox.attacks.kit import World
from headgate.sandbox.attacks.siege import Carry, Verdict
from headgate.sandbox.model import Limits, Runtime, Status
from tests.sieges import besieged_tier, interpreter

ONE = (Verdict("x", "y", False, "z"),)


@pytest.mark.slow
async def test_an_order_of_a_campaign_is_carried_out_on_its_tier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And its worker and control groups go with it."""

    async def besiege(carry: Carry, runtime: Runtime, slack_s: float) -> tuple[Verdict, ...]:
        with_nothing = siege.Orders(runtime, WORLD).of(("tenants",), ("no such",), Limits())
        assert (await carry(with_nothing, "a")).status in (Status.ERROR, Status.OK)
        return ONE

    python = interpreter()
    if python == "none":
        pytest.skip("as root this takes a Python that others may read: install python3")
    monkeypatch.setattr(siege, "besiege", besiege)
    assert await campaign.attack_tier(Ground("none", python, builds=False)) == ONE


WORLD = World("t", "/", "", 1, 1, 1, 1, "", "", "", -1, 3, "")


@pytest.mark.slow
def test_a_campaign_leaves_no_folder_and_no_group() -> None:
    before = {*Path("/sys/fs/cgroup").rglob("headgate-*")}
    besieged_tier("namespaces")
    assert {*Path("/sys/fs/cgroup").rglob("headgate-*")} <= before
