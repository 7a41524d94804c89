"""Attacks on reading: none gets out of namespaces, and without walls they would."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks.files import CHANGE, READ
from tests.sieges import Besieged, check


@pytest.mark.slow
def test_no_attack_on_reading_gets_out(besieged: Besieged) -> None:
    """Of at least 18 attacks, 9 of which get out of a plain subprocess."""
    check(besieged, READ, at_least=18, escapes=9)


@pytest.mark.slow
def test_no_attack_on_changing_gets_out(besieged: Besieged) -> None:
    """Of at least 25 attacks, 10 of which get out of a plain subprocess."""
    check(besieged, CHANGE, at_least=25, escapes=10)
