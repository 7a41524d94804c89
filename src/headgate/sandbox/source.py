"""Reads of a source what decides how it is run: how it is written down, what it imports.

Rule 1: linear in the source's length and nothing is parsed: it is a stranger's text, and a
parser (`ast` too) can be made to take all memory, or the process, of whoever calls it.
Rule 2: a wrong guess costs time or a clear message of the language, never a wrong result.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from headgate.sandbox.model import Job

READ_CHARS = 1 << 18
"""of a source: imports stand at its beginning"""

BOM = "\ufeff"

IMPORT_LINE = re.compile(r"^[ \t]*(?:import|from)[ \t]+([^\n#]{1,300})", re.MULTILINE)
WORD = re.compile(r"\w+")

QUOTED = re.compile(
    r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)"
    r"|'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?|`(?:\\[\s\S]|[^`\\])*(?:`|\Z)"
)
MODULE = re.compile(
    r"^[ \t]*(?:import(?:[ \t]+type)?(?:[ \t]*[{*\"]|[ \t]+[\w$]+[ \t]*(?:,|from\b))"
    r"|export(?:[ \t]*[{*]|[ \t]+(?:default|const|let|var|function|class|async|abstract|enum"
    r"|type|interface|declare|namespace)\b))|\bimport\.meta\b",
    re.MULTILINE,
)
AWAITS = re.compile(
    r"^(?:(?:const|let|var)[ \t][^=;\n]{1,200}=[ \t]*)?(?:await[ \t(]|for[ \t]+await\b)",
    re.MULTILINE,
)
REQUIRES = re.compile(r"\brequire[ \t]*[(.]|\bmodule\.exports\b|\b__(?:dirname|filename)\b")


def encoded(code: str) -> bytes:
    """Its bytes; what was no text when it came goes out as it was."""
    try:
        return code.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return code.encode("utf-8", "surrogatepass")


def imports_any(job: Job, names: AbstractSet[str], suffix: str = ".py") -> bool:
    """Does Python code, or a module laid beside it, say that it imports one of `names`."""
    if _names(job.code, names):
        return True
    return any(
        _names(file.data[:READ_CHARS].decode(errors="replace"), names)
        for file in job.files
        if file.path.endswith(suffix)
    )


def _names(code: str, names: AbstractSet[str]) -> bool:
    return any(
        not names.isdisjoint(WORD.findall(line[1]))
        for line in IMPORT_LINE.finditer(code[:READ_CHARS])
    )


def is_module(code: str) -> bool:
    """Is JavaScript or TypeScript written as an ES module: import, export, a bare await."""
    bare = _unquoted(code)
    return bool(MODULE.search(bare) or AWAITS.search(bare))


def is_mixed(code: str) -> bool:
    """Does it import as a module does and require as a script does, as compilers allow."""
    bare = _unquoted(code)
    modern = AWAITS.search(bare) or "import.meta" in bare
    return bool(REQUIRES.search(bare) and MODULE.search(bare) and not modern)


def _unquoted(code: str) -> str:
    return QUOTED.sub(lambda it: '""' if it[0][0] in "'\"`" else " ", code[:READ_CHARS])


def free_name(job: Job, name: str) -> str:
    """`name`, or one like it that none of the job's own files has."""
    taken = {file.path.partition("/")[0] for file in job.files}
    stem, dot, suffix = name.partition(".")
    at = 1
    while name in taken:
        at += 1
        name = f"{stem}{at}{dot}{suffix}"
    return name
