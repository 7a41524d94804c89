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
BORNE = frozenset(["Debug", "Send", "Sync", "Clone", "std", "fmt", "marker", "static"])
"""what a trait may ask of its objects, and still be stood for"""
_BARE = re.compile(r"&?\s*(?:'\w+\s+)?(?:mut\s+)?\w+")
_ATTRIBUTE = re.compile(r"#!?\[")


class Generic(NamedTuple):
    name: str
    bounds: str
    is_const: bool = False
    """a number: its bounds are its type"""
    is_within: bool = False
    """part of other types, such as &[T]: what is made of it here is no matter"""

    @property
    def written(self) -> str:
        if self.is_const:
            return f"const {self.name}: {self.bounds}"
        return f"{self.name}: {self.bounds}" if self.bounds else self.name

    @property
    def as_type(self) -> str:
        return f"[(); {self.name}]" if self.is_const else self.name

    def asked(self, more: str) -> str:
        """With more that is asked of the type."""
        if self.is_const:
            return self.written
        return f"{self.name}: {' + '.join(it for it in (self.bounds, more) if it)}"


class Function(NamedTuple):
    name: str
    generics: tuple[Generic, ...]
    takes: str
    """how it takes itself: "", "self", "&", "&mut" """
    params: tuple[tuple[str, str], ...]
    result: str
    path: str = ""
    """the module that it stands in, such as http::status"""


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
    path: str = ""
    constants: tuple[tuple[str, str], ...] = ()
    """name and declaration, of those that call nothing"""


class Trait(NamedTuple):
    name: str
    functions: tuple[Function, ...]
    defaults: frozenset[str]
    is_plain: bool
    supers: str
    generics: tuple[Generic, ...] = ()
    others: tuple[str, ...] = ()
    """its own types and constants, as they are declared"""


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
    paths: dict[str, str]
    """of types, traits and constants that stand in modules: which"""
    ends: dict[str, int]
    """of each module: where it closes"""
    twice: set[str]
    """names of types that several modules have"""
    shown: set[str]
    """names of types that are seen outside of their module"""


def blanked(text: str) -> str:
    """The same text without the inside of strings and comments, place for place."""
    return _BLANK.sub(lambda it: re.sub(r"[^\n]", " ", it[0]), text)


def stem(kind: str) -> str:
    """The name of a type without reference, path and parameters."""
    bare = re.sub(r"<.*", "", re.sub(r"^&\s*('\w+\s*)?(mut\s+)?", "", kind.strip()), flags=re.S)
    return bare.rpartition("::")[2].strip()


def _items(plain: str, text: str) -> list[tuple[str, str, str, str, int]]:
    """Of each item: keyword, attributes, blanked and true text, and where it begins."""
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
            found.append((head[1], attributes, plain[at:end], text[at:end], at))
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
    """What a file declares, also in the modules that it has within."""
    code = Code({}, {}, [], {}, [], {}, [], {}, {}, set(), set())
    _read(code, blanked(text), text, "", 0)
    return _plain(_expanded(code), set(code.ends))


def _read(code: Code, plain: str, text: str, path: str, start: int) -> None:
    for word, attributes, item, true, at in _items(plain, text):
        if "cfg(test)" in attributes:
            continue
        try:
            if word == "mod":
                _module(code, item, true, path, start + at)
            else:
                _declare(code, (word, attributes, item, true), path)
        except (ValueError, IndexError, AttributeError):
            continue


def _module(code: Code, item: str, true: str, path: str, at: int) -> None:
    match = re.search(r"\bmod\s+(\w+)\s*\{", item)
    if match is None:
        return
    inner = f"{path}::{match[1]}" if path else match[1]
    end = closing(item, match.end() - 1)
    code.ends[inner] = at + end
    _read(code, item[match.end() : end], true[match.end() : end], inner, at + match.end())


