"""What a call of a vendor's code tool comes to as Python of a session, and back again.

Rule 1: bash and the editor are cells too: what they do is in the same work folder, and lasts.
Rule 2: what the model wrote goes into a cell as one literal, never as code of ours.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from headgate.sandbox.model import Result, Status
from headgate.wire.broken import BROKEN
from headgate.wire.served.model import MadeFile, Ran, Trouble, Wanted

KILLED = 137
"""the exit code that shells tell of a killed program"""
MOST_TOLD = 100_000
"""characters of an output that a model is given"""
_BASH = """\
import subprocess as _sp
_sp.run(["bash", "-c", {0}], stdin=_sp.DEVNULL, check=False).returncode
"""
_EDIT = """\
def _edit(asked):
    import difflib, json, os
    def said(**found):
        print(json.dumps(found))
    what, path = asked.get("command"), asked.get("path")
    if not isinstance(path, str) or not path:
        return said(trouble="invalid", why="path: is required")
    try:
        if what == "create":
            text, there = str(asked.get("file_text") or ""), os.path.exists(path)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return said(edited={{"is_file_update": there}})
        if what == "view" and os.path.isdir(path):
            text = "\\n".join(sorted(os.listdir(path)))
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read()
    except FileNotFoundError:
        return said(trouble="not_found", why=f"{{path}}: there is no such file")
    except (OSError, UnicodeDecodeError) as wrong:
        return said(trouble="invalid", why=f"{{path}}: {{wrong}}")
    lines = text.splitlines()
    if what == "view":
        span = asked.get("view_range") or [1, -1]
        first, last = int(span[0]), int(span[1])
        shown = lines[first - 1 : None if last < 0 else last]
        return said(edited=dict(content="\\n".join(shown), file_type="text",
            num_lines=len(shown), start_line=first, total_lines=len(lines)))
    if what != "str_replace":
        return said(trouble="invalid", why="command: must be view, create or str_replace")
    old, new = str(asked.get("old_str") or ""), str(asked.get("new_str") or "")
    found = text.count(old) if old else 0
    if found != 1:
        why = f"old_str: must stand in {{path}} once, not {{found}} times"
        return said(trouble="invalid", why=why)
    changed = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as file:
        file.write(changed)
    after = changed.splitlines()
    steps = difflib.SequenceMatcher(None, lines, after, False).get_opcodes()
    steps = [step for step in steps if step[0] != "equal"] or [("equal", 0, 0, 0, 0)]
    a, b = steps[0][1], steps[-1][2]
    c, d = steps[0][3], steps[-1][4]
    marks = ["-" + line for line in lines[a:b]] + ["+" + line for line in after[c:d]]
    return said(edited=dict(lines=marks, old_start=a + 1, old_lines=b - a,
        new_start=c + 1, new_lines=d - c))

_edit({0})
"""
_HINTS = {
    Status.CPU: "time",
    Status.WALL: "time",
    Status.BROKEN: "unavailable",
    Status.STOPPED: "unavailable",
}


class _Said(msgspec.Struct):
    """What the editor's cell prints."""

    edited: dict[str, Any] | None = None
    trouble: Trouble = ""
    why: str = ""


_SAID = msgspec.json.Decoder(_Said)
_NUMBER = re.compile(r"-?[0-9]{1,9}")
MOST_WHY = 1000


def source(wanted: Wanted) -> str:
    """The cell to run; empty when there is nothing in it that could be."""
    given = wanted.input
    if wanted.tool == "python":
        code = given.get("code")
        return code if isinstance(code, str) else ""
    if wanted.tool == "bash":
        command = given.get("command")
        return _BASH.format(repr(command)) if isinstance(command, str) else ""
    return _EDIT.format(repr(given)) if given else ""


def read(wanted: Wanted, result: Result, files: tuple[MadeFile, ...]) -> Ran:
    """What came of it, in the words that dialects share."""
    trouble: Trouble = "time" if _HINTS.get(result.status) == "time" else ""
    if _HINTS.get(result.status) == "unavailable":
        return Ran(trouble="unavailable", why=result.hint or "the sandbox failed", files=files)
    if wanted.tool == "edit" and not trouble:
        return _edited(result)
    why = f"{result.status.value}: {result.hint}".rstrip(": ") if trouble else ""
    stderr = result.stderr
    if not trouble and result.status.value.endswith("_limit"):
        stderr = f"{stderr}\n[{result.status.value}: {result.hint}]".lstrip("\n")
    return Ran(
        _cut(_printed(wanted, result)),
        _cut(stderr),
        _code(wanted, result),
        trouble,
        why,
        files,
    )


def _printed(wanted: Wanted, result: Result) -> str:
    value = result.value
    if wanted.tool == "bash" or value in (None, "None"):
        return result.stdout
    return f"{result.stdout.rstrip()}\n{value}".lstrip("\n")


def _code(wanted: Wanted, result: Result) -> int:
    if result.status is Status.OK:
        found = _NUMBER.fullmatch(result.value or "")
        return int(found[0]) if wanted.tool == "bash" and found else 0
    if result.status is Status.SIGNAL or result.status.value.endswith("_limit"):
        return KILLED
    return result.exit_code or 1


def _edited(result: Result) -> Ran:
    """What the editor's cell says; code of the same session may have changed its words."""
    if result.status is not Status.OK:
        last = result.stderr.strip().rpartition("\n")[2] or result.hint
        return Ran(trouble="invalid", why=f"{result.status.value}: {last[:MOST_WHY]}")
    try:
        said = _SAID.decode(result.stdout.strip().rpartition("\n")[2])
    except (*BROKEN, msgspec.ValidationError):
        return Ran(trouble="unavailable", why="the editor did not answer")
    if said.edited is None and not said.trouble:
        return Ran(trouble="unavailable", why="the editor did not answer")
    return Ran(edited=said.edited, trouble=said.trouble, why=said.why[:MOST_WHY])


def _cut(text: str) -> str:
    if len(text) <= MOST_TOLD:
        return text
    half = MOST_TOLD // 2
    return f"{text[:half]}\n[{len(text) - MOST_TOLD} characters left out]\n{text[-half:]}"
