"""Writes the Go that stands between tests and code: types, functions, interfaces, errors.

Rule 1: what a test calls is a stand-in that asks; no line of the code's functions is in it.
Rule 2: a type with a state of its own stays with the code; plain data crosses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from headgate.sandbox.verdict import gocode
from headgate.sandbox.verdict.gocode import Function, Package, split
from headgate.sandbox.verdict.shapes import closing

BASIC = frozenset([
    "bool", "string", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16",
    "uint32", "uint64", "uintptr", "byte", "rune", "float32", "float64", "complex64",
    "complex128", "error", "any", "comparable", "interface{}", "struct{}",
])  # fmt: skip
OF_GO = frozenset([
    "time.Time", "time.Duration", "time.Month", "time.Weekday", "*time.Location",
    "context.Context", "url.Values", "http.Header", "json.RawMessage", "json.Number",
    "net.IP", "sql.NullString", "sql.NullInt64", "context.CancelFunc", "bytes.Buffer",
    "*bytes.Buffer", "big.Int", "*big.Int", "big.Rat", "*big.Rat", "url.URL", "*url.URL",
    "os.FileMode", "fs.FileMode", "reflect.Kind", "slog.Level", "cmp.Ordered",
])  # fmt: skip


ALIKE = {
    **dict.fromkeys(("Is", "Equal", "Equals", "Eq", "Same"), ("bool", "true")),
    **dict.fromkeys(("Compare", "Cmp"), ("int", "0")),
}
"""methods that say what is alike: what they answer, and what of the same"""


ERRORS = {
    "database/sql": ("ErrNoRows", "ErrTxDone", "ErrConnDone"),
    "encoding/csv": ("ErrFieldCount", "ErrQuote", "ErrBareQuote"),
    "bufio": ("ErrTooLong",),
    "net/http": ("ErrServerClosed", "ErrNoCookie"),
}
"""errors of Go made once, in packages that only code which imports them has"""


MANY = ("[]", "[]*", "map[string]")
"""in which data are handed to what takes anything"""


WRITTEN = {
    **dict.fromkeys(("String", "GoString"), ("string",)),
    **dict.fromkeys(("MarshalJSON", "MarshalText"), ("[]byte", "error")),
}
"""methods that write a value down"""


class Standins(NamedTuple):
    """What both sides are to be told of a package."""

    package: Package
    functions: tuple[Function, ...]
    types: tuple[str, ...]
    """of the package's own: those that tests meet"""
    held: dict[str, tuple[str, ...]]
    """types that stay with the code, and those of their fields that tests name"""
    errors: tuple[str, ...]
    lent: tuple[str, ...]
    """interfaces that one side may lend the other"""
    theirs: tuple[str, ...] = ()
    """data types of the tests that code which takes anything may be given"""


def unplain(kind: str, package: Package, seen: frozenset[str] = frozenset()) -> str:
    """Why values of a type cannot cross; "" if they can. `seen`: type parameters, own types."""
    kind = kind.strip().removeprefix("...").strip().replace(" {}", "{}")
    if kind in BASIC or kind in seen or kind in OF_GO or kind in gocode.INTERFACES:
        return ""
    inner = _inner(kind)
    if inner is not None:
        return next((why for it in inner if (why := unplain(it, package, seen))), "")
    name = gocode.stem(kind)
    if name in package.types:
        return _unplain_own(kind, package, seen)
    methods = gocode.interface(kind, package)
    if methods is not None:
        kinds = [kind for it in methods.values() for kind in it.kinds]
        return next((why for it in kinds if (why := unplain(it, package, seen))), "")
    return f"{kind} is no plain data"


def _unplain_own(kind: str, package: Package, seen: frozenset[str]) -> str:
    own = package.types[gocode.stem(kind)]
    args = split(kind[kind.index("[") + 1 : -1]) if "[" in kind else []
    if gocode.struct(own.kind) is None:  # structs either cross or are held
        args.append(own.kind)
        seen = seen | {own.name, kind, *gocode.names(own.generic)}
    return next((why for it in args if (why := unplain(it, package, seen))), "")