def _plain(code: Code, modules: set[str]) -> Code:
    """Types by their last name: which module they stand in is noted beside."""
    names = {part for it in modules for part in it.split("::")}
    if not names:
        return code
    before = re.compile(rf"\b(?:(?:crate|super|self|{'|'.join(names)})\s*::\s*)+(?=[A-Z])")

    def bare(text: str) -> str:
        return before.sub("", text)

    def written(it: Function) -> Function:
        generics = tuple(g._replace(bounds=bare(g.bounds)) for g in it.generics)
        params = tuple((name, bare(kind)) for name, kind in it.params)
        return it._replace(params=params, result=bare(it.result), generics=generics)

    def block(it: Block) -> Block:
        associated = tuple((name, bare(kind)) for name, kind in it.associated)
        return it._replace(functions=tuple(map(written, it.functions)), owner=bare(it.owner),
                           trait=bare(it.trait), associated=associated)  # fmt: skip

    def kind(it: Type) -> Type:
        variants = tuple((name, sign, tuple((field, bare(kind)) for field, kind in fields))
                         for name, sign, fields in it.variants)  # fmt: skip
        return it._replace(
            text=bare(it.text), fields=tuple(map(bare, it.fields)), variants=variants
        )

    return code._replace(
        functions={name: written(it) for name, it in code.functions.items()},
        blocks=[block(it) for it in code.blocks],
        types={name: kind(it) for name, it in code.types.items()},
        traits={name: it._replace(functions=tuple(map(written, it.functions)))
                for name, it in code.traits.items()},
        aliases={name: bare(made) for name, made in code.aliases.items()},
    )  # fmt: skip


def _expanded(code: Code) -> Code:
    """Short names for what is lent or shared are written out: how it crosses is seen then."""
    short = {name: made for name, made in code.aliases.items()
             if name.isidentifier() and re.search(r"\b(dyn|Rc|Arc)\b", made)}  # fmt: skip
    if not short:
        return code
    known = re.compile(rf"\b({'|'.join(short)})\b")

    def out(kind: str) -> str:
        for _ in range(4):
            kind = known.sub(lambda it: short[it[1]], kind)
        return kind

    def written(it: Function) -> Function:
        params = tuple((name, out(kind)) for name, kind in it.params)
        return it._replace(params=params, result=out(it.result))

    blocks = [it._replace(functions=tuple(map(written, it.functions))) for it in code.blocks]
    functions = {name: written(it) for name, it in code.functions.items()}
    traits = {name: it._replace(functions=tuple(map(written, it.functions)))
              for name, it in code.traits.items()}  # fmt: skip
    types = {name: it._replace(fields=tuple(map(out, it.fields)))
             for name, it in code.types.items()}  # fmt: skip
    aliases = {name: made for name, made in code.aliases.items() if name not in short}
    return code._replace(
        functions=functions, blocks=blocks, traits=traits, types=types,
        aliases=aliases | {name: out(made) for name, made in short.items()},
    )  # fmt: skip


def _declare(code: Code, item: tuple[str, str, str, str], path: str) -> None:
    word, attributes, plain, true = item
    if word == "fn":
        function = _function(plain)._replace(path=path)
        code.functions[f"{path}::{function.name}" if path else function.name] = function
    elif word in ("struct", "enum"):
        made = _type(word, attributes, plain)
        _place(code, made.name, path, plain)
        code.types[made.name] = made
    elif word == "impl":
        code.blocks.append(_block(plain, true)._replace(path=path))
    elif word == "trait":
        trait = _trait(plain, true)
        _place(code, trait.name, path, plain)
        code.traits[trait.name] = trait
    elif word in ("const", "static"):
        _constant(code, plain, true, path)
    elif word == "use":
        text = " ".join(true.split()).removeprefix("pub ")
        if not path or re.match(r"use (::)?(std|core|alloc)\b", text):
            code.uses.append(text)
    elif word == "type":
        match = re.search(r"\btype\s+(\w+(?:<[^=]*>)?)\s*=\s*([^;]+);", plain)
        if match:
            code.aliases[match[1]] = " ".join(match[2].split())


def _constant(code: Code, plain: str, true: str, path: str) -> None:
    name = re.search(r"\b(?:const|static)\s+(?:mut\s+)?(\w+)", plain)
    if path and name:
        _place(code, name[1], path, plain)
        true = re.sub(r"^(?:pub(?:\s*\([^)]*\))?\s+)?", "pub ", true)
    code.constants.append((name[1] if name else "", true))


