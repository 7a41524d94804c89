"""Reads what a Go package declares: functions, types, errors made once, constants, imports.

Rule 1: text is read, nothing is compiled or guessed: what is not understood is left out.
Rule 2: a declaration ends where Go ends it, so what stands beside or inside of one is no part
of it: what is read here is written into the program of the tests.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from headgate.sandbox.verdict.shapes import closing

_DECLARED = re.compile(r"(func|type|var|const|import)\b")
_TOKEN = re.compile(r""""(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*'|\w+|.""", re.DOTALL)
_OPENED = {")": "(", "]": "[", "}": "{"}
_GOES_ON = frozenset(
    ["chan", "const", "func", "import", "interface", "map", "struct", "type", "var"]
)
"""words after which a line's end is no end"""
_BLANK = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/""", re.DOTALL
)
_ERROR = re.compile(r"^\s*(?:var\s+)?([eE]rr\w*|\w+)(\s+error)?\s*(?:=\s*(\S.*))?$")
_IMPORT = re.compile(r'(?:^|;|\n|\()\s*(?:import\s+)?([\w.]+\s+)?"([^"\n]+)"')


class Function(NamedTuple):
    name: str
    receiver: tuple[str, str] | None
    """its name and type, such as ("s", "*Stack[T]")"""
    generic: str
    """its type parameters, such as "T any, U comparable" """
    params: tuple[tuple[str, str], ...]
    results: tuple[str, ...]

    @property
    def owner(self) -> str:
        return stem(self.receiver[1]) if self.receiver else ""

    @property
    def key(self) -> str:
        return f"{self.owner}.{self.name}" if self.receiver else self.name

    @property
    def kinds(self) -> list[str]:
        return [kind for _, kind in self.params] + list(self.results)


class Type(NamedTuple):
    name: str
    generic: str
    kind: str
    """what it is made of"""
    is_alias: bool

    @property
    def declared(self) -> str:
        head = f"{self.name}[{self.generic}]" if self.generic else self.name
        return f"{head} {'= ' if self.is_alias else ''}{self.kind}"


class Field(NamedTuple):
    name: str
    kind: str
    is_embedded: bool
    tag: str


class Package(NamedTuple):
    name: str
    functions: dict[str, Function]
    """methods as Type.Name"""
    types: dict[str, Type]
    errors: tuple[str, ...]
    """errors made once"""
    constants: tuple[str, ...]
    """declarations, whole"""
    imports: dict[str, str]
    """name -> how it is imported"""

    def methods(self, owner: str) -> list[Function]:
        return [it for it in self.functions.values() if it.owner == owner]


def stripped(text: str) -> str:
    """The same text with comments blanked; strings are kept."""
    return _BLANK.sub(lambda it: it[1] or re.sub(r"[^\n]", " ", it[0]), text)


def split(text: str) -> list[str]:
    """The pieces between commas that stand outside of all brackets."""
    pieces, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += sign in "([{"
        depth -= sign in ")]}"
        if sign == "," and depth == 0:
            pieces.append(text[start:at].strip())
            start = at + 1
    return [it for it in (*pieces, text[start:].strip()) if it]


def stem(kind: str) -> str:
    """The name of a type without pointer, package parameters and brackets."""
    return re.sub(r"\[.*", "", kind.lstrip("*").strip(), flags=re.DOTALL)


def names(generic: str) -> list[str]:
    """Of type parameters: K, V of "K comparable, V any"."""
    return [it.split()[0] for it in split(generic)]


def flat(text: str) -> str:
    """On one line: what the end of a line ended, a semicolon ends."""
    found, opened, last = "", "", ""
    for it in _TOKEN.finditer(text):
        sign = it[0]
        if sign in "([{":
            opened += sign
        elif sign in ")]}":
            opened = opened[:-1]
        is_end = sign == "\n" and opened.endswith("{") and _ends(sign, last)
        found += "; " if is_end else sign
        last = last if sign.isspace() else sign
    return " ".join(found.split())


def fields(text: str) -> list[tuple[str, str]]:
    """Parameters as names and types; without names they get their own."""
    pieces = split(text)
    named = [re.fullmatch(r"(\w+)\s+(.+)", it, re.DOTALL) for it in pieces]
    if all(it is None or it[1] in ("chan", "func", "map", "interface") for it in named):
        return [(f"hg{at}", flat(it)) for at, it in enumerate(pieces)]
    found: list[tuple[str, str]] = []
    waiting: list[str] = []
    for piece, match in zip(pieces, named, strict=True):
        waiting.append(match[1] if match else piece)
        if match:
            found += [(name, flat(match[2])) for name in waiting]
            waiting = []
    return [(f"hg{at}" if name == "_" else name, kind) for at, (name, kind) in enumerate(found)]


def signature(text: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Of "(a int) (string, error)" its parameters and results."""
    end = closing(text, 0)
    params = fields(text[1:end])
    outcome = text[end + 1 :].strip()
    if outcome.startswith("(") and closing(outcome, 0) == len(outcome) - 1:
        return tuple(params), tuple(kind for _, kind in fields(outcome[1:-1]))
    return tuple(params), (" ".join(outcome.split()),) if outcome else ()