def _inner(kind: str) -> list[str] | None:
    """What a type is made of, if it is no name."""
    match = re.match(r"\*|\[\w*\]|<-\s*chan\b|chan\s*<-", kind)
    if match:
        return None if kind in OF_GO else [kind[match.end() :]]
    if kind.startswith("map["):
        end = closing(kind, 3)
        return [kind[4:end], kind[end + 1 :]]
    if re.match(r"func\s*\(", kind):
        params, results = gocode.signature(kind[kind.index("(") :])
        return [*(it for _, it in params), *results]
    fields = gocode.struct(kind)
    if fields is not None:
        return [it.kind for it in fields]
    match = re.match(r"(iter\.Seq2?)\[", kind)
    if match:
        return split(kind[match.end() : -1])
    return None


def is_held(name: str, package: Package) -> bool:
    """Whether objects of a struct stay with the code: they are more than their fields."""
    own = package.types[name]
    fields = gocode.struct(own.kind)
    if fields is None or f"{name}.Error" in package.functions:
        return False
    methods = package.methods(name)
    closed = [it for it in fields if it.name[:1].islower() or it.name == "_"]
    params = frozenset(gocode.names(own.generic))
    if not methods and not closed and all(_is_offered(it.kind, package) for it in fields):
        return False
    if any(_is_alive(it.kind, package, params, frozenset([name])) for it in fields):
        return True
    if any(unplain(it.kind, package, params | {name}) for it in fields):
        return True
    if not closed or not methods:
        return False
    changes = any(it.receiver and it.receiver[1].startswith("*") for it in methods)
    return changes or any("*" in it.kind for it in closed)


def _is_offered(kind: str, package: Package) -> bool:
    """Data, or a function that is lent: what has such fields alone is made anew beyond."""
    is_alive = _is_alive(kind, package, frozenset(), frozenset())
    return not unplain(kind, package) and (not is_alive or kind.startswith("func("))


def _is_alive(
    kind: str, package: Package, params: frozenset[str], seen: frozenset[str]
) -> bool:
    """Whether a field holds what is no data: locks, channels, functions, interfaces."""
    if re.search(r"\b(chan|func|sync\.|atomic\.|context\.Context|interface\s*\{\s*\w)", kind):
        return True
    for name in re.findall(r"[A-Za-z_][\w.]*", kind):
        own = package.types.get(name)
        if name in gocode.INTERFACES:
            return True
        if own is None or name in seen or name in params:
            continue
        fields = gocode.struct(own.kind)
        kinds = [it.kind for it in fields] if fields is not None else [own.kind]
        if any(_is_alive(it, package, params, seen | {name}) for it in kinds):
            return True
    return False


def mentioned(kinds: Iterable[str], package: Package, held: Iterable[str] = ()) -> set[str]:
    """The package's own types that these types are made of."""
    found: set[str] = set()
    waiting = list(kinds)
    while waiting:
        for name in re.findall(r"(?<!\w)(?<!\w\.)[A-Za-z_]\w*", waiting.pop()):
            if name in package.types and name not in found:
                found.add(name)
                it = package.types[name]
                waiting.append(it.generic)
                if name not in held:
                    waiting.append(it.kind)
    return found


def fields_named(name: str, package: Package, tests: str) -> tuple[str, ...]:
    """Of an object that stays with the code, the fields that tests look at or set."""
    own = package.types[name]
    params = frozenset(gocode.names(own.generic))
    named = set(re.findall(r"\.(\w+)\b(?!\()", tests)) | set(
        re.findall(r"\b(\w+)\s*:(?!=)", tests)
    )
    named |= set(re.findall(r"\.(\w+)\(", tests))
    methods = {it.name for it in package.methods(name)}
    return tuple(
        it.name
        for it in gocode.struct(own.kind) or ()
        if it.name in named - methods and not unplain(it.kind, package, params)
    )


def judged(it: Standins, tests: str) -> str:
    """The package as the tests see it."""
    package, words = it.package, set(re.findall(r"\w+", tests))
    lines = [f"type {_declared(name, it)}" for name in it.types]
    used = {word for line in lines for word in re.findall(r"\w+", line)} | words
    lines += constants_meant(package, used)
    for name in it.errors:
        lines.append(f'var {name} error = &hgSentinel{{name: "{name}"}}')
    lines += [_standin(function) for function in it.functions]
    lines.append(f"func init() {{ hgTests = {json.dumps(tests, ensure_ascii=False)} }}")
    if "NaN" not in words:
        lines.append("func init() { hgTakesNaN = false }")
    if "Setenv" in words:
        lines.append("func init() { hgSetsEnv = true }")
    return _file(package.name or "main", [*lines, *_shared(it)], package)


