"""The page is one file that opens offline, tells everything, and trusts no word of a caller."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from headgate.audit.page.page import Pictures, page
from headgate.audit.page.pictures import economy, sessions, spending
from headgate.audit.report import Report
from headgate.audit.rules import load
from headgate.audit.run import run
from headgate.ledger.book.quick import quick
from tests.audit.ledgers import DAY_US, MONDAY_US, evidence_of

EVIL = '<script>alert("1")</script>&"'
OPEN = {"meta", "path", "rect", "br"}


class Strict(HTMLParser):
    """Every tag that is opened is closed, in order; no tag that could fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        names = {name for name, _ in attrs}
        assert not names & {"src", "href", "onload", "onclick", "srcset"}
        if tag not in OPEN or tag == "rect":
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)


def made(rows: list[dict[str, Any]]) -> str:
    with evidence_of(rows) as evidence:
        report = Report(run(evidence, load()), quick(evidence.book))
        window = (MONDAY_US, MONDAY_US + 3 * DAY_US)
        book = evidence.book
        return page(report, Pictures(spending(book, *window), economy(book), sessions(book)))


ROWS = [
    {
        "at_us": MONDAY_US + n * 60_000_000,
        "session": f"{EVIL}{n % 3}",
        "model_sent": EVIL if n % 2 else "claude-sonnet-5-5",
        "project": EVIL,
        "input_fresh": 50_000,
        "output": 400,
        "simulated": n % 2,
    }
    for n in range(60)
]


def test_it_is_well_formed_and_holds_nothing_that_runs_or_fetches() -> None:
    parser = Strict()
    text = made(ROWS)
    parser.feed(text)
    assert parser.stack == []
    assert not parser.seen & {"script", "img", "link", "iframe", "object"}
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text


def test_words_of_callers_stay_words() -> None:
    assert "<script" not in made(ROWS)


def test_figures_stand_beside_every_chart_and_the_simulator_is_named() -> None:
    text = made(ROWS)
    assert text.count("<svg") >= 4
    assert text.count("<table") >= 4
    assert "30 of the calls were answered by the simulator" in text
    spent = re.search(r"<b>\$([\d,.]+)</b>spent on 60 calls", text)
    assert spent is not None


def test_a_bill_without_sessions_or_waste_has_a_page_too() -> None:
    text = made([{"input_fresh": 10, "output": 10}])
    assert "No waste was found" in text
    assert "<h2>Sessions</h2>" not in text
