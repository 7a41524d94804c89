"""Asks DuckDB and ClickHouse the same questions, in a process of its own: ClickHouse's engine
brings its threads and takes its memory along.

    python -m tests.ledger.book.ask_both FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.bookrows import FIRST_DAY, day_of_rows
from headgate.ledger.book.book import open_files
from headgate.ledger.book.duck import open_duck
from headgate.ledger.book.hot import Window
from headgate.ledger.book.question import DAY_US, Asks, Cut, ask
from headgate.ledger.book.questions import ALL, latency, prefixes, sessions, spend, spikes
from headgate.ledger.book.quick import quick
from headgate.ledger.book.warehouse import open_warehouse
from headgate.store.sql import StoreError
from tests.ledger.book.pages import page

ODD: list[dict[str, Any]] = [
    {"at_us": FIRST_DAY * DAY_US, "key_id": "it's \\ odd", "session": "a\\'b", "cost_nusd": 5},
    {"at_us": FIRST_DAY * DAY_US, "source": "codex", "calls": 9, "span_us": DAY_US},
    {"at_us": FIRST_DAY * DAY_US, "source": "somewhere", "cost_nusd": 7, "stated_nusd": 4},
    {"at_us": FIRST_DAY * DAY_US, "model_sent": "späť", "priced_by": "ceiling", "output": 3},
]


def segments(folder: Path) -> list[Path]:
    """Two days of calls, and a few odd rows."""
    duck = open_duck(threads=1)
    files = [page(folder / "odd.parquet", ODD)]
    for day in range(2):
        path = folder / f"day-{day}.parquet"
        rows = day_of_rows(day, 40)
        duck.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)").fetchall()
        files.append(path)
    duck.close()
    return files


def cuts(session: str) -> dict[str, tuple[Any, Cut]]:
    """Everything that is asked."""
    until_us = (FIRST_DAY + 2) * DAY_US
    plain = {it.name: (it, Cut(session="", until_us=until_us)) for it in ALL}
    plain["session_calls"] = (sessions.TURNS, Cut(session=session))
    plain["session_names"] = (sessions.BEGINNING, Cut(session=session[:2]))
    plain["session_facts"] = (sessions.FACTS, Cut(sessions=(session, "a\\'b")))
    for by in spend.GROUPS:
        plain[f"spend by {by}"] = (spend.SPEND, Cut(by=by))
    for what in spikes.GROUPS:
        plain[f"growth by {what}"] = (spikes.GROWTH, Cut(by=what, until_us=until_us))
    plain["spend hour"] = (spend.SPEND, Cut(by="team", step="hour"))
    plain["spend odd key"] = (spend.SPEND, Cut(key="it's \\ odd", step="day"))
    plain["gaps by head"] = (prefixes.GAPS, Cut(by="head"))
    plain["latency by size"] = (latency.FIRST, Cut(by="size"))
    return plain


def differences(one: Asks, two: Asks) -> dict[str, list[Any]]:
    """By question: how many lines there are, and what differs."""
    session = ask(one, sessions.TOP).rows[0].session
    found: dict[str, list[Any]] = {}
    for name, (question, cut) in cuts(session).items():
        first, second = ask(one, question, cut), ask(two, question, cut)
        apart = [
            repr(pair)
            for pair in zip(first.rows, second.rows, strict=False)
            if pair[0] != pair[1]
        ]
        same = first == second
        found[name] = [len(first.rows), apart[:2] or ([] if same else ["lengths"])]
    return found


def main(folder: Path) -> dict[str, Any]:
    files = segments(folder)
    url = f"chdb://{folder / 'warehouse'}"
    with open_files(files) as book, open_warehouse(url) as warehouse:
        warehouse.make()
        warehouse.load(files)
        warehouse.load(files[:1])  # once more: no harm
        told: dict[str, Any] = {
            "questions": differences(book, warehouse),
            "quick": quick(book) == quick(warehouse),
        }
    window = Window(FIRST_DAY * DAY_US, (FIRST_DAY + 1) * DAY_US)
    with open_files(files, window) as book, open_warehouse(url, window) as warehouse:
        told["window"] = [
            ask(it, spend.SPEND, Cut(step="day")).rows
            == ask(book, spend.SPEND, Cut(step="day")).rows
            for it in (book, warehouse)
        ]
        try:
            warehouse.rows("SELECT nothing FROM nowhere")
        except StoreError as error:
            told["error"] = ["StoreError", str(error)]
    return told


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
