"""Attacks on the kernel: none gets out of namespaces, and without walls they would."""

from __future__ import annotations

import pytest

from headgate.sandbox.attacks.kernel import KERNEL
from tests.sieges import Besieged, check


@pytest.mark.slow
def test_no_attack_on_the_kernel_gets_out(besieged: Besieged) -> None:
    """Of at least 38 attacks, 12 of which get out of a plain subprocess."""
    check(besieged, KERNEL, at_least=38, escapes=12)