def _function(text: str) -> Function | None:
    at = text.index("func") + 4
    receiver = None
    rest = text[at:].lstrip()
    at = len(text) - len(rest)
    if rest.startswith("("):
        end = closing(text, at)
        receiver = fields(text[at + 1 : end])[0]
        at = end + 1
    match = re.compile(r"\s*(\w+)\s*").match(text, at)
    if match is None:
        return None
    at, generic = match.end(), ""
    if text[at] == "[":
        end = closing(text, at)
        generic = " ".join(text[at + 1 : end].split())
        at = text.index("(", end)
    end = closing(text, at)
    rest = text[end + 1 :]
    params, results = signature(text[at : end + 1] + rest[: body(rest)].rstrip())
    return Function(match[1], receiver, generic, params, results)


def body(text: str) -> int:
    """Where the body of a function begins."""
    at = text.find("{")
    while at >= 0 and re.search(r"(interface|struct)\s*$", text[:at]):
        at = text.find("{", closing(text, at) + 1)
    return at if at >= 0 else len(text)


def statements(plain: str) -> Iterator[str]:
    """The declarations of a file without comments, each ended where Go ends it."""
    depth, start, last = 0, 0, ""
    for it in _TOKEN.finditer(plain):
        sign = it[0]
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0 and _ends(sign, last):
            yield plain[start : it.start()].strip()
            start = it.end()
        last = last if sign.isspace() else sign
    yield plain[start:].strip()


def _ends(sign: str, last: str) -> bool:
    """Whether a declaration ends at this sign; `last` stands before it."""
    is_last = last not in _GOES_ON and re.fullmatch(r"[\w\"'`)\]}]", last[-1:]) is not None
    return sign == ";" or (sign == "\n" and is_last)


def is_one(text: str) -> bool:
    """Whether this can be but one type or declaration: every bracket closes what it opened."""
    opened: list[str] = []
    last = ""
    for it in _TOKEN.finditer(text):
        sign = it[0]
        if sign in ("(", "[", "{"):
            opened.append(sign)
        elif sign in _OPENED:
            if not opened or opened.pop() != _OPENED[sign]:
                return False
        elif sign in ('"', "'", "`") or (not opened and _ends(sign, last)):
            return False
        last = last if sign.isspace() else sign
    return not opened


def read(texts: Iterable[str]) -> Package:
    """What the files of one package declare."""
    package = Package("", {}, {}, (), (), {})
    for text in texts:
        plain = stripped(text)
        head = re.search(r"^\s*package\s+(\w+)", plain, re.MULTILINE)
        if head:
            package = package._replace(name=head[1])
        for it in statements(plain):
            try:
                package = _declare(package, it) if _DECLARED.match(it) else package
            except (ValueError, IndexError):
                continue
    return package


def _declare(package: Package, text: str) -> Package:
    word = text.split(None, 1)[0].partition("(")[0]
    inner = text[len(word) :].strip()
    if word == "func":
        function = _function(text)
        if function:
            package.functions[function.key] = function
    elif word == "type":
        for it in lines(inner):
            made = _type(it)
            if made:
                package.types[made.name] = made
    elif word == "const":
        return package._replace(constants=(*package.constants, text))
    elif word == "import":
        for name, path in _IMPORT.findall(inner):
            last = posixpath.basename(path)
            last = (
                posixpath.basename(path[: -len(last) - 1])
                if re.fullmatch(r"v\d", last)
                else last
            )
            package.imports[name.strip() or last] = f'{name}"{path}"'
    else:
        heads = [_ERROR.match(it.split("\n")[0]) for it in lines(inner)]
        found = tuple(it[1] for it in heads if it and _is_error(it))
        return package._replace(errors=(*package.errors, *found))
    return package


