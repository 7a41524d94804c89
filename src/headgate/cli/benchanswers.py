"""Does what `headgate bench answers` asks: writes what simulated models know of tasks.

Rule 1: only tasks with a reference and mutants can be answered at a known rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from headgate.bench.task import TaskSet
from headgate.cli import Misuse
from headgate.cli.terminal import say
from headgate.cli.whole import write_whole
from headgate.sim.coder import Known, Rates, Written


def write_answers(tasks: TaskSet, rates: Sequence[str], out: Path) -> int:
    """Write the book; the exit code."""
    known = tuple(
        Known(it.id, it.prompt, it.language, it.reference, tuple(m.code for m in it.mutants))
        for it in tasks.tasks
        if it.reference and it.mutants
    )
    if not known:
        raise Misuse("no task has a reference and a mutant", "name a dataset that has them")
    book = Written(dict(_rate(it) for it in rates), known)
    write_whole(out, msgspec.json.encode(book).decode(), "OUT")
    say(f"{len(known)} of {len(tasks.tasks)} tasks are known: headgate sim --answers {out}")
    return 0


def _rate(text: str) -> tuple[str, Rates]:
    """`claude-*=0.94,broken=0.03`"""
    model, equals, said = text.partition("=")
    if not equals:
        raise Misuse(f"--rate {text} names no share", "such as --rate 'claude-*=0.94'")
    right, *more = said.split(",")
    try:
        fields = {"right": float(right)} | {
            name: float(value) for name, _, value in (it.partition("=") for it in more)
        }
        rates = msgspec.convert(fields, Rates, strict=False)
    except (ValueError, msgspec.ValidationError) as error:
        raise Misuse(f"--rate {text}: {error}", "such as --rate 'claude-*=0.94'") from error
    if not model or not all(0 <= it <= 1 for name, it in fields.items() if name != "tokens"):
        raise Misuse(f"--rate {text}: shares are from 0 to 1", "such as --rate 'gpt-*=0.8'")
    return model, rates
