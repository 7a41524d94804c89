"""Draws the page of the conformance suite from the last run that was kept.

Rule 1: every failure is shown with what was seen, ours like anybody's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from headgate.conformance import setups
from headgate.conformance.case import CLIENTS, PAIRS
from headgate.conformance.families import families
from headgate.conformance.report import MARKS, SHORT

RUN = Path(__file__).parent / "reference" / "conformance.json"
LETTERS = {"messages": "M", "chat": "C", "responses": "R"}
Json = dict[str, Any]


def page() -> str:
    """The whole page."""
    run: Json = json.loads(RUN.read_text())
    found = run["gateways"]
    parts = [*_opening(run), *_totals(found)]
    for family in families():
        parts += ["", f"## {family.title}", "", *_grid(family.name, found)]
    for gateway in found:
        parts += ["", f"## What fails with {gateway['name']} {gateway['version']}", ""]
        parts += list(_failures(gateway)) or ["Nothing."]
    for name, setup in setups.SETUPS.items():
        text = setups.text_of(name, "http://127.0.0.1:4198", 4100).rstrip()
        fence = setup.file.rpartition(".")[2]
        parts += ["", f"## How {name} was set up", "", f"```{fence}", text, "```"]
    return "\n".join([*parts, ""])


def _opening(run: Json) -> list[str]:
    names = " and ".join(f"{each['name']} {each['version']}" for each in run["gateways"])
    return [
        "# Conformance",
        "",
        f"{names} in one run of {run['at']}, Headgate at commit `{run['commit']}`:",
        "`make conformance`. The suite is `src/headgate/conformance`; run it against your own",
        "gateway with [`headgate doctor --client`](../guides/test-a-gateway.md).",
        "",
        "Each promise is played for every client (Claude Code through Messages, OpenAI's SDK",
        "through Chat Completions, Codex through Responses) in front of an upstream of every",
        "dialect. No model is called: a scripted upstream answers, and records what it was",
        "asked. LiteLLM is the newest release that could be installed with all of its own",
        "pins on that day; of two ways its documentation offers to reach a server that serves",
        "Chat Completions alone, the one that kept more promises was used.",
        "",
        f"{MARKS['holds']} holds; {MARKS['fails']} fails; {MARKS['none']} does not apply, as",
        "nobody named a model for that surface; an empty cell: no meaning for that pair.",
        "A gateway that does a thing differently holds as long as the client is served; a",
        "refusal that names what cannot be carried holds where doing it silently would not.",
        "",
        "Each gateway is asked once for every pair before anything is judged, makes one try",
        "per call, and has 5 s for an answer. Columns are caller → upstream: M Messages, C",
        "Chat Completions, R Responses. In a cell, the gateways stand in this order: "
        + ", ".join(each["name"] for each in run["gateways"])
        + ".",
        "",
    ]


def _totals(found: list[Json]) -> list[str]:
    lines = ["| gateway | version | hold | fail | do not apply |", "|---|---|---:|---:|---:|"]
    for each in found:
        counts = each["totals"]
        numbers = " | ".join(str(counts[state]) for state in MARKS)
        lines.append(f"| {each['name']} | {each['version']} | {numbers} |")
    return lines


def _grid(family: str, found: list[Json]) -> list[str]:
    heads = [f"{LETTERS[caller]}→{LETTERS[upstream]}" for caller, upstream in PAIRS]
    lines = [f"| promise | {' | '.join(heads)} |", "|---|" + ":-:|" * len(heads)]
    cases = [case for each in found for case in each["cases"] if case["family"] == family]
    for promise in dict.fromkeys(case["promise"] for case in cases):
        cells = [
            " ".join(mark for each in found if (mark := _mark(each, promise, pair)))
            for pair in PAIRS
        ]
        lines.append(f"| {promise} | {' | '.join(cells)} |")
    return lines


def _mark(gateway: Json, promise: str, pair: tuple[str, str]) -> str:
    states = {case["ruling"] for case in _cases(gateway, promise, pair)}
    worst = next((state for state in ("fails", "holds", "none") if state in states), "")
    return MARKS.get(worst, "")


def _cases(gateway: Json, promise: str, pair: tuple[str, str]) -> list[Json]:
    return [
        case
        for case in gateway["cases"]
        if case["promise"] == promise and (case["caller"], case["upstream"]) == pair
    ]


def _failures(gateway: Json) -> Iterator[str]:
    promises = dict.fromkeys(case["promise"] for case in gateway["cases"])
    for promise, pair in product(promises, PAIRS):
        for case in _cases(gateway, promise, pair):
            if case["ruling"] == "fails":
                who = f"{CLIENTS[pair[0]]}, {SHORT[pair[0]]} → {SHORT[pair[1]]}"
                seen = "; ".join(case["why"]).replace("`", "'").replace("\n", " ")
                yield f"* {promise} ({who}): `{seen}`"