def _is_error(match: re.Match[str]) -> bool:
    value = match[3] or ""
    is_made = value.startswith(("errors.New(", "fmt.Errorf("))
    return bool(match[2]) or is_made or (match[1].startswith("Err") and bool(value))


def lines(text: str) -> list[str]:
    """What stands in a group of declarations, or the one that is no group."""
    if not text.startswith("("):
        return [text]
    found, depth, start = [], 0, 0
    inner = text[1 : closing(text, 0)]
    for at, sign in enumerate(inner + "\n"):
        depth += sign in "([{"
        depth -= sign in ")]}"
        if sign in "\n;" and depth == 0:
            found.append(inner[start:at].strip())
            start = at + 1
    return [it for it in found if it]


def _type(text: str) -> Type | None:
    match = re.match(r"(\w+)\s*", text)
    if match is None:
        return None
    rest, generic = text[match.end() :], ""
    if rest.startswith("["):
        inner = rest[1 : closing(rest, 0)]
        if re.match(r"\s*\w+\s*(,|\s[^\]])", inner):
            generic, rest = " ".join(inner.split()), rest[closing(rest, 0) + 1 :]
    rest = rest.strip()
    is_alias = rest.startswith("=")
    return Type(match[1], generic, rest.removeprefix("=").strip(), is_alias)


def struct(kind: str) -> list[Field] | None:
    """The fields of a struct; None of anything else."""
    match = re.match(r"struct\s*\{", kind)
    if match is None:
        return None
    found: list[Field] = []
    for line in lines("(" + kind[match.end() : kind.rindex("}")] + ")"):
        plain, tag = re.fullmatch(r"(.*?)\s*(`[^`]*`|\"[^\"]*\")?", line, re.DOTALL).groups()  # type: ignore[union-attr]
        if re.fullmatch(r"\*?[\w.]+(\[.*\])?", plain) and " " not in plain.partition("[")[0]:
            found.append(Field(stem(plain).rpartition(".")[2], plain, True, tag or ""))
            continue
        found += [Field(name, kind, False, tag or "") for name, kind in fields(plain)]
    return found


def interface(kind: str, package: Package) -> dict[str, Function] | None:
    """The methods of an interface, those of embedded ones too; None of anything else."""
    match = re.match(r"interface\s*\{", kind)
    if match is None:
        return None
    found: dict[str, Function] = {}
    for line in lines("(" + kind[match.end() : kind.rindex("}")] + ")"):
        named = re.match(r"(\w+)\s*\(", line)
        if named:
            params, results = signature(line[named.end() - 1 :])
            found[named[1]] = Function(named[1], None, "", params, results)
        elif line in package.types:
            found |= interface(package.types[line].kind, package) or {}
        elif line in INTERFACES:
            found |= {it.name: it for it in methods_of(line)}
        else:
            return None
    return found


INTERFACES = {
    "io.Reader": "Read(p []byte) (int, error)",
    "io.Writer": "Write(p []byte) (int, error)",
    "io.Closer": "Close() error",
    "io.ReadCloser": "Read(p []byte) (int, error); Close() error",
    "io.WriteCloser": "Write(p []byte) (int, error); Close() error",
    "io.ReadWriter": "Read(p []byte) (int, error); Write(p []byte) (int, error)",
    "io.ReadWriteCloser": "Read(p []byte) (int, error); Write(p []byte) (int, error); "
    "Close() error",
    "io.StringWriter": "WriteString(s string) (int, error)",
    "io.ByteReader": "ReadByte() (byte, error)",
    "io.ReaderAt": "ReadAt(p []byte, off int64) (int, error)",
    "fmt.Stringer": "String() string",
    "sort.Interface": "Len() int; Less(i, j int) bool; Swap(i, j int)",
    "heap.Interface": "Len() int; Less(i, j int) bool; Swap(i, j int); Push(x any); Pop() any",
    "sync.Locker": "Lock(); Unlock()",
}
"""interfaces of Go itself that can be lent"""


def methods_of(name: str) -> list[Function]:
    found = []
    for it in INTERFACES[name].split("; "):
        at = it.index("(")
        params, results = signature(it[at:])
        found.append(Function(it[:at], None, "", params, results))
    return found
