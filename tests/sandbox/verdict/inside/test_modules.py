"""Modules of the code are stand-ins; modules of the tests come from memory."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import checks, modules, watched


@pytest.mark.parametrize(
    ("files", "roots", "found"),
    [
        (["solution.py"], [""], {"solution"}),
        (["pkg/__init__.py", "pkg/a.py", "b.py"], [""], {"pkg", "b"}),
        (["src/pkg/a.py"], ["", "src"], {"pkg"}),
    ],
)
def test_the_outermost_names_that_files_define(
    files: list[str], roots: list[str], found: set[str]
) -> None:
    assert modules.tops(files, roots) == found


class Side:
    """Answers as the other process would."""

    def __init__(self) -> None:
        self.space: dict[str, Any] = {"clock": 1}

    def ask(self, op: str, target: Any, args: Any = ()) -> Any:
        answers: dict[str, Callable[[], Any]] = {
            "get": lambda: self.space[args[0]],
            "has": lambda: [it for it in args[1] if it in self.space],
            "public": lambda: list(self.space),
            "load": lambda: Names(self.space),
        }
        return answers[op]()


class Names:
    def __init__(self, space: dict[str, Any]) -> None:
        self.__dict__ = space


def standin() -> Any:
    theirs = modules.Theirs(Side(), {"solution"}, watched.Watch())  # type: ignore[arg-type]
    spec = theirs.find_spec("solution", None)
    assert spec is not None
    assert theirs.find_spec("other", None) is None
    module = theirs.create_module(spec)
    theirs.exec_module(module)
    return module


def test_a_name_of_a_standin_is_the_codes() -> None:
    module = standin()
    assert module.clock == 1
    assert module.__all__ == ["clock"]


def test_a_patch_of_a_standin_is_taken_back() -> None:
    module = standin()
    module.clock = 2
    assert module.clock == 2
    del module.clock
    assert module.clock == 1


def test_a_module_of_the_tests_is_loaded_from_memory() -> None:
    count = checks.Checks()
    ours = modules.Ours({"tests/in_memory.py": "assert True\nfound = 7\n"}, count)
    before = list(sys.meta_path)
    sys.meta_path.insert(0, ours)
    try:
        import in_memory  # type: ignore[import-not-found]

        assert in_memory.found == 7
        assert count.passed == 1
    finally:
        sys.meta_path[:] = before
        sys.modules.pop("in_memory", None)


@pytest.mark.parametrize("text", ["x = (", "x = '\0'", f"x = {'-' * 20_000}1", "# coding: no"])
def test_a_file_that_no_python_reads_is_named_with_the_reason(text: str) -> None:
    files = {"data.txt": "(", "fine.py": "x = '\\d'\n", "it.py": text}
    assert re.match(r"\w+Error: .+", modules.unreadable(files))
    assert modules.unreadable({**files, "it.py": "\ufeffx = 1\r\n"}) == ""
