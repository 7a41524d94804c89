"""A class of a package is met by its name, and nothing is run to meet it."""

from __future__ import annotations

import configparser
import importlib.util
import json
import sys
import types
import unittest  # noqa: F401 (it is there to be found)
import urllib.error
from pathlib import Path
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import installed, known


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("json.decoder", "JSONDecodeError"),
        ("configparser", "NoSectionError"),
        ("binascii", "Error"),
    ],
)
def test_a_class_that_is_in_memory_is_found(module: str, name: str) -> None:
    assert installed.found(module, name) is vars(sys.modules[module])[name]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("antigravity", "Error"),  # is never imported for it
        ("json.decoder", "JSONDecoder"),
        ("json", "JSONDecodeError"),  # of another module
        ("builtins", "ValueError"),
        ("asyncio.exceptions", "CancelledError"),  # no Exception
        ("unittest.case", "SkipTest"),
        ("_pytest.outcomes", "Skipped"),
        ("_pytest.fixtures", "FixtureLookupError"),
        (known.__name__, "Rubbish"),
        ("os", "system"),
        ("", ""),
    ],
)
def test_nothing_else_is(module: str, name: str) -> None:
    assert installed.found(module, name) is None
    assert "antigravity" not in sys.modules


def test_no_module_is_asked_for_what_it_has_not_yet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "lazily.py"
    place.write_text("def __getattr__(name): raise SystemExit(name)\n")
    spec = importlib.util.spec_from_file_location("lazily", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "lazily", module)
    assert installed.found("lazily", "Error") is None


def test_what_stands_for_a_module_of_others_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    it = types.ModuleType("standing")
    vars(it)["Error"] = type("Error", (Exception,), {"__module__": "standing"})
    monkeypatch.setitem(sys.modules, "standing", it)
    assert installed.found("standing", "Error") is None


def test_a_class_is_named_by_itself_or_by_one_above_it() -> None:
    kind = urllib.error.HTTPError
    assert installed.is_named(kind, {"HTTPError"})
    assert installed.is_named(kind, {"URLError", "other"})
    assert not installed.is_named(kind, {"OSError", "Exception", "urllib"})


def test_one_is_made_without_a_word_of_its_class() -> None:
    it = installed.bare(urllib.error.HTTPError, [2, "no"])
    assert (type(it), it.args) == (urllib.error.HTTPError, (2, "no"))


def test_what_one_says_of_itself_to_travel_leaves_it_as_it_was() -> None:
    class Odd(Exception):
        def __reduce__(self) -> Any:
            vars(self)["_link"] = None
            return super().__reduce__()

    it = Odd()
    vars(it).update(_link=it, n=1)
    assert installed.state(it) == {"_link": None, "n": 1}
    assert vars(it) == {"_link": it, "n": 1}
    assert installed.state(configparser.NoSectionError("a"))["section"] == "a"


def test_what_its_builtin_cannot_make_is_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a class of C has a maker of its own."""
    kind = configparser.NoSectionError
    assert installed.is_made_bare(kind)
    monkeypatch.setattr(configparser.Error, "__new__", ValueError.__new__, raising=False)
    assert not installed.is_made_bare(kind)
    assert installed.found("configparser", "NoSectionError") is None


def test_fields_in_slots_travel_if_they_are_there() -> None:
    class Above(Exception):
        __slots__ = ("_words", "axis", "unset")

    class Below(Above):
        __slots__ = ("size",)

    it: Any = Below()
    it._words, it.axis, it.size = "w", 1, 2
    it.more = 3  # an exception has a dictionary too
    assert installed.state(it) == {"_words": "w", "axis": 1, "size": 2, "more": 3}
    assert set(installed.slots(Below)) == {"_words", "axis", "size", "unset"}
    assert installed.slots(OSError) == {}


def test_what_one_does_not_name_to_travel_travels_too() -> None:
    class Odd(Exception):
        def __reduce__(self) -> Any:
            return Odd, (), {"more": 2}

    it = Odd()
    vars(it)["code"] = 1
    assert installed.state(it) == {"code": 1, "more": 2}


def test_plain_values_have_no_class_of_their_own() -> None:
    class Word(str):
        __slots__ = ()

    found = installed.plain({1: [Word("x"), (b"y", None, True, 1.5)]})
    assert found == {1: ["x", (b"y", None, True, 1.5)]}
    assert type(found[1][0]) is str
    for it in (object(), [[[[[[1]]]]]], {"f": len}, {1}):
        with pytest.raises(TypeError):
            installed.plain(it)


def test_other_words_are_those_of_the_same_class() -> None:
    kind = installed.telling(json.JSONDecodeError, lambda it: "so it was")
    it = installed.bare(kind, ["x"])
    assert isinstance(it, json.JSONDecodeError)
    assert (str(it), kind.__name__) == ("so it was", "JSONDecodeError")
