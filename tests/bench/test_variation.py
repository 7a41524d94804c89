"""Variation that breaks the prompt cache is told, and no other."""

from __future__ import annotations

import pytest

from headgate.bench.arm import Arm, Shot
from headgate.bench.variation import WORTH_CHARS, warnings

GUIDE = "Name things well. " * (WORTH_CHARS // 9)
PLAIN = Arm(name="plain", model="m", system=GUIDE)


@pytest.mark.parametrize(
    "other",
    [
        Arm(name="other", model="m", system=f"Version B.\n{GUIDE}"),
        Arm(name="other", model="m", system=f"Version B.\n{GUIDE}", after="Think."),
    ],
)
def test_what_differs_before_a_long_guide_is_told(other: Arm) -> None:
    (told,) = warnings([PLAIN, other])
    assert "plain and other" in told


@pytest.mark.parametrize(
    "other",
    [
        Arm(name="other", model="m", system=f"{GUIDE}\nVersion B."),
        Arm(name="other", model="m", system=GUIDE, after="Version B."),
        Arm(name="other", model="m", system=GUIDE, shots=(Shot("a", "b"),)),
        Arm(name="other", model="another", system=f"Version B.\n{GUIDE}"),
        Arm(name="other", model="m", system="Version B."),
    ],
)
def test_what_differs_elsewhere_is_not(other: Arm) -> None:
    assert list(warnings([PLAIN, other])) == []
