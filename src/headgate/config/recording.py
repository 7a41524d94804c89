"""[recording]: decides whose calls may be written down.

Rule 1: nothing is recorded unless the operator says so and names whose calls are meant.
Rule 2: that it is on is said at every start.
"""

from __future__ import annotations

import msgspec

from headgate.config.model import Recording
from headgate.config.setting import RECORDING
from headgate.config.table import Table

_WHOSE = ("keys", "tags", "models")


def read_recording(table: Table) -> Recording:
    """The section; what is wrong with it is reported."""
    recording = msgspec.convert(table.read(RECORDING), Recording)
    if not recording.enabled:
        return recording
    if not any(getattr(recording, name) for name in _WHOSE):
        table.report.wrong(
            table.path,
            "names no calls, and would record all of them",
            'name some, such as tags = ["bench"], or all: models = ["*"]',
        )
        return recording
    said = "; ".join(
        f"{name} {', '.join(getattr(recording, name))}"
        for name in _WHOSE
        if getattr(recording, name)
    )
    table.report.note(f"recording is on: calls are written down ({said}; secrets masked)")
    return recording
