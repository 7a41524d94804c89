"""Stands in for the modules of the code under test when a test imports them.

Rule 1: a module that the code's files define is the stand-in; one that Python, an installed
package or a file of the tests has is never the code's.
Rule 2: the modules of the tests are loaded from memory: no file of theirs lies in the sandbox.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import os
import pathlib
import sys
import types
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from headgate.sandbox.verdict.inside import checks, derived, peer, watched

UNNAMED = "solution"
"""what code under test is called where nobody gave it another name"""
SHORT = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot"}


UNREADABLE = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)
"""what the compiler says of source that it cannot read, and code of other things"""
SHOWN = ("__version__", "__author__")
STEERING = (
    "_",
    "pytest",
    "test",
    "Test",
    "load_tests",
    "setup",
    "setUp",
    "teardown",
    "tearDown",
)
"""how names begin that a runner looks for, or the judge: `*` gives those that tests name"""


def owned(name: str) -> types.ModuleType | None:
    """The judge's own module, where a name commonly means one."""
    whole = SHORT.get(name, name)
    if whole not in sys.stdlib_module_names and name not in (*SHORT, "pytest", "numpy"):
        return None
    try:
        return importlib.import_module(whole)
    except ImportError:
        return None


def taken_whole(names: Collection[str]) -> set[str]:
    """The names that a test takes with `*` from modules, where they are Python's own."""
    return {
        one
        for name in names
        if name in sys.stdlib_module_names
        for one in vars(importlib.import_module(name))
        if not one.startswith("_")
    }


class Standin(types.ModuleType):
    """A module whose names are those of the other process."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return self._public()
        if name.startswith("__") and name not in SHOWN:
            raise AttributeError(name)
        thing = self.__dict__.get("_hg_thing")
        if thing is None:
            raise AttributeError(name)
        found = self.__dict__["_hg_peer"].ask("get", thing, (name,))
        self.__dict__["_hg_watch"].took(name, found)
        return found

    def _public(self) -> list[str]:
        """What `import *` takes: never a name that the language or the tests own."""
        watch = self.__dict__["_hg_watch"]
        names = self.__dict__["_hg_peer"].ask("public", 0, (self.__name__,))
        names = [str(it) for it in names if it not in watch.imported]
        names = [
            it
            for it in names
            if it in watch.names or not (it.startswith(STEERING) or it == "AssertionError")
        ]
        for name in set(names) & watch.names & set(vars(builtins)):
            raise watch.refuse(f"import * of the code would replace Python's own {name}")
        for name in names:
            is_module = name in watch.looked  # math.sqrt is meant of Python's math
            own = owned(name) if name in watch.names and is_module else None
            if own is not None:
                super().__setattr__(name, own)
        return names

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, types.ModuleType) or name.startswith("__"):
            super().__setattr__(name, value)
        else:
            thing, before = self.__dict__["_hg_thing"], self.__dict__["_hg_before"]
            if name not in before and self.__dict__["_hg_peer"].ask(
                "has", 0, (self.__name__, [name])
            ):
                before[name] = getattr(self, name)
            setattr(thing, name, value)

    def __delattr__(self, name: str) -> None:
        """What takes a patch back looks into __dict__, where the code's names are not."""
        thing, before = self.__dict__["_hg_thing"], self.__dict__["_hg_before"]
        if name in before:
            setattr(thing, name, before.pop(name))
        else:
            delattr(thing, name)


