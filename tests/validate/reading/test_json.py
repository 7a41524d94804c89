"""JSON of tools is read strictly: another shape never counts as no problem."""

from __future__ import annotations

import msgspec
import pytest

from headgate.validate.check import Unreadable
from headgate.validate.reading.json import by_line, whole


class One(msgspec.Struct):
    name: str


def test_lines_for_people_are_passed_over_and_documents_are_not() -> None:
    assert [it.name for it in by_line('hello\n{"name":"a"}\n\n{"name":"b"}', One)] == ["a", "b"]


@pytest.mark.parametrize("said", ["", "{", '{"name":1}', "[]"])
def test_another_shape_is_unreadable(said: str) -> None:
    with pytest.raises(Unreadable):
        whole(said, One)
