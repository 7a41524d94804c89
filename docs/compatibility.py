"""The page on which client works at which kind of provider, made of what the tests saw.

Rule 1: the page says what docs/reference/compatibility.json says, which a run of the tests
wrote (`make compatibility`); it has no cell of its own.
Rule 2: `drift` compares that file with the tests as they are, without running them.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.matrix import ABSENT, CLIENTS, UPSTREAMS, WHATS, Cell

ROOT = Path(__file__).resolve().parents[1]
SEEN = Path(__file__).parent / "reference" / "compatibility.json"
HOW = (
    "Every cell is a test with the real client: its own program or library, `headgate up` and",
    "the simulator as processes of their own. What counts as working is what the client made",
    "of it: files changed by its tools, classes parsed, its own kind of error raised.",
    "",
    "Claude Code 2.1.329 and Codex 0.169.0 run headless. The anthropic SDK is tried in its",
    "newest version and 0.125.0, the openai SDK in its newest and 2.54.0. `tests/e2e` has the",
    "tests, and `make compatibility` runs them and writes this page.",
)
MEANINGS = {
    "stream": "an answer streamed event by event, with its usage",
    "tools": "tools called, really run, and their results sent back",
    "parallel tools": "several calls in one reply, each answered",
    "images": "a picture, from the user or in a tool's result",
    "structured output": "an answer held to a JSON schema",
    "thinking": "reasoning asked for, shown where it can be, given back to its author",
    "errors": "overload, rate limit, wrong field, too long a conversation: in its own terms",
    "cut stream": "a broken stream is no whole answer; an upstream is let go with its caller",
}


def read_seen(file: Path = SEEN) -> dict[Cell, dict[str, Any]]:
    rows = json.loads(file.read_text())
    return {(row["client"], row["upstream"], row["what"]): row for row in rows}


def page() -> str:
    seen = read_seen()
    parts = ["# Compatibility", "", *HOW, ""]
    for upstream in UPSTREAMS:
        parts += [f"## Models behind {_TITLES[upstream]}", ""]
        parts += ["| client | " + " | ".join(WHATS) + " |", "|---" * (len(WHATS) + 1) + "|"]
        for client in CLIENTS:
            shown = (_shown((client, upstream, what), seen) for what in WHATS)
            parts.append(f"| {client} | " + " | ".join(shown) + " |")
        parts.append("")
    parts += ["## What the columns mean", "", "| column | meaning |", "|---|---|"]
    parts += [f"| {what} | {MEANINGS[what]} |" for what in WHATS]
    return "\n".join([*parts, ""])


_TITLES = {
    "messages": "Anthropic's Messages",
    "chat": "OpenAI's Chat Completions",
    "responses": "OpenAI's Responses",
}


def _shown(cell: Cell, seen: dict[Cell, dict[str, Any]]) -> str:
    row = seen.get(cell)
    if row is None:
        return ABSENT.get(cell, "untested")
    if row["not_passed"]:
        return "fails"
    count = len(row["tests"])
    return f"yes ({count} test{'s' if count > 1 else ''})"


@functools.cache
def collected() -> dict[Cell, list[str]]:
    """The tests that claim cells, as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cells.json"
        subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "cell", "tests/e2e"],
            env=os.environ | {"CELLS_FILE": str(file)},
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        return {cell: row["tests"] for cell, row in read_seen(file).items()}


def drift() -> str:
    """What the tests would say otherwise; empty where the page is what they say."""
    seen = {cell: row["tests"] for cell, row in read_seen().items()}
    now = collected()
    changed = sorted(
        cell for cell in seen.keys() | now.keys() if seen.get(cell) != now.get(cell)
    )
    return "; ".join(" / ".join(cell) for cell in changed)
