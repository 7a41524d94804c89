"""Draws the page of what each tier of the sandbox holds, from the last siege that was kept.

Rule 1: every escape is shown, ours like a plain subprocess's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headgate.sandbox import tiers
from headgate.sandbox.attacks.building import BUILDING, PROJECTS
from headgate.sandbox.attacks.siege import everything

RUN = Path(__file__).parent / "reference" / "sandbox.json"
TITLES = {
    "plain": "plain subprocess",
    "landlock": "landlock",
    "namespaces": "namespaces",
    "container": "container",
}
Json = dict[str, Any]


def page() -> str:
    """The whole page."""
    run: Json = json.loads(RUN.read_text())
    columns = [it for it in run["columns"] if not it["missing"]]
    parts = [*_opening(run), *_totals(columns)]
    parts += ["", "## What got out", ""]
    for column in columns:
        if column["tier"] != "plain":
            parts += list(_escapes(column))
    parts += ["## What each tier does not cover", "", *_gaps(), ""]
    parts += ["## The attacks", ""]
    for family, names in _attacks().items():
        parts += [f"### {family.capitalize()}", "", *(f"* {it}" for it in names), ""]
    return "\n".join(parts)


def _opening(run: Json) -> list[str]:
    machine = run["machine"]
    return [
        "# What the sandbox holds",
        "",
        f"Attacked on {run['at']}: Linux {machine['kernel']} on {machine['architecture']},",
        f"Landlock {machine['landlock']}. `make attacks` does it again and writes this page;",
        "what names another kernel was attacked beneath that: `make attacks-vm` boots it in",
        "software emulation.",
        "",
        "Each attack is code of ours that runs inside and tries one way out; what can be seen",
        "from outside decides, whatever the inside says. A plain subprocess with a timeout is",
        "attacked first, to show that the attacks can succeed: one that fails there too needs",
        "something that this machine has not. Contained here does not mean safe from a hole",
        "in the kernel itself.",
        "",
    ]


def _totals(columns: list[Json]) -> Iterator[str]:
    heads = [_head(it) for it in columns]
    yield "| attacks on | " + " | ".join(heads) + " |"
    yield "|---" + "|---:" * len(columns) + "|"
    for family in _attacks():
        yield f"| {family} | " + " | ".join(_cell(it, family) for it in columns) + " |"
    whole = [_cell(it, "") for it in columns]
    yield "| **all** | " + " | ".join(f"**{it}**" for it in whole) + " |"
    yield ""
    yield "A cell is how many of how many escaped."


def _head(column: Json) -> str:
    where = f" ({column['where']})" if "where" in column else ""
    return f"{TITLES[column['tier']]}, {column['user']}{where}"


def _cell(column: Json, family: str) -> str:
    out = sum(not family or it[0] == family for it in column["escaped"])
    held = sum(count for name, count in column["held"].items() if not family or name == family)
    return f"{out} of {out + held}" if out + held else ""


def _escapes(column: Json) -> Iterator[str]:
    where = f" ({column['where']})" if "where" in column else ""
    yield f"From {TITLES[column['tier']]}, started as {column['user']}{where}:"
    yield ""
    if not column["escaped"]:
        yield "* nothing"
    for _, name, evidence in column["escaped"]:
        yield f"* {name}: {evidence}"
    yield ""


def _gaps() -> Iterator[str]:
    told = {
        "namespaces": (tiers.KERNEL_GAP, f"without control groups: {tiers.WATCHED_GAP}"),
        "landlock": (
            *tiers.FOLDER_GAPS,
            tiers.WATCHED_GAP,
            tiers.KERNEL_GAP,
            *(f"not started as root: {it}" for it in tiers.SAME_USER_GAPS),
        ),
        "container": (tiers.FOLDER_GAPS[1], *tiers.CONTAINER_GAPS, tiers.KERNEL_GAP),
        "none": (tiers.NONE_GAP,),
    }
    yield "| tier | gap |"
    yield "|---|---|"
    for tier, gaps in told.items():
        for gap in gaps:
            yield f"| {tier} | {gap} |"


def _attacks() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for it in everything():
        found.setdefault(it.family, []).append(it.name)
    found[BUILDING] = [it.name for it in PROJECTS]
    return found
