"""An import is listed with what it brought, and undone as a whole."""

from __future__ import annotations

import pytest

from headgate.ledger.archive.segment import Segment, live
from headgate.ledger.importers import imports
from headgate.ledger.importers.imports import DONE, READING, UNDONE, Import, Raced
from headgate.store.sql import Connection

ROW = Import("imp_1", "codex", "~/.codex", 5, READING, 0, 0, 0, 0, 0, 0, "{}")
WHOLE = ROW._replace(state=DONE, calls=3, at_us=6)


def segment(path: str, rows: int = 3, import_id: str = "imp_1") -> Segment:
    return Segment(path, 1, 0, 0, rows, 9, 1, 2, b"d", import_id, 5, None)


def test_an_import_is_listed_from_its_beginning(connection: Connection) -> None:
    imports.begin(connection, ROW)
    imports.begin(connection, ROW._replace(at_us=9))
    assert imports.all_imports(connection) == [ROW]
    assert imports.find_import(connection, "imp_1") == ROW
    assert imports.find_import(connection, "imp_2") is None


def test_one_that_brought_nothing_is_not_listed(connection: Connection) -> None:
    imports.begin(connection, ROW)
    imports.forget(connection, "imp_1")
    assert imports.all_imports(connection) == []


def test_an_import_and_its_segments_are_listed_together(connection: Connection) -> None:
    imports.begin(connection, ROW)
    imports.finish(connection, WHOLE, [segment("a"), segment("b")], [])
    assert imports.all_imports(connection) == [WHOLE]
    assert [it.path for it in live(connection)] == ["a", "b"]


def test_segments_that_are_replaced_are_gone_in_the_same_commit(
    connection: Connection,
) -> None:
    imports.finish(connection, WHOLE, [segment("a")], [])
    later = WHOLE._replace(id="imp_2")
    imports.finish(connection, later, [segment("b", 1, "imp_2"), segment("c", 2)], ["a"])
    assert [it.path for it in live(connection)] == ["b", "c"]


def test_nothing_is_listed_when_a_segment_to_be_replaced_is_gone(
    connection: Connection,
) -> None:
    with pytest.raises(Raced):
        imports.finish(connection, WHOLE, [segment("b")], ["a"])
    assert imports.all_imports(connection) == []
    assert live(connection) == []


def test_an_import_is_undone_with_all_its_segments_and_only_once(
    connection: Connection,
) -> None:
    imports.finish(connection, WHOLE, [segment("a"), segment("b", 4)], [])
    imports.finish(connection, WHOLE._replace(id="imp_2"), [segment("c", 1, "imp_2")], [])
    assert imports.undo(connection, "imp_1", 99) == (WHOLE, 7)
    assert [it.path for it in live(connection)] == ["c"]
    assert [it.state for it in imports.all_imports(connection)] == [UNDONE, DONE]
    for id in ("imp_1", "imp_9"):
        with pytest.raises(KeyError):
            imports.undo(connection, id, 100)
