"""Attacks on other processes: none gets out of namespaces, and without walls they would."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks.processes import PROCESSES
from tests.sieges import Besieged, check


@pytest.mark.slow
def test_no_attack_on_other_processes_gets_out(besieged: Besieged) -> None:
    """Of at least 24 attacks, 10 of which get out of a plain subprocess."""
    check(besieged, PROCESSES, at_least=24, escapes=10)
