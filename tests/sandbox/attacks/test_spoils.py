"""What a run leaves to be taken: no race, name or forged word gets anything out."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks import spoils
from headgate.sandbox.attacks.kit import LISTED
from tests.sieges import Besieged

NAMES = {it.name for it in LISTED if it.act.__module__ == spoils.__name__}


@pytest.mark.slow
def test_nothing_is_handed_out_that_may_not_be(besieged: Besieged) -> None:
    """Of at least 11 attacks, 2 of which a careless collector falls for."""
    assert len(NAMES) >= 11
    for tier in ("namespaces", "landlock"):
        verdicts = besieged(tier)
        assert [verdicts[it] for it in NAMES if verdicts[it].escaped] == []
    bare = besieged("plain")
    assert len([it for it in NAMES if it in bare and bare[it].escaped]) >= 2