class Theirs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of the code under test."""

    def __init__(
        self,
        side: peer.Peer,
        tops: set[str],
        watch: watched.Watch,
        files: Mapping[str, str] = types.MappingProxyType({}),
    ) -> None:
        self._side, self._tops, self._watch, self._texts = side, tops, watch, files
        self._files = {_module(it.removeprefix("src/")): it for it in files}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] not in self._tops:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return Standin(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        try:
            thing = self._side.ask("load", 0, (module.__name__,))
        except UNREADABLE:
            self._watch.unreadable = self._watch.unreadable or unreadable(self._texts)
            raise
        module.__dict__["_hg_peer"] = self._side
        module.__dict__["_hg_watch"] = self._watch
        module.__dict__["_hg_thing"] = thing
        module.__dict__["_hg_before"] = {}
        if module.__name__ in self._files:
            place = pathlib.Path(self._files[module.__name__])
            module.__dict__["__file__"] = str(place.absolute())


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class Ours(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of the tests, in memory."""

    def __init__(self, files: dict[str, str], count: checks.Checks) -> None:
        self._count = count
        self._sources: dict[str, tuple[str, str]] = {}
        self._packages: set[str] = set()
        self._true: set[str] = set()
        paths = [pathlib.PurePosixPath(it) for it in files if it.endswith(".py")]
        roots = {it.parent for it in paths} - {
            it.parent for it in paths if it.stem == "__init__"
        }
        for path in paths:
            self._take(path, files[str(path)])
            parts = [it for it in path.with_suffix("").parts if it != "__init__"]
            self._true.add(".".join(parts))
            if path.parent in roots:
                self._true.add(parts[-1])

    def _take(self, path: pathlib.PurePosixPath, text: str) -> None:
        parts = list(path.with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
            self._packages.add(".".join(parts))
        for start in range(len(parts)):
            self._sources[".".join(parts[start:])] = (str(path), text)
            self._packages.update(".".join(parts[start:end]) for end in range(1, len(parts)))

    def names(self) -> set[str]:
        return set(self._sources)

    def first(self) -> Foremost:
        """What is asked before the code's: modules of the tests under their true names."""
        return Foremost(self, self._true)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self._sources and name not in self._packages:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=name in self._packages)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        path, text = self._sources.get(module.__name__, ("", ""))
        module.__file__ = str(pathlib.Path(path).absolute())
        module.__dict__["_hg_checks"] = self._count
        if "super(" in text:
            module.__dict__["super"] = derived.upper
        exec(checks.rewritten(path, text), module.__dict__)  # noqa: S102 (the tests are ours)


class Foremost(importlib.abc.MetaPathFinder):
    """Finds some modules of the tests, whatever the code calls its own."""

    def __init__(self, ours: Ours, names: set[str]) -> None:
        self._ours, self._names = ours, names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        return self._ours.find_spec(name, path, target) if name in self._names else None


def tops(files: Sequence[str], roots: Sequence[str]) -> set[str]:
    """The outermost module names that files define."""
    found = set()
    for path in files:
        for root in sorted(roots, key=len, reverse=True):
            if not root or path.startswith(root + "/"):
                inner = path[len(root) :].lstrip("/") if root else path
                found.add(inner.partition("/")[0].removesuffix(".py"))
                break
    return found


def clear() -> None:
    """Takes the work folder out of the way of imports."""
    here = os.getcwd()
    sys.path[:] = [it for it in sys.path if it and not it.startswith(here)]


def unreadable(files: Mapping[str, str]) -> str:
    """Which of the code's files no Python reads, and why; "": it reads them all."""
    for path, text in files.items():
        if not path.endswith(".py"):
            continue
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(text.encode(), path, "exec", dont_inherit=True)
        except SyntaxError as e:
            return f"{type(e).__name__}: {e}"
        except UNREADABLE as e:
            return f"SyntaxError: {path} is more than Python can read ({type(e).__name__}: {e})"
    return ""


def taken(names: set[str]) -> str:
    """A name among them that Python or an installed package has; "" if there is none."""
    for name in sorted(names - {UNNAMED}):
        if name in sys.stdlib_module_names:
            return name
        spec = importlib.machinery.PathFinder.find_spec(name)
        if spec and spec.origin:
            return name
    return ""


def install(tops: set[str], *finders: importlib.abc.MetaPathFinder) -> None:
    """Puts them before all others; `tops` are the outermost names that they find."""
    sys.meta_path[:0] = finders
    if not any(it in sys.modules for it in tops):
        return  # to look at every name would copy the pages that they lie on
    for name in list(sys.modules):
        if any(it.find_spec(name, None) for it in finders):
            del sys.modules[name]
