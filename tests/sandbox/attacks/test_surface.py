"""Attacks by younger and rarer interfaces: none gets out of namespaces, some do without."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks import siege, surface
from headgate.sandbox.attacks.kit import LISTED, World
from tests.sieges import Besieged

WORLD = World("t0ken", "/", "", 1, 1, 1, 1, "", "", "", -1, 3, "")
NAMES = {it.name for it in LISTED if it.act.__module__ == surface.__name__}


def test_its_families_are_those_that_are_there_already() -> None:
    others = {it.family for it in LISTED if it.name not in NAMES}
    assert {it.family for it in LISTED if it.name in NAMES} <= others


def test_the_first_that_works_is_told_and_else_the_last_refusal() -> None:
    told = surface._first(("/nowhere", "/dev/null"), surface._opened(0))
    assert told is not None
    assert told.startswith("opened /dev/null")
    with pytest.raises(FileNotFoundError):
        surface._first(("/nowhere",), surface._opened(0))


@pytest.mark.slow
def test_no_younger_interface_leads_out(besieged: Besieged) -> None:
    """Of at least 40 attacks, 8 of which get out of a plain subprocess."""
    assert len(NAMES & {it.name for it in siege.everything()}) >= 40
    inside, bare = besieged("namespaces"), besieged("plain")
    assert [inside[it] for it in NAMES if inside[it].escaped] == []
    assert len([it for it in NAMES if bare[it].escaped]) >= 8
