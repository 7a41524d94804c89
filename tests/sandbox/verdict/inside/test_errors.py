"""Exceptions cross by name, and only those that steer nothing here."""

from __future__ import annotations

import argparse
import configparser
import subprocess
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


def test_an_exception_of_a_package_arrives_as_itself_with_what_it_holds() -> None:
    found = carried(subprocess.CalledProcessError(3, ["a", "b"], output="c"))
    assert isinstance(found, subprocess.CalledProcessError)
    assert (found.cmd, found.output) == (["a", "b"], "c")
    assert "exit status 3" in str(found)
    other = carried(configparser.NoOptionError("a", "b"))
    assert isinstance(other, configparser.NoOptionError)
    assert (other.option, other.section) == ("a", "b")


def test_what_an_exception_of_a_package_keeps_in_slots_arrives_in_them() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed here")
    found = carried(numpy.exceptions.AxisError(5, 1))
    assert isinstance(found, numpy.exceptions.AxisError)
    assert (found.axis, found.ndim) == (5, 1)
    assert "axis 5 is out of bounds" in str(found)


def test_one_that_is_not_admitted_is_a_class_made_here() -> None:
    it, codec = pair()
    raised = argparse.ArgumentTypeError("a")
    it.admits = lambda kind: False
    found: Any = it.decode(pair()[0].encode(raised, codec, values.Known()), codec)
    assert not isinstance(found, argparse.ArgumentTypeError)
    assert (type(found).__name__, str(found)) == ("ArgumentTypeError", "a")


def test_a_class_above_it_that_takes_no_children_so_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(cls: type, *, code: int) -> None: ...

    above = configparser.ParsingError
    frame = ["class", 7, "Own", [["class", 8, "ParsingError", [], "configparser"]], ""]
    monkeypatch.setattr(above, "__init_subclass__", classmethod(refuse), raising=False)
    found: Any = pair()[0].decode(frame, pair()[1])
    assert found.__bases__ == (Exception,)
    monkeypatch.undo()
    assert pair()[0].decode(frame, pair()[1]).__bases__ == (above,)


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
