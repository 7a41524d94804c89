"""The fire drill is tried out: its own blocks are run, and what it promises is seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section

PORTS = ("4297", "4298")


@pytest.mark.slow
@pytest.mark.e2e
def test_the_drill_goes_as_the_guide_says(tmp_path: Path) -> None:
    text = guide.read("fire-drill.md", PORTS)
    (tmp_path / "drill.toml").write_text(guide.blocks(text, "toml")[0])
    output = guide.run(text, tmp_path)
    set_up = section(output, "Set the stage")
    assert "x-headgate-target: anthropic:claude-sonnet-5-5" in set_up
    assert "x-headgate-simulated: true" in set_up
    first, second = section(output, "One model is overloaded").split("HTTP/1.1 200 OK")[1:]
    assert "x-headgate-target: anthropic:claude-haiku-5-5" in first
    assert re.search("x-headgate-tries: [2-4]", first)
    assert "x-headgate-target: anthropic:claude-haiku-5-5" in second
    assert "x-headgate-tries" not in second
    assert "x-headgate-canned: true" in section(output, "Everything is down")
    assert "x-headgate-canned: true" in section(
        output, "The provider accepts and never answers"
    )
    broken = section(output, "A stream breaks in the middle")
    assert "event: error" in broken
    assert "message_stop" not in broken
    left = section(output, "What the drill left behind")
    assert '"status":529' in left
    assert "maybe billed" in left
    assert "truncated" in left