def constants_meant(package: Package, words: Iterable[str]) -> list[str]:
    """The declarations of constants that these words name, and those that they are made of."""
    named, found = set(words), set[str]()
    while True:
        new = {it for it in package.constants if it not in found and named & constants(it)}
        if not new:
            return [it for it in package.constants if it in found]
        found |= new
        named |= {word for it in new for word in re.findall(r"\w+", it)}


def constants(text: str) -> set[str]:
    """The names that a declaration of constants gives."""
    lines = gocode.lines(text.removeprefix("const").strip())
    heads = [re.match(r"\w+(?:\s*,\s*\w+)*", it) for it in lines]
    return {name for it in heads if it for name in re.findall(r"\w+", it[0])}


def unread(it: Standins) -> str:
    """What of the code's text, which is to be a part of the judge's, is more than it seems."""
    package = it.package
    functions = [*it.functions, *(own for name in it.lent for own in _methods(name, package))]
    for own in functions:
        named = [*own.params, *([own.receiver] if own.receiver else [])]
        texts = [own.generic, *own.results, *(kind for _, kind in named)]
        if not all(name.isidentifier() for name, _ in named) or not all(
            map(gocode.is_one, texts)
        ):
            return own.key
    for name in it.types:
        fields = gocode.struct(package.types[name].kind) or [] if name in it.held else []
        texts = [package.types[name].kind, package.types[name].generic]
        if not all(map(gocode.is_one, [*texts, *(field.kind for field in fields)])):
            return name
    return next((text.split("\n")[0] for text in package.constants
                 if not gocode.is_one(text)), "")  # fmt: skip


def served(it: Standins) -> str:
    """What the code's process registers."""
    lines = [
        f'func init() {{ hgAdd("{function.key}", {reference(function)}) }}'
        for function in it.functions
        if not is_generic(function, it.package)
    ]
    lines.append("func main() { hgListen() }")
    return _file("main", [*lines, *_shared(it)], it.package)


def is_generic(it: Function, package: Package) -> bool:
    return bool(it.generic) or bool(it.owner and package.types[it.owner].generic)


def reference(it: Function) -> str:
    return f"({it.receiver[1]}).{it.name}" if it.receiver else it.name


def _declared(name: str, it: Standins) -> str:
    own = it.package.types[name]
    if name not in it.held:
        return own.declared
    fields = gocode.struct(own.kind) or []
    kept = [
        field.kind if field.is_embedded else f"{field.name} {field.kind}"
        for field in fields
        if field.name in it.held[name]
    ]
    inner = "; ".join(["hg hgThing", *kept])
    return own._replace(kind=f"struct {{ {inner} }}").declared


def _standin(it: Function) -> str:
    args = [f"&{name}" for name, _ in it.params]
    receiver = ""
    if it.receiver:
        name = it.receiver[0] if not it.receiver[0].startswith("hg") else "hgIt"
        receiver = f"({name} {it.receiver[1]}) "
        args.insert(0, f"&{name}")
    params = ", ".join(f"{name} {kind}" for name, kind in it.params)
    results = ", ".join(f"hgr{at} {kind}" for at, kind in enumerate(it.results))
    boxes = ", ".join(f"&hgr{at}" for at in range(len(it.results)))
    key = f'"{it.key}"'
    kinds = gocode.names(it.generic)
    if it.receiver and "[" in it.receiver[1]:
        kinds = split(it.receiver[1][it.receiver[1].index("[") + 1 : -1])
    if kinds:
        key = f"hgKey({key}, {', '.join(f'hgOf[{kind}]()' for kind in kinds)})"
    generic = f"[{it.generic}]" if it.generic else ""
    head = f"//go:noinline\nfunc {receiver}{it.name}{generic}({params}) ({results})"
    if it.receiver and len(it.params) == 1 and it.results == (ALIKE.get(it.name, ("", ""))[0],):
        given = f"{args[0]}, {it.params[0][0]}, {ALIKE[it.name][1]}"
        return f"{head} {{\n\treturn hgTruly({key}, {given})\n}}"
    if it.receiver and not it.params and it.results == WRITTEN.get(it.name):
        return f"{head} {{\n\thgWritten({key}, {args[0]}, {boxes})\n\treturn\n}}"
    return (
        f"{head} {{\n\tHGCall({key}, []any{{{', '.join(args)}}}, []any{{{boxes}}})\n"
        "\treturn\n}"
    )


