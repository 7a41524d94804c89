"""Attacks on resources: none gets out of namespaces, and without walls they would."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks.resources import RESOURCES
from tests.sieges import Besieged, check


@pytest.mark.slow
def test_no_attack_on_resources_gets_out(besieged: Besieged) -> None:
    """Of at least 28 attacks."""
    check(besieged, RESOURCES, at_least=28, escapes=0)
