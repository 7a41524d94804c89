"""What was typed becomes a job, and nothing that it does not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.cli import Misuse
from headgate.cli.execution import told
from headgate.sandbox import catalogue


def test_a_refusal_becomes_a_misuse_with_its_remedy() -> None:
    with pytest.raises(Misuse, match="unknown language") as raised:
        told(lambda: catalogue.named("cobol"))
    assert "known are" in raised.value.hint


def test_what_is_found_is_passed_on() -> None:
    assert told(lambda: catalogue.of_file(str(Path("a") / "b.go"))).name == "go"