def _shared(it: Standins) -> list[str]:
    """What both sides know by the same names."""
    lines = []
    for name, fields in it.held.items():
        quoted = ", ".join(f'"{field}"' for field in fields)
        lines.append(f'\thgHeld["{name}"] = []string{{{quoted}}}')
    crossing = [
        own.name
        for own in (it.package.types[name] for name in it.types)
        if not own.generic and not own.is_alias and not own.kind.startswith("interface")
    ]
    crossing += [*it.theirs, *(f"{of}{name}" for name in it.theirs for of in MANY)]
    lines += [
        f'\thgNamed["{star}{kind}"] = hgreflect.TypeOf((*{star}{kind})(nil)).Elem()'
        for kind in crossing
        for star in ("", "*")
    ]
    lines += [f'\thgSentinels["{name}"] = &{name}' for name in it.errors]
    for path, names in ERRORS.items():
        short = next((k for k, v in it.package.imports.items() if v.endswith(f'"{path}"')), "_")
        if short not in ("_", "."):
            lines += [f'\thgSentinels["{path}.{name}"] = &{short}.{name}' for name in names]
    named = [f"\thgProxies[hgreflect.TypeOf((*{name})(nil)).Elem()] = hgProxy{{\n"
             f"\t\tmake: func(n uint64) any {{ return &hgP{at}{{hgRef{{n}}}} }},\n"
             f"\t\tmethod: func(it any, name string) any {{\n\t\t\tswitch name {{\n"
             + "".join(f'\t\t\tcase "{m.name}":\n\t\t\t\treturn it.({name}).{m.name}\n'
                       for m in _methods(name, it.package))
             + "\t\t\t}\n\t\t\treturn nil\n\t\t},\n\t}"
             for at, name in enumerate(it.lent)]  # fmt: skip
    made = ["func init() {\n" + "\n".join([*lines, *named]) + "\n}"]
    for at, name in enumerate(it.lent):
        made.append(f"type hgP{at} struct{{ hgRef }}")
        made += [_proxy(f"hgP{at}", method) for method in _methods(name, it.package)]
    return made


def _methods(name: str, package: Package) -> list[Function]:
    if name in gocode.INTERFACES:
        return gocode.methods_of(name)
    return list((gocode.interface(package.types[name].kind, package) or {}).values())


def _proxy(owner: str, it: Function) -> str:
    params = ", ".join(f"hga{at} {kind}" for at, (_, kind) in enumerate(it.params))
    args = ", ".join(f"&hga{at}" for at in range(len(it.params)))
    results = ", ".join(f"hgr{at} {kind}" for at, kind in enumerate(it.results))
    boxes = ", ".join(f"&hgr{at}" for at in range(len(it.results)))
    return (
        f"func (hgIt *{owner}) {it.name}({params}) ({results}) {{\n"
        f'\thgIt.hgRef.call("{it.name}", []any{{{args}}}, []any{{{boxes}}})\n\treturn\n}}'
    )


OWN_IMPORTS = {"io": '"io"', "fmt": '"fmt"', "sort": '"sort"', "heap": '"container/heap"',
               "sync": '"sync"', "hash": '"hash"'}  # fmt: skip


def _file(name: str, lines: list[str], package: Package) -> str:
    text = "\n\n".join(lines)
    known = OWN_IMPORTS | package.imports | {"hgreflect": 'hgreflect "reflect"'}
    bare = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    used = [path for it, path in sorted(known.items()) if re.search(rf"(?<![.\w]){it}\.", bare)]
    imports = "\n".join(f"import {it}" for it in dict.fromkeys(used))
    return f"package {name}\n\n{imports}\n\n{text}\n"
