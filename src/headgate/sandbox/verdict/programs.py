"""Says how the judge of a program is told its work: files, builds, and the two to be started.

Rule 1: the judge's files lie below `judge`, the code's below `code`; only the latter is shown
to the code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.sandbox.model import File
from headgate.sandbox.verdict import bundle
from headgate.sandbox.verdict.inside.programs import SLACK_S
from headgate.sandbox.verdict.model import Task

PARTS = ("headgate.sandbox.worker.landlock", "seal", "instances", "programs")


def program() -> bundle.Program:
    return bundle.bundled(*PARTS)


def relayed() -> bundle.Program:
    """The judge of what is interpreted: it stands between the two."""
    return bundle.bundled(*PARTS, "sieve", "relay")


def side(
    name: str, argv: Sequence[str], cwd: str, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """One program of `code` or `judge`."""
    return {"side": name, "argv": list(argv), "cwd": cwd, "env": dict(env or {})}


def patience_s(task: Task) -> float:
    """How long the judge may be without a word of a test; 0: as long as the whole may take."""
    return task.test_s + SLACK_S if task.test_s and task.style == "runner" else 0.0


def texts(files: Sequence[File]) -> dict[str, str]:
    return {it.path: it.data.decode("utf-8", "replace") for it in files}
