"""Turns code and tests into an order for the sandbox, and its result into a verdict.

Rule 1: tests and key travel over standard input, so nothing of them lies where code can look.
Rule 2: a key belongs to one order: a verdict cannot be carried from one run to another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from headgate.sandbox.model import Order, Refused, Runtime, Step
from headgate.sandbox.verdict import (
    bundle,
    golang,
    javascript,
    preloaded,
    python,
    r,
    rust,
    sealed,
)
from headgate.sandbox.verdict.model import Task

Plan = Callable[[Task, Runtime], tuple[bundle.Program, dict[str, Any]]]
PLANS: dict[str, Plan] = {
    "python": python.plan,
    "javascript": javascript.plan,
    "typescript": javascript.plan,
    "go": golang.plan,
    "rust": rust.plan,
    "r": r.plan,
}


def judge(task: Task, runtime: Runtime) -> tuple[Order, sealed.Reader]:
    """The order that judges, and what reads its result."""
    if task.language not in PLANS:
        raise Refused(
            f"no verdicts for {task.language}", f"judge one of {', '.join(sorted(PLANS))}"
        )
    for file in task.candidate:
        if file.path.startswith("/") or ".." in file.path.split("/"):
            raise Refused(f"{file.path} leaves the folder of the code", "name it from there")
    program, told = PLANS[task.language](task, runtime)
    key = sealed.new_key()
    order = Order(
        runtime=preloaded.runtime(task, runtime, told),
        steps=(Step(name="judge", python=bundle.START),),
        files=program,
        limits=task.limits,
        stdin=msgspec.json.encode({"key": key, **told}),
        database=task.database,
    )
    return order, sealed.reader(key)
