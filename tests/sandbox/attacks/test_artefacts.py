"""Attacks on whoever collects: none gets out of namespaces, and without walls they would."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks.artefacts import ARTEFACTS
from tests.sieges import Besieged, check


@pytest.mark.slow
def test_no_attack_on_whoever_collects_gets_out(besieged: Besieged) -> None:
    """Of at least 12 attacks, 5 of which get out of a plain subprocess."""
    check(besieged, ARTEFACTS, at_least=12, escapes=5)
