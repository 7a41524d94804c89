"""Rows leave as they are, whatever the format."""

from __future__ import annotations

import csv
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from headgate.ledger.book.book import open_files
from headgate.ledger.book.columns import BOOK
from headgate.ledger.export.rows import FORMATS, copy, write
from headgate.ledger.export.whole import whole
from tests.audit.ledgers import book_of

ROWS = [
    {
        "id": f"c{n}",
        "input_fresh": 1_000 + n,
        "output": 7,
        "prefix": b"\x00\xff",
        "chain": [2**63],
    }
    for n in range(3)
]


@pytest.mark.parametrize("form", FORMATS)
def test_every_row_and_every_column_leaves(form: str, tmp_path: Path) -> None:
    file = tmp_path / "out"
    with book_of(ROWS) as book:
        assert write(book, form, file) == 3
        total = book.one("SELECT sum(cost_nusd) FROM book")[0]
    names = [it.name for it in BOOK]
    if form == "parquet":
        with open_files([file]) as again:
            assert again.one("SELECT count(*), sum(cost_nusd) FROM book") == (3, total)
            assert again.one("SELECT prefix, chain FROM book LIMIT 1") == (b"\x00\xff", [2**63])
        return
    if form == "csv":
        found = list(csv.DictReader(file.read_text().splitlines()))
    else:
        found = [json.loads(line) for line in file.read_text().splitlines()]
    assert list(found[0]) == names
    assert sum(int(row["cost_nusd"]) for row in found) == total
    assert {row["prefix"] for row in found} == {"00ff"}


def test_a_name_with_a_quote_is_a_name(tmp_path: Path) -> None:
    file = tmp_path / "it's.csv"
    with book_of(ROWS) as book:
        write(book, "csv", file)
    assert file.exists()


@pytest.mark.slow
def test_ctrl_c_is_heard_while_rows_are_written_and_leaves_nothing(tmp_path: Path) -> None:
    endless = "SELECT sum(a.range + b.range) FROM range(10000000) a, range(10000000) b"
    alarm = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()

    def interrupted() -> None:
        with book_of(ROWS) as book, whole(tmp_path / "out", force=False) as part:
            alarm.start()
            copy(book, endless, FORMATS["csv"], part)

    heard = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        signal.signal(signal.SIGINT, heard)
    assert time.monotonic() - began < 20
    assert list(tmp_path.iterdir()) == []
