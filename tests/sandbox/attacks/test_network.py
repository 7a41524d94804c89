"""Attacks on the network: none gets out of namespaces, and without walls they would."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks.network import NETWORK
from tests.sieges import Besieged, check


@pytest.mark.slow
def test_no_attack_on_the_network_gets_out(besieged: Besieged) -> None:
    """Of at least 22 attacks, 14 of which get out of a plain subprocess."""
    check(besieged, NETWORK, at_least=22, escapes=14)
