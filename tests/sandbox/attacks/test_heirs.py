"""From one run to the next of a tenant: nothing is left that the second could find."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks.heirs import HEIRS
from tests.sieges import Besieged, check


@pytest.mark.slow
def test_no_run_finds_what_the_one_before_left(besieged: Besieged) -> None:
    """Of at least 9 attacks, 2 of which succeed where nothing contains them."""
    check(besieged, HEIRS, at_least=9, escapes=2)
    landlock = besieged("landlock").values()
    assert [it for it in landlock if it.family == HEIRS and it.escaped] == []
