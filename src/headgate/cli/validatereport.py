"""What `headgate validate report` and `headgate validate packs` print."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from headgate.cli.terminal import dollars, named, print_json, print_table, safe, say
from headgate.store.home import state_place
from headgate.validate import history
from headgate.validate.problem import shown

HISTORY, VERDICTS = "history.jsonl", "verdicts.bin"


def folder() -> Path:
    """Where validation keeps what it knows."""
    return state_place(os.environ) / "validate"


def show(state: Path | None, least: int, as_json: bool) -> None:
    """Repeated failures, the most frequent first."""
    path = state or folder() / HISTORY
    found = history.repeats(history.load(path), least)
    if as_json:
        print_json(found)
        return
    if not found:
        say(f"nothing has failed {least} times in {path}")
        return
    rows = [
        (
            shown(it.prompt),
            shown(it.model) or "unknown",
            it.check,
            f"{it.attempts} of {it.of}",
            dollars(it.cost_nusd) if it.cost_nusd else "",
            ", ".join(f"{shown(rule) or it.check} ({times})" for rule, times in it.rules[:3]),
            f"{datetime.fromtimestamp(it.last_us / 1e6, UTC):%Y-%m-%d}",
            "needs-human-review" if it.needs_review else "",
        )
        for it in found
    ]
    heads = ("prompt or file", "model", "check", "failed", "cost", "rules", "last", "")
    print_table(heads, rows)


def show_packs(as_json: bool) -> None:
    """Every pack that comes along."""
    from headgate.validate import pack  # costly to load; not needed without one

    found = [pack.load(name, Path()) for name in pack.listed()]
    if as_json:
        print_json([named({"name": it.name, "contract": it.contract, "entries": it.entries,
                           "signatures": dict(it.signatures), "cases": len(it.cases)})
                    for it in found])  # fmt: skip
        return
    for it in found:
        told = "".join(
            f"  {language}: {it.signatures.get(language, name)}\n"
            for language, name in it.entries.items()
        )
        click.echo(f"{it.name}: {len(it.cases)} cases\n{safe(told)}{safe(it.contract)}")
