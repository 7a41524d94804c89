"""Reads what a Rust file declares at its outermost level: functions, types, traits, methods.

Rule 1: text is read, nothing is compiled or guessed: what is not understood is left out.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from headgate.sandbox.verdict.shapes import closing, split

_BLANK = re.compile(
    r"""r(#*)".*?"\1|"(?:\\.|[^"\\])*"|'(?:\\[^']+|[^'\\\n])'|//[^\n]*|/\*.*?\*/""", re.DOTALL
)
_ITEM = re.compile(
    r"(?:pub(?:\s*\([^)]*\))?\s+)?(?:default\s+|async\s+|unsafe\s+|const\s+(?=fn|unsafe))*"
    r"(fn|struct|enum|union|impl|trait|mod|use|const|static|type|macro_rules!|extern)\b"
)
_ATTRIBUTE = re.compile(r"#!?\[")


class Generic(NamedTuple):
    name: str
    bounds: str

    @property
    def written(self) -> str:
        return f"{self.name}: {self.bounds}" if self.bounds else self.name


class Function(NamedTuple):
    name: str
    generics: tuple[Generic, ...]
    takes: str
    """how it takes itself: "", "self", "&", "&mut" """
    params: tuple[tuple[str, str], ...]
    result: str


class Type(NamedTuple):
    name: str
    generics: tuple[Generic, ...]
    text: str
    """the whole declaration, without attributes"""
    derives: frozenset[str]
    fields: tuple[str, ...]
    """the types of all fields of all variants"""
    variants: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    """name, "{" or "(" or "", and fields; a struct has one, without a name"""


class Block(NamedTuple):
    """An impl block: methods of a type, or its answer to a trait."""

    generics: tuple[Generic, ...]
    trait: str
    """"": its own methods"""
    owner: str
    """the type as it is written, such as Stack<T>"""
    functions: tuple[Function, ...]
    associated: tuple[tuple[str, str], ...]


class Trait(NamedTuple):
    name: str
    functions: tuple[Function, ...]
    defaults: frozenset[str]
    is_plain: bool
    supers: str


class Code(NamedTuple):
    functions: dict[str, Function]
    types: dict[str, Type]
    blocks: list[Block]
    traits: dict[str, Trait]
    constants: list[tuple[str, str]]
    """name and declaration"""
    aliases: dict[str, str]
    uses: list[str]
    """of Rust itself and of the file's own types"""


def blanked(text: str) -> str:
    """The same text without the inside of strings and comments, place for place."""
    return _BLANK.sub(lambda it: re.sub(r"[^\n]", " ", it[0]), text)


def stem(kind: str) -> str:
    """The name of a type without reference, path and parameters."""
    bare = re.sub(r"<.*", "", re.sub(r"^&\s*('\w+\s*)?(mut\s+)?", "", kind.strip()), flags=re.S)
    return bare.rpartition("::")[2].strip()


def _items(plain: str, text: str) -> list[tuple[str, str, str, str]]:
    """Of each item: keyword, attributes, blanked and true text."""
    found, at = [], 0
    attributes = ""
    while at < len(plain):
        if plain[at].isspace():
            at += 1
            continue
        mark = _ATTRIBUTE.match(plain, at)
        if mark:
            end = closing(plain, mark.end() - 1) + 1
            attributes += plain[at:end]
            at = end
            continue
        head = _ITEM.match(plain, at)
        end = _end(plain, head.end() if head else at)
        if head:
            found.append((head[1], attributes, plain[at:end], text[at:end]))
        attributes, at = "", end
    return found


def _end(plain: str, at: int) -> int:
    while at < len(plain):
        if plain[at] == ";":
            return at + 1
        if plain[at] in "([":
            at = closing(plain, at)
        elif plain[at] == "{":
            end = closing(plain, at) + 1
            is_use = re.match(r"\s*;", plain[end:])
            return end + is_use.end() if is_use else end
        at += 1
    return len(plain)


def read(text: str) -> Code:
    """What a file declares; what stands in modules of its own is not read."""
    code = Code({}, {}, [], {}, [], {}, [])
    plain = blanked(text)
    for word, attributes, item, true in _items(plain, text):
        if "cfg(test)" in attributes:
            continue
        try:
            _declare(code, word, attributes, item, true)
        except (ValueError, IndexError, AttributeError):
            continue
    return code


def _declare(code: Code, word: str, attributes: str, item: str, true: str) -> None:
    if word == "fn":
        function = _function(item)
        code.functions[function.name] = function
    elif word in ("struct", "enum"):
        made = _type(word, attributes, item)
        code.types[made.name] = made
    elif word == "impl":
        code.blocks.append(_block(item))
    elif word == "trait":
        trait = _trait(item)
        code.traits[trait.name] = trait
    elif word in ("const", "static"):
        name = re.search(r"\b(?:const|static)\s+(?:mut\s+)?(\w+)", item)
        code.constants.append((name[1] if name else "", true))
    elif word == "use":
        code.uses.append(" ".join(true.split()).removeprefix("pub "))
    elif word == "type":
        match = re.search(r"\btype\s+(\w+(?:<[^=]*>)?)\s*=\s*([^;]+);", item)
        if match:
            code.aliases[match[1]] = " ".join(match[2].split())


def _angle(text: str, at: int) -> tuple[str, int]:
    """What stands in the angle brackets at `at`, and where it goes on."""
    while at < len(text) and text[at].isspace():
        at += 1
    if at >= len(text) or text[at] != "<":
        return "", at
    end = closing(text, at)
    return " ".join(text[at + 1 : end].split()), end + 1


