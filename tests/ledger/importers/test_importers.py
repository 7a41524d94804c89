"""Importers are found by their files, and nothing is taken for one that is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from headgate.ledger.importers import check, load
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Reading


def silent(reading: Reading) -> Iterator[Sequence[Draft | Failed]]:
    yield []


def importer(name: str) -> Importer:
    return Importer(name, "nothing", lambda path, start: False, silent)


def test_every_file_with_an_importer_is_found() -> None:
    names = [it.name for it in load()]
    assert names == sorted(names)
    assert {"claude-code", "codex"} <= set(names)


def test_what_is_no_importer_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the importer odd"):
        check([("odd", object())])


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two importers are called 'a': second"):
        check([("first", importer("a")), ("second", importer("a"))])


def test_importers_come_in_the_order_of_their_names() -> None:
    assert [it.name for it in check([("x", importer("b")), ("y", importer("a"))])] == ["a", "b"]