def _place(code: Code, name: str, path: str, plain: str) -> None:
    if name in code.types or name in code.traits:
        code.twice.add(name)
    if plain.startswith("pub"):
        code.shown.add(name)
    if path:
        code.paths[name] = path


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
        Generic(
            name.removeprefix("const "),
            " + ".join(it for it in bounds if it),
            name.startswith("const "),
        )
        for name, bounds in found.items()
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
    hoisted: list[Generic] = []
    for place, it in enumerate(split(" ".join(item[at + 1 : end].split()))):
        bare = re.sub(r"'\w+\s*", "", it)
        if place == 0 and re.fullmatch(r"&?\s*(mut\s+)?self(\s*:.*)?", bare):
            takes = "&mut" if re.match(r"&\s*mut", bare) else "&" if bare[0] == "&" else "self"
            continue
        kind = it.partition(":")[2]
        params.append((f"hg{place}", _hoisted(kind.strip(), hoisted)))
    named = (*generics(inner, where.strip().rstrip(",")), *hoisted)
    within = " ".join([*(kind for _, kind in params if not _BARE.fullmatch(kind)), result])
    named = tuple(
        g._replace(is_within=bool(re.search(rf"\b{g.name}\b", within))) for g in named
    )
    return Function(match[1], named, takes, tuple(params), result)


def _hoisted(kind: str, into: list[Generic]) -> str:
    """A type parameter for what has no name within a type: "&[impl Display]"."""
    match = re.search(r"(?<=[\[<(])\s*impl\s+", kind)
    if match is None or "Fn" in kind:
        return kind
    opened = match.start() - 1
    end = closing(kind, opened)
    bounds = split(kind[match.end() : end])[0]
    into.append(Generic(f"HgT{len(into)}", bounds, is_within=True))
    return kind[: match.start()] + into[-1].name + kind[match.end() + len(bounds) :]


def _body(text: str) -> int:
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if sign in "{;" and depth == 0:
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
    has_where = re.match(r"\s*where\b", item[at:])
    opened = re.compile(r"[{;]" if has_where else r"[{(;]").search(item, at)
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


def _block(item: str, true: str) -> Block:
    at = item.index("impl") + 4
    inner, at = _angle(item, at)
    opened = item.index("{", at)
    head, _, where = " ".join(item[at:opened].split()).partition(" where ")
    trait, _, owner = head.rpartition(" for ")
    body = item[opened + 1 : closing(item, opened)]
    functions, associated, constants = [], [], []
    for word, _, it, said, _ in _items(body, true[opened + 1 : opened + 1 + len(body)]):
        if word == "fn":
            functions.append(_function(it))
        elif word == "const":
            name = re.search(r"\bconst\s+(\w+)", it)
            if name and not re.search(r"\w\s*[(!]", it.partition("=")[2]):
                constants.append((name[1], said))
        elif word == "type":
            match = re.search(r"type\s+(\w+)\s*=\s*([^;]+);", it)
            if match:
                associated.append((match[1], " ".join(match[2].split())))
    return Block(generics(inner, where.strip().rstrip(",")), trait.strip(), owner.strip(),
                tuple(functions), tuple(associated), "", tuple(constants))  # fmt: skip


def _trait(item: str, true: str) -> Trait:
    match = re.search(r"\btrait\s+(\w+)\s*", item)
    assert match is not None
    inner, at = _angle(item, match.end())
    opened = item.index("{", at)
    supers = " ".join(item[at:opened].split()).partition("where")[0].lstrip(": ").strip()
    body = item[opened + 1 : closing(item, opened)]
    functions, defaults, others = [], set(), []
    is_plain = not inner and set(re.findall(r"\w+", supers)) <= BORNE
    for word, _, it, said, _ in _items(body, true[opened + 1 : opened + 1 + len(body)]):
        if word != "fn":
            is_plain = False
            others.append(said)
            continue
        function = _function(it)
        functions.append(function)
        if not it.rstrip().endswith(";"):
            defaults.add(function.name)
        is_plain = is_plain and not function.generics and bool(function.takes)
    return Trait(match[1], tuple(functions), frozenset(defaults), is_plain, supers,
                 generics(inner), tuple(others))  # fmt: skip
