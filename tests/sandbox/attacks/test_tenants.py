"""Attacks on one tenant on another: none gets out of namespaces; without walls they would."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks.tenants import TENANTS
from tests.sieges import Besieged, check


@pytest.mark.slow
def test_no_attack_on_one_tenant_on_another_gets_out(besieged: Besieged) -> None:
    """Of at least 9 attacks, 4 of which get out of a plain subprocess."""
    check(besieged, TENANTS, at_least=9, escapes=4)
