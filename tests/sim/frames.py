"""What the simulator's frames say, for the wires whose events have names."""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.sim.answer import Frame


def events(frames: list[Frame]) -> list[dict[str, Any]]:
    """The data of each event, after checking that its name says the same."""
    found = []
    for frame in frames:
        name, data = frame.data.decode().strip().split("\n")
        found.append(msgspec.json.decode(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found