def generics(text: str, where: str = "") -> tuple[Generic, ...]:
    """Type parameters with their bounds; lifetimes are left out."""
    found: dict[str, list[str]] = {}
    for it in split(text):
        name, _, bounds = it.partition(":")
        if not it.startswith("'"):
            found[name.partition("=")[0].strip()] = [bounds.partition("=")[0].strip()
                                                     if "(" not in bounds and "<" not in bounds
                                                     else bounds.strip()]  # fmt: skip
    for it in split(where):
        name, _, bounds = it.partition(":")
        found.setdefault(name.strip(), []).append(bounds.strip())
    return tuple(
        Generic(name, " + ".join(it for it in bounds if it)) for name, bounds in found.items()
    )


def lifetimes(text: str) -> str:
    """The lifetimes that a signature names, as they are declared."""
    named = sorted({it for it in re.findall(r"'\w+", text) if it not in ("'static", "'_")})
    return ", ".join(named)


def _function(item: str) -> Function:
    match = re.search(r"\bfn\s+(\w+)\s*", item)
    assert match is not None
    inner, at = _angle(item, match.end())
    at = item.index("(", at)
    end = closing(item, at)
    rest = item[end + 1 :]
    body = _body(rest)
    head, _, where = re.sub(r"\s+", " ", rest[:body]).partition(" where ")
    if head.strip().startswith("where "):
        head, where = "", head.strip()[6:]
    result = head.strip().removeprefix("->").strip() or "()"
    takes, params = "", []
    for place, it in enumerate(split(" ".join(item[at + 1 : end].split()))):
        bare = re.sub(r"'\w+\s*", "", it)
        if place == 0 and re.fullmatch(r"&?\s*(mut\s+)?self(\s*:.*)?", bare):
            takes = "&mut" if re.match(r"&\s*mut", bare) else "&" if bare[0] == "&" else "self"
            continue
        kind = it.partition(":")[2]
        params.append((f"hg{place}", kind.strip()))
    return Function(match[1], generics(inner, where.strip().rstrip(",")), takes,
                    tuple(params), result)  # fmt: skip


def _body(text: str) -> int:
    for at, sign in enumerate(text):
        if sign in "{;":
            return at
    return len(text)


def _type(word: str, attributes: str, item: str) -> Type:
    match = re.search(rf"\b{word}\s+(\w+)\s*", item)
    assert match is not None
    inner, at = _angle(item, match.end())
    derives = frozenset(
        name.rpartition("::")[2].strip()
        for it in re.findall(r"derive\(([^)]*)\)", attributes)
        for name in it.split(",")
        if name.strip()
    )
    opened = re.compile(r"[{(;]").search(item, at)
    assert opened is not None
    where = item[at : opened.start()].strip().removeprefix("where").strip().rstrip(",")
    if word == "struct":
        variants = [_variant("", item[opened.start() :].rstrip().rstrip(";"))]
    else:
        body = item[opened.end() : closing(item, opened.start())]
        variants = []
        for it in split(_bare(body)):
            name = re.match(r"\s*(\w+)\s*", it)
            assert name is not None
            variants.append(_variant(name[1], it[name.end() :].partition("=")[0].strip()
                                     if it[name.end() : name.end() + 1] == "="
                                     else it[name.end() :].strip()))  # fmt: skip
    kinds = tuple(kind for _, _, fields in variants for _, kind in fields)
    text = re.sub(r"\bpub\s*\([^)]*\)", "pub", _bare(item))
    return Type(match[1], generics(inner, where), text, derives, kinds, tuple(variants))


def _bare(text: str) -> str:
    """Without attributes."""
    while match := _ATTRIBUTE.search(text):
        text = text[: match.start()] + text[closing(text, match.end() - 1) + 1 :]
    return text


def _variant(name: str, text: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    if not text or text[0] not in "{(":
        return name, "", ()
    fields = []
    for at, it in enumerate(split(_bare(text[1 : closing(text, 0)]))):
        bare = re.sub(r"^pub(\s*\([^)]*\))?\s+", "", " ".join(it.split()))
        if text[0] == "{":
            field, _, kind = bare.partition(":")
            fields.append((field.strip(), kind.strip()))
        else:
            fields.append((str(at), bare))
    return name, text[0], tuple(fields)


def _block(item: str) -> Block:
    at = item.index("impl") + 4
    inner, at = _angle(item, at)
    opened = item.index("{", at)
    head, _, where = " ".join(item[at:opened].split()).partition(" where ")
    trait, _, owner = head.rpartition(" for ")
    body = item[opened + 1 : closing(item, opened)]
    functions, associated = [], []
    for word, _, it, _ in _items(body, body):
        if word == "fn":
            functions.append(_function(it))
        elif word == "type":
            match = re.search(r"type\s+(\w+)\s*=\s*([^;]+);", it)
            if match:
                associated.append((match[1], " ".join(match[2].split())))
    return Block(generics(inner, where.strip().rstrip(",")), trait.strip(), owner.strip(),
                tuple(functions), tuple(associated))  # fmt: skip


def _trait(item: str) -> Trait:
    match = re.search(r"\btrait\s+(\w+)\s*", item)
    assert match is not None
    inner, at = _angle(item, match.end())
    opened = item.index("{", at)
    supers = " ".join(item[at:opened].split()).partition("where")[0].lstrip(": ").strip()
    body = item[opened + 1 : closing(item, opened)]
    functions, defaults = [], set()
    is_plain = not inner
    for word, _, it, _ in _items(body, body):
        if word != "fn":
            is_plain = False
            continue
        function = _function(it)
        functions.append(function)
        if not it.rstrip().endswith(";"):
            defaults.add(function.name)
        is_plain = is_plain and not function.generics and bool(function.takes)
    return Trait(match[1], tuple(functions), frozenset(defaults), is_plain, supers)
