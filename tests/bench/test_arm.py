"""Arms are told apart by what is asked, not by what they are called."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.bench.arm import Arm, Shot
from tests.bench.samples import arm


def test_a_name_is_not_part_of_what_is_asked() -> None:
    assert Arm(name="a", model="m").digest == Arm(name="b", model="m").digest


@pytest.mark.parametrize(
    "change",
    [
        {"system": "Be brief."},
        {"shots": (Shot("a", "b"),)},
        {"after": "Think first."},
        {"temperature": None},
        {"max_tokens": 64},
    ],
)
def test_whatever_is_asked_otherwise_is_another_arm(change: dict[str, Any]) -> None:
    assert arm(**change).digest != arm().digest
