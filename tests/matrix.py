"""Which client was seen doing what at which kind of provider: the cells that tests fill.

Rule 1: a cell is a client, the surface its calls go out on, and a thing that shall work there;
a test claims cells with the marker `cell`, and every cell has a test or a reason in ABSENT.
Rule 2: a run with CELLS_FILE in its environment writes the claims there and what became of
them; docs/reference/compatibility.md is made of that file, so nobody writes a cell by hand.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

CLAUDE_CODE = "Claude Code"
CODEX = "Codex"
ANTHROPIC_SDK = "anthropic SDK"
CHAT_SDK = "openai SDK, chat"
RESPONSES_SDK = "openai SDK, responses"
CLIENTS = (CLAUDE_CODE, CODEX, ANTHROPIC_SDK, CHAT_SDK, RESPONSES_SDK)
UPSTREAMS = ("messages", "chat", "responses")
WHATS = (
    "stream",
    "tools",
    "parallel tools",
    "images",
    "structured output",
    "thinking",
    "errors",
    "cut stream",
)

Cell = tuple[str, str, str]

ABSENT: dict[Cell, str] = {}
"""cells that no test can fill, each with its reason in a few words"""

_PASSED = "passed"


def every_cell() -> Iterator[Cell]:
    return itertools.product(CLIENTS, UPSTREAMS, WHATS)


def cell(client: str, upstream: str, *whats: str) -> pytest.MarkDecorator:
    return pytest.mark.cell(client=client, upstream=upstream, whats=whats)


def at_every_upstream(client: str, *whats: str) -> pytest.MarkDecorator:
    """Run a test once per kind of provider, and claim the cells of each."""
    params = [pytest.param(each, marks=cell(client, each, *whats)) for each in UPSTREAMS]
    return pytest.mark.parametrize("upstream", params)


def claimed(item: pytest.Item) -> list[Cell]:
    """The cells a test claims; a slip of the pen is an error, not an empty cell."""
    found = [
        (mark.kwargs["client"], mark.kwargs["upstream"], what)
        for mark in item.iter_markers("cell")
        for what in mark.kwargs["whats"]
    ]
    for each in found:
        if each not in set(every_cell()):
            raise pytest.UsageError(f"{item.nodeid} claims a cell that is none: {each}")
    return found


class Notes:
    """What a run saw of the cells; written as JSON at its end."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.tests: dict[Cell, set[str]] = {}
        self.outcomes: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for each in claimed(item):
                self.tests.setdefault(each, set()).add(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.outcomes[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        cells = [
            {
                "client": each[0],
                "upstream": each[1],
                "what": each[2],
                "tests": sorted(tests),
                "not_passed": [t for t in sorted(tests) if self.outcomes.get(t) != _PASSED],
            }
            for each, tests in sorted(self.tests.items())
        ]
        self.file.write_text(json.dumps(cells, indent=1) + "\n")
