"""Packs: edge cases for a common kind of task, as data.

Rule 1: a folder with pack.toml (what the function or class is called in each language, and its
contract) and cases.json (arguments, and what is returned or that it is refused), or tests of
its own. Rule 2: a case is one check, or one for each call of a method: its name is what a
failure is called. Rule 3: {"$repeat": it, "times": n, "before": …, "after": …} stands for
something long; {n} in the texts of {"$each": it, "times": n} is the number of the copy, from 0.
Rule 4: whoever has other names says so: NAME=FUNCTION, or NAME=CLASS,METHOD=OWN.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from headgate.sandbox.model import File
from headgate.validate.gather import Refusal
from headgate.validate.problem import shown

FOLDER = Path(__file__).parent / "packs"
MOST_BYTES, MOST_TIMES = 4 << 20, 100_000
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)


class Call(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One call of a method: ["put", ["a", 1], null]."""

    method: str
    args: list[Any] = []
    returns: Any = None


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a function is given, and what it must do; of a class: its arguments and calls."""

    name: str
    args: list[Any] = []
    returns: Any = None
    raises: bool = False
    calls: list[Call] | None = None
    most_s: float = 0
    """how long it may take; 0: as long as all tests may"""


class Pack(NamedTuple):
    """Edge cases of one kind of task."""

    name: str
    contract: str
    entries: dict[str, str]
    """language -> what the function or class is called"""
    cases: tuple[Case, ...] = ()
    tests: tuple[File, ...] = ()
    """its own tests, for the languages' runners"""
    signatures: Mapping[str, str] = MappingProxyType({})
    """language -> how it is declared there"""
    methods: Mapping[str, str] = MappingProxyType({})
    """of the cases -> what the user calls it"""


def listed() -> list[str]:
    """The packs that come along."""
    return sorted(it.parent.name for it in FOLDER.glob("*/pack.toml"))


def load(said: str, here: Path) -> Pack:
    """A pack that comes along, or a folder; Refusal if it is neither or cannot be read."""
    parts = said.split("=")
    named = ("=".join(parts[:most]) for most in range(len(parts), 0, -1))
    folder, name = next(
        (it for it in ((_folder(name, here), name) for name in named) if it[0] is not None),
        (None, parts[0]),
    )
    if folder is None:
        known = ", ".join(listed())
        what = f"there is no pack {shown(name)}, nor a folder of that name with a pack.toml"
        raise Refusal(what, f"known are {known}; `headgate validate packs` tells of them")
    try:
        pack = _read(folder)
    except (OSError, ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise Refusal(
            f"the pack {shown(name)} cannot be read: {shown(str(error))}",
            "see a pack that comes along for how one is written",
        ) from error
    return pack if name == said else renamed(pack, said[len(name) + 1 :])


def _folder(name: str, here: Path) -> Path | None:
    folder = FOLDER / name if name in listed() else here / name
    return folder if (folder / "pack.toml").is_file() else None


def renamed(pack: Pack, names: str) -> Pack:
    """The same for code that calls the function, or the class and its methods, otherwise."""
    entry, *methods = (it.strip() for it in names.split(","))
    known = {call.method for it in pack.cases for call in it.calls or ()}
    own = dict(it.partition("=")[::2] for it in methods)
    wrong = next((it for it in (entry, *own.values()) if not _IDENTIFIER.fullmatch(it)), None)
    if wrong is not None or not pack.entries:
        what = f"{shown(wrong or entry)} is no name of a function or class"
        if not pack.entries:
            what = f"the pack {pack.name} asks for no function by name"
        raise Refusal(what, f"--pack {pack.name}=load_rows")
    strange = next((it for it in own if it not in known), None)
    if strange is not None:
        asked = ", ".join(sorted(known)) or "none"
        what = f"the pack {pack.name} calls no method {shown(strange)}"
        raise Refusal(what, f"methods that it calls: {asked}")
    return pack._replace(entries=dict.fromkeys(pack.entries, entry), methods=own)


def _read(folder: Path) -> Pack:
    said = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    entries = {str(key): str(value) for key, value in said.get("entry", {}).items()}
    data = folder / "cases.json"
    cases: tuple[Case, ...] = ()
    if data.is_file():
        plain = json.loads(data.read_text(encoding="utf-8"))
        cases = msgspec.convert(spread(plain), tuple[Case, ...])
    tests = tuple(
        File(it.name, it.read_bytes())
        for it in sorted(folder.iterdir())
        if it.is_file() and it.name not in ("pack.toml", "cases.json")
        and it.suffix not in (".md",) and it.stat().st_size <= MOST_BYTES
    )  # fmt: skip
    if not cases and not tests:
        raise ValueError("it has neither cases.json nor tests")
    if cases and not entries:
        raise ValueError("pack.toml has no [entry]: what is the function called?")
    signatures = {str(key): str(value) for key, value in said.get("signature", {}).items()}
    name = str(said.get("name", folder.name))
    return Pack(name, str(said["contract"]), entries, cases, tests, signatures)


def spread(value: Any) -> Any:
    """The same with everything that is repeated written out."""
    if isinstance(value, list):
        return [spread(it) for it in value]
    if not isinstance(value, dict):
        return value
    if "$repeat" in value or "$each" in value:
        return _long(value)
    return {key: spread(it) for key, it in value.items()}


def _long(value: dict[str, Any]) -> Any:
    times = int(value["times"])
    if not 0 <= times <= MOST_TIMES:
        raise ValueError(f"a repeat of {times}")
    numbered = "$each" in value
    one = spread(value["$each" if numbered else "$repeat"])
    empty: Any = "" if isinstance(one, str) else []
    before, after = spread(value.get("before", empty)), spread(value.get("after", empty))
    copies = [_numbered(one, at) if numbered else one for at in range(times)]
    return before + ("".join(copies) if isinstance(one, str) else copies) + after


def _numbered(value: Any, number: int) -> Any:
    """The same with {n} written out; a text that is nothing else becomes the number."""
    if isinstance(value, str):
        return number if value == "{n}" else value.replace("{n}", str(number))
    if isinstance(value, list):
        return [_numbered(it, number) for it in value]
    if isinstance(value, dict):
        return {_numbered(key, number): _numbered(it, number) for key, it in value.items()}
    return value
