"""Bombs that few think of: each ends with its run, within the limits of it."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks import bombs
from headgate.sandbox.attacks.kit import LISTED
from tests.sieges import Besieged

NAMES = {it.name for it in LISTED if it.act.__module__ == bombs.__name__}


def test_each_takes_a_run_of_its_own() -> None:
    assert len(NAMES) >= 12
    assert all(it.alone for it in LISTED if it.name in NAMES)


@pytest.mark.slow
def test_no_bomb_outgrows_its_run(besieged: Besieged) -> None:
    for tier in ("namespaces", "landlock"):
        verdicts = besieged(tier)
        assert [verdicts[it] for it in NAMES if verdicts[it].escaped] == []
