"""The first screen: four steps, in order."""

from __future__ import annotations

import pytest

from headgate.cli.auditquick import show_quick
from headgate.ledger.book.quick import quick
from tests.audit.ledgers import book_of


def test_the_four_steps_are_printed_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    with book_of([{"input_fresh": 10, "key_id": "k"}]) as book:
        show_quick(quick(book), {"k": "ana"})
    text = capsys.readouterr().out
    places = [text.index(f"{n}. ") for n in (1, 2, 3, 4)]
    assert places == sorted(places)
    assert "on 1 call, 2026-" in text
