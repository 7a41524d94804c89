"""Members of enumerations that are numbers or words arrive as true ones."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import enums, known


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Colour(str, enum.Enum):  # noqa: UP042 (as code that is judged has it)
    RED = "red"


def sides() -> tuple[enums.Enums, enums.Enums]:
    return (
        enums.Enums(known.Held(), lambda it, name: None),
        enums.Enums(known.Held(), lambda it, name: f"asked for {name}"),
    )


def carried(it: Any) -> Any:
    code, judge = sides()
    frame = code.encode(it)
    assert frame is not None
    return judge.decode(frame)


def test_a_member_keeps_its_name_and_value_but_no_operator() -> None:
    found = carried(Level.HIGH)
    assert found.name == "HIGH"
    assert found == 2
    assert found != 1
    assert carried(Colour.RED) == "red"


def test_a_member_is_one_object_and_goes_back_as_itself() -> None:
    code, judge = sides()
    found = judge.decode(code.encode(Level.LOW) or [])
    assert judge.decode(code.encode(Level.LOW) or []) is found
    assert code.decode(judge.encode(found) or []) is Level.LOW


def test_what_a_member_can_do_beyond_its_value_is_asked() -> None:
    assert carried(Colour.RED).hexed == "asked for hexed"
    with pytest.raises(AttributeError):
        carried(Level.LOW).startswith  # noqa: B018 (of words, and this is a number)


@pytest.mark.parametrize(
    "frame",
    [
        ["your member", 7, "A"],
        ["member", "x", "int", "A", [], "A"],
        ["member", 1, "int", "A", [["B", [1]]], "B"],
    ],
)
def test_a_forged_member_is_rubbish(frame: list[Any]) -> None:
    with pytest.raises(known.Rubbish):
        sides()[1].decode(frame)
