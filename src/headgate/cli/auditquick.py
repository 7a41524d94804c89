"""Prints the first screen of an audit: what a person would look at by hand."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.audit.about import of_calls, usd
from headgate.audit.firstlook import steps
from headgate.cli.auditview import day, escaped
from headgate.cli.terminal import out
from headgate.ledger.book.quick import Quick


def show_quick(found: Quick, names: Mapping[str, str]) -> None:
    """The four steps, each with an answer or with why there is none."""
    console = out()
    console.print(
        f"[bold]{usd(found.cost_nusd)}[/bold] on {of_calls(found.calls)},"
        f" {day(found.since_us)} to {day(found.until_us - 1)} (UTC)",
        highlight=False,
    )
    for number, step in enumerate(steps(found, names), 1):
        mark = "  [bold]look here[/bold]" if step.flagged else ""
        console.print(f"\n[bold]{number}. {step.title}[/bold]{mark}", highlight=False)
        for line in step.lines:
            console.print(f"   {escaped(line)}", highlight=False, soft_wrap=True)
    console.print("")
