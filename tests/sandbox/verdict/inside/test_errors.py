"""Exceptions cross by name, and only those that steer nothing here."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.sandbox.verdict.inside import errors, values


def pair() -> tuple[errors.Errors, values.Values]:
    it = errors.Errors(values.Held())

    def meet(frame: list[Any]) -> object:
        return it.decode(frame, codec)

    codec = values.Values(lambda thing: it.encode(thing, codec, values.Known()), meet)
    return it, codec


def carried(raised: BaseException) -> BaseException:
    frame = pair()[0].encode(raised, pair()[1], values.Known())
    it, codec = pair()
    found = it.decode(frame, codec)
    assert isinstance(found, BaseException)
    return found


@pytest.mark.parametrize("raised", [ValueError("x"), KeyError("k"), OSError(2, "no")])
def test_a_builtin_exception_arrives_as_itself(raised: BaseException) -> None:
    found = carried(raised)
    assert type(found) is type(raised)
    assert found.args == raised.args


class Own(LookupError):
    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


def test_a_class_of_the_code_keeps_its_name_words_and_attributes() -> None:
    found = carried(Own(7))
    assert type(found).__name__ == "Own"
    assert isinstance(found, LookupError)
    assert str(found) == "code 7"
    assert vars(found)["code"] == 7


@pytest.mark.parametrize(
    "frame",
    [
        ["library error", "os", "system"],
        ["library error", "unittest.case", "SkipTest"],
        ["builtin error", "print"],
        ["yours", 99],
    ],
)
def test_nothing_but_an_exception_is_looked_up(frame: list[Any]) -> None:
    it, codec = pair()
    with pytest.raises(values.Rubbish):
        it.decode(frame, codec)
