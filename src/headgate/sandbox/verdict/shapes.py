"""Reads the functions, types and errors that a Go package declares, as far as tests need them.

Rule 1: what is not plain data is said in words; nothing is guessed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import NamedTuple

BASIC = frozenset(
    [
        "bool",
        "string",
        "int",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "uintptr",
        "byte",
        "rune",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "error",
        "any",
        "interface{}",
    ]
)
_DECLARED = re.compile(r"^(func|type|var|const)\b", re.MULTILINE)
_SENTINEL = re.compile(r"^\s*(?:var\s+)?(\w+)\s*=\s*(errors\.New|fmt\.Errorf)\((\"[^\"]*\")\)")


class Function(NamedTuple):
    name: str
    receiver: tuple[str, str] | None
    """its name and type, such as ("s", "*Stack")"""
    params: tuple[tuple[str, str], ...]
    results: tuple[str, ...]


class Package(NamedTuple):
    name: str
    functions: dict[str, Function]
    """methods as Type.Name"""
    types: dict[str, str]
    """name -> declaration without `type`"""
    errors: dict[str, str]
    """of errors made once: name -> words, quoted"""
    constants: tuple[str, ...]
    """declarations, whole"""
    closed: dict[str, str]
    """what cannot be judged from apart, and why"""


def stripped(text: str) -> str:
    """The same text with comments blanked; strings are kept."""
    pattern = re.compile(
        r"""("(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/""", re.DOTALL
    )
    return pattern.sub(lambda it: it[1] or re.sub(r"[^\n]", " ", it[0]), text)


def closing(text: str, at: int) -> int:
    """Where the bracket at `at` closes."""
    pairs = {"(": ")", "[": "]", "{": "}", "<": ">"}
    left, right, depth = text[at], pairs[text[at]], 0
    for place in range(at, len(text)):
        if text[place] == left:
            depth += 1
        elif text[place] == right and text[place - 1] != "-" and text[place - 1] != "=":
            depth -= 1
            if depth == 0:
                return place
    raise ValueError("a bracket that is never closed")


def split(text: str, by: str = ",") -> list[str]:
    """The pieces between separators that stand outside of all brackets."""
    pieces, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        if sign in "([{<":
            depth += 1
        elif sign in ")]}>" and text[place - 1 : place + 1] not in ("->", "=>"):
            depth -= 1
        elif sign == by and depth == 0:
            pieces.append(text[start:place].strip())
            start = place + 1
    return [it for it in (*pieces, text[start:].strip()) if it]


def _fields(text: str) -> list[tuple[str, str]]:
    """Parameters as names and types; without names they get their own."""
    pieces = split(text)
    named = [re.fullmatch(r"(\w+)\s+(.+)", it, re.DOTALL) for it in pieces]
    if all(it is None or it[1] in ("chan", "func", "map") for it in named):
        return [(f"hg{at}", it) for at, it in enumerate(pieces)]
    fields: list[tuple[str, str]] = []
    waiting: list[str] = []
    for piece, match in zip(pieces, named, strict=True):
        waiting.append(match[1] if match else piece)
        if match:
            fields += [(name, " ".join(match[2].split())) for name in waiting]
            waiting = []
    return [
        (f"hg{at}" if name == "_" else name, kind) for at, (name, kind) in enumerate(fields)
    ]


def _function(text: str) -> tuple[Function | None, str, str]:
    """A function, or its name and why it cannot be called by value."""
    at = text.index("func") + 4
    receiver = None
    while text[at].isspace():
        at += 1
    if text[at] == "(":
        end = closing(text, at)
        receiver = _fields(text[at + 1 : end])[0]
        at = end + 1
    match = re.compile(r"\s*(\w+)\s*(\[)?").match(text, at)
    if match is None:
        return None, "", ""
    name = match[1]
    if match[2]:
        return None, name, "it has type parameters"
    at = text.index("(", match.start(1))
    end = closing(text, at)
    params = _fields(text[at + 1 : end])
    rest = text[end + 1 :]
    outcome = rest[: _body(rest)].strip()
    if outcome.startswith("("):
        results = [kind for _, kind in _fields(outcome[1 : closing(outcome, 0)])]
    else:
        results = [" ".join(outcome.split())] if outcome else []
    return Function(name, receiver, tuple(params), tuple(results)), name, ""


def _body(text: str) -> int:
    """Where the body of a function begins."""
    at = text.find("{")
    while at >= 0 and re.search(r"(interface|struct)\s*$", text[:at]):
        at = text.find("{", closing(text, at) + 1)
    return at if at >= 0 else len(text)


def read(texts: Iterable[str]) -> Package:
    """What the files of one package declare."""
    package = Package("", {}, {}, {}, (), {})
    for text in texts:
        plain = stripped(text)
        head = re.search(r"^\s*package\s+(\w+)", plain, re.MULTILINE)
        if head:
            package = package._replace(name=head[1])
        starts = [it.start() for it in _DECLARED.finditer(plain)] + [len(plain)]
        for start, end in itertools.pairwise(starts):
            package = _declare(package, plain[start:end].rstrip())
    return package


def _declare(package: Package, text: str) -> Package:
    if text.startswith("func"):
        try:
            function, name, why = _function(text)
        except (ValueError, IndexError):
            return package
        if function is None:
            package.closed[name] = why
        else:
            key = name
            if function.receiver:
                key = f"{function.receiver[1].lstrip('*')}.{name}"
            package.functions[key] = function
    elif text.startswith("type"):
        inner = text[4:].strip()
        for it in split(inner[1:-1].replace("\n", ";"), ";") if inner[0] == "(" else [inner]:
            package.types[it.split()[0]] = it
    elif text.startswith("const"):
        return package._replace(constants=(*package.constants, text))
    else:
        for line in text.splitlines():
            match = _SENTINEL.match(line)
            if match:
                package.errors[match[1]] = match[3]
    return package


def plain(kind: str, package: Package, seen: frozenset[str] = frozenset()) -> str:
    """Why values of a type are no plain data; "" if they are."""
    kind = kind.strip().removeprefix("...").strip()
    if kind in BASIC or kind in seen:
        return ""
    for pattern in (r"\*(.+)", r"\[\w*\](.+)"):
        match = re.fullmatch(pattern, kind, re.DOTALL)
        if match:
            return plain(match[1], package, seen)
    if kind.startswith("map["):
        end = closing(kind, 3)
        return plain(kind[4:end], package, seen) or plain(kind[end + 1 :], package, seen)
    if kind.startswith("struct"):
        body = kind[kind.index("{") + 1 : kind.rindex("}")]
        lines = [re.sub(r"`[^`]*`|\"[^\"]*\"$", "", it) for it in re.split(r"[\n;]", body)]
        kinds = [kind for it in lines if it.strip() for _, kind in _fields(it)]
        return next((why for it in kinds if (why := plain(it, package, seen))), "")
    if kind in package.types:
        declared = package.types[kind][len(kind) :].strip().removeprefix("=")
        return plain(declared, package, seen | {kind})
    return f"{kind} is no plain data"


def mentioned(kinds: Iterable[str], package: Package) -> set[str]:
    """The package's own types that these types are made of."""
    found: set[str] = set()
    waiting = list(kinds)
    while waiting:
        for name in re.findall(r"[A-Za-z_]\w*", waiting.pop()):
            if name in package.types and name not in found:
                found.add(name)
                waiting.append(package.types[name])
    return found
