"""Packs: edge cases for a common kind of task, as data, and the tests they become.

Rule 1: a folder with pack.toml (what the function is called in each language, and its contract)
and cases.json (arguments, and what is returned or that it is refused), or tests of its own.
Rule 2: a case is one check: its name is what a failure is called.
Rule 3: {"$repeat": it, "times": n, "before": …, "after": …} stands for something long.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from headgate.sandbox.model import File
from headgate.validate.gather import Refusal
from headgate.validate.problem import shown

FOLDER = Path(__file__).parent / "packs"
MOST_BYTES = 4 << 20

_PYTHON = """\
import json

CASES = json.loads({cases!r})


def refuses(candidate, args):
    try:
        candidate(*args)
    except Exception:
        return True
    return False


def check(candidate):
    for case in CASES:
        if case.get("raises"):
            assert refuses(candidate, case["args"]), case["name"] + ": it is not refused"
        else:
            assert candidate(*case["args"]) == case["returns"], case["name"]
"""

_SCRIPT = """\
const CASES = JSON.parse({cases});

function refuses(candidate, args) {{
  try {{
    candidate(...args);
  }} catch {{
    return true;
  }}
  return false;
}}

function check(candidate) {{
  for (const it of CASES) {{
    if (it.raises) {{
      assert.ok(refuses(candidate, it.args), it.name + ": it is not refused");
    }} else {{
      assert.deepStrictEqual(candidate(...it.args) ?? null, it.returns, it.name);
    }}
  }}
}}

check({entry});
"""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a function is given, and what it must do."""

    name: str
    args: list[Any]
    returns: Any = None
    raises: bool = False


class Pack(NamedTuple):
    """Edge cases of one kind of task."""

    name: str
    contract: str
    entries: dict[str, str]
    """language -> what the function is called"""
    cases: tuple[Case, ...] = ()
    tests: tuple[File, ...] = ()
    """its own tests, for the languages' runners"""


def listed() -> list[str]:
    """The packs that come along."""
    return sorted(it.parent.name for it in FOLDER.glob("*/pack.toml"))


def load(name: str, here: Path) -> Pack:
    """A pack that comes along, or a folder; Refusal if it is neither or cannot be read."""
    own = FOLDER / name
    folder = own if name in listed() else here / name
    if not (folder / "pack.toml").is_file():
        known = ", ".join(listed())
        what = f"there is no pack {shown(name)}, nor a folder of that name with a pack.toml"
        raise Refusal(what, f"known are {known}; `headgate validate packs` tells of them")
    try:
        return _read(folder)
    except (OSError, ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise Refusal(
            f"the pack {shown(name)} cannot be read: {shown(str(error))}",
            "see a pack that comes along for how one is written",
        ) from error


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
    return Pack(
        str(said.get("name", folder.name)), str(said["contract"]), entries, cases, tests
    )


def spread(value: Any) -> Any:
    """The same with everything that is repeated written out."""
    if isinstance(value, list):
        return [spread(it) for it in value]
    if not isinstance(value, dict):
        return value
    if "$repeat" in value:
        times = int(value["times"])
        if not 0 <= times <= 100_000:
            raise ValueError(f"a repeat of {times}")
        one = spread(value["$repeat"])
        empty: Any = "" if isinstance(one, str) else []
        before, after = spread(value.get("before", empty)), spread(value.get("after", empty))
        middle = one * times if isinstance(one, str) else [one] * times
        return before + middle + after
    return {key: spread(it) for key, it in value.items()}


def checks_for(pack: Pack, language: str) -> tuple[str, File] | None:
    """The function's name and the checks of it; None: the pack has none for the language."""
    entry = pack.entries.get(language, "")
    if not pack.cases or not entry:
        return None
    cases = json.dumps([msgspec.to_builtins(it) for it in pack.cases])
    if language == "python":
        return entry, File("tests.py", _PYTHON.format(cases=cases).encode())
    if language in ("javascript", "typescript"):
        quoted = json.dumps(cases)
        text = _SCRIPT.format(cases=quoted, entry=entry)
        return entry, File("tests.js", text.encode())
    return None
