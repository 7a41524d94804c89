"""Decides whether what code is to import is there where it runs, and says what would help.

Rule 1: a package is there if the language's own program loads it, and from a folder that every
run is shown: what lies elsewhere on this machine is seen by nobody inside.
Rule 2: of Python the names of modules and of distributions are both understood.
Rule 3: a language that has no way to packages says so; what it carries itself counts as there.
Rule 4: only names that are known to be right are ever proposed to be installed.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox import toolchains
from headgate.sandbox.model import Runtime, Unavailable

NAME = re.compile(r"[A-Za-z@][\w.:/@-]*(?:\[[\w, -]+\])?")
EXTRAS = {
    "matplotlib": "sci",
    "numpy": "sci",
    "pandas": "sci",
    "scikit-learn": "sci",
    "scipy": "sci",
    "seaborn": "sci",
    "sklearn": "sci",
    "psycopg": "postgres",
}
"""name -> the extra of Headgate that brings it"""
CRATES = frozenset(("alloc", "core", "std"))
PYTHON = r"""
import importlib, json, re, sys
import importlib.metadata as known
from importlib.util import find_spec
wanted = sys.argv[1]
def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()
def is_module(name):
    try:
        return all(it.isidentifier() for it in name.split(".")) and find_spec(name) is not None
    except (ImportError, ValueError):
        return False
def tops(dist):
    said = (dist.read_text("top_level.txt") or "").split()
    if not said:
        files = [str(it) for it in dist.files or () if str(it).endswith(".py")]
        firsts = {it.partition("/")[0] for it in files}
        said = sorted(it[:-3] if it.endswith(".py") else it for it in firsts)
    return [it for it in said if it.isidentifier() and it[0] != "_" and is_module(it)]
found = known.distributions()
owners = [it for it in found if plain(it.metadata["Name"] or "") == plain(wanted)]
names = [wanted] if is_module(wanted) else tops(owners[0]) if owners else []
said = {"names": names, "version": owners[0].version if owners else "", "places": []}
for name in names:
    try:
        it = importlib.import_module(name)
    except BaseException as error:
        said["fault"] = "%s: %s" % (type(error).__name__, error)
        break
    spec = it.__spec__
    places = list(getattr(spec, "submodule_search_locations", None) or ())
    said["places"] += places or ([spec.origin] if spec.has_location else [])
    said["version"] = said["version"] or str(getattr(it, "__version__", ""))
print()
print(json.dumps(said))
"""
R = """name <- commandArgs(TRUE)[1]
if (!suppressMessages(requireNamespace(name, quietly = TRUE))) quit(status = 1)
cat(as.character(utils::packageVersion(name)), find.package(name), sep = '\\n')"""

_lock = threading.Lock()
_known: dict[tuple[Runtime, str], str] = {}


class Package(NamedTuple):
    """One that a program found."""

    version: str
    places: tuple[str, ...]


def found(runtime: Runtime, names: Sequence[str]) -> tuple[str, ...]:
    """Each with its version; Unavailable, with the remedy, at the first that is not there.

    Starts programs the first time: not for an event loop.
    """
    return tuple(_one(runtime, it) for it in names)


def _one(runtime: Runtime, name: str) -> str:
    with _lock:
        known = _known.get((runtime, name))
    if known is not None:
        return known
    if not NAME.fullmatch(name):
        raise Unavailable(
            f"packages: {name!r} is not the name of a package",
            "name it alone: what it is imported as, or installed as",
        )
    look = LOOKS.get(runtime.language)
    if look is None:
        raise Unavailable(f"{runtime.language} knows no packages", "leave packages out")
    package = look(runtime, name.partition("[")[0])
    shown = (*toolchains.SYSTEM, *(it.source for it in runtime.trees))
    hidden = [it for it in package.places if not _within(it, shown)]
    if hidden:
        raise Unavailable(
            f"{name} lies in {hidden[0]}, which the sandbox does not show",
            "install it, whole and not editable, beside the others: "
            + (runtime.trees[0].source if runtime.trees else "below /usr"),
        )
    told = f"{name} {package.version}".strip()
    with _lock:
        _known[runtime, name] = told
    return told


def _within(path: str, folders: Sequence[str]) -> bool:
    """As it is named, and as it is once every link is followed."""
    return all(
        any(place == it or place.startswith(it.rstrip("/") + "/") for it in folders)
        for place in (path, os.path.realpath(path))
    )


def _of_python(runtime: Runtime, name: str) -> Package:
    program = runtime.interpreter or sys.executable
    said = toolchains.answer(program, "-I", "-c", PYTHON, name, env=dict(runtime.env))
    told = json.loads(said.rpartition("\n")[2]) if said else {"fault": "its import ends Python"}
    if "fault" in told:
        raise Unavailable(
            f"{name} is installed and cannot be imported: {told['fault'][:200]}",
            _install(name, program),
        )
    if not told["names"]:
        raise Unavailable(
            f"the package {name} is not installed for {program}", _install(name, program)
        )
    return Package(told["version"], tuple(told["places"]))


def _install(name: str, program: str) -> str:
    extra = EXTRAS.get(name.partition(".")[0].lower())
    if extra and program == sys.executable:
        return f'pip install "headgate[{extra}]"'
    return f"install what brings it into the Python of {program}"


def _of_r(runtime: Runtime, name: str) -> Package:
    words = (runtime.program, "--vanilla", "--no-echo", "-e", R, "--args", name)
    said = toolchains.answer(*words, env=dict(runtime.env)).splitlines()
    if len(said) < 2:
        raise Unavailable(
            f"the package {name} is not installed for R",
            f"install.packages({name!r}) in R, into a library below /usr",
        )
    return Package(said[-2], (said[-1],))


def _of_node(runtime: Runtime, name: str) -> Package:
    asked = "JSON.stringify(require('module').builtinModules)"
    said = toolchains.answer(runtime.program, "-p", asked)
    if name.removeprefix("node:") not in json.loads(said or "[]"):
        raise Unavailable(
            f"{name} comes from npm, and only modules of Node.js itself can be judged with",
            "write the task without it",
        )
    return Package("", ())


def _of_go(runtime: Runtime, name: str) -> Package:
    root = toolchains.answer(runtime.program, "env", "GOROOT", env=dict(runtime.env))
    if not root or not NAME.fullmatch(name) or not (Path(root) / "src" / name).is_dir():
        raise Unavailable(
            f"{name} is no package of Go's standard library, and only those can be judged with",
            "write the task without it",
        )
    return Package("", ())


def _of_rust(runtime: Runtime, name: str) -> Package:
    if name not in CRATES:
        raise Unavailable(
            f"{name} is a crate of others, and only Rust's own can be judged with",
            "write the task without it",
        )
    return Package("", ())


LOOKS: dict[str, Callable[[Runtime, str], Package]] = {
    "python": _of_python,
    "r": _of_r,
    "javascript": _of_node,
    "typescript": _of_node,
    "go": _of_go,
    "rust": _of_rust,
}
