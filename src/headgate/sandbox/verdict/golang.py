"""Plans the judging of Go: tests with stand-ins for the code's functions, called by value.

Rule 1: what the code is made of is in another program than the tests; neither sees the other's
files, and nothing that the code brings (tests, TestMain, build rules) is built.
Rule 2: what cannot be called by value is refused in words, not judged in a weaker way.
Rule 3: where tests use generic code, they are built first: their compiler names the instances.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import bundle, gocode, gostandins, programs
from headgate.sandbox.verdict.gocode import Function, Package
from headgate.sandbox.verdict.gostandins import Standins
from headgate.sandbox.verdict.model import Task

LINK = "-ldflags=-s -w"
"""no flag that the standard library was not built with: it would be built again"""
LINK_NAMED = "-ldflags=-w"
"""where the names of generic instances are read"""
SHARED = ("wire", "memory", "faults", "lent", "peer")
IMPORTED = (
    "bytes", "context", "errors", "fmt", "io", "math", "os", "reflect", "regexp", "slices",
    "sort", "strconv", "strings", "sync", "testing", "time",
)  # fmt: skip
_TEST = re.compile(r"^func\s+(Test\w*)\s*\(\s*\w+\s+\*testing\.T\s*\)", re.MULTILINE)
_MAIN = re.compile(r"^func\s+main\s*\(\s*\)", re.MULTILINE)
_TEST_MAIN = re.compile(r"^func\s+TestMain\s*\(\s*(\w+)\s+\*testing\.M\s*\)", re.MULTILINE)
_CLOSED = re.compile(r'^\s*(?:import\s+)?"C"|^//go:(?:linkname|cgo\w*|embed)', re.MULTILINE)


def plan(task: Task, runtime: Runtime) -> tuple[bundle.Program, dict[str, Any]]:
    """The judge's program and what it is told."""
    given = programs.texts(task.candidate)
    tests = programs.texts(task.tests)
    refuse(given)
    newest = ".".join(runtime.version.split(".")[:2])
    given.setdefault("go.mod", f"module judged\n\ngo {newest}\n")
    given, tests = _renamed(given), _renamed(tests) if _is_odd(given) else tests
    if task.style == "asserts":
        tests = {"judged_test.go": _whole("\n".join(tests.values()), given)}
        given = {path: unused(text) for path, text in given.items()}
    folder = _folder(tests)
    mine = {it: text for it, text in given.items()
            if posixpath.dirname(it) == folder and it.endswith(".go")}  # fmt: skip
    package = gocode.read(mine.values())
    text = gocode.stripped("\n".join(tests.values()))
    asked = wanted(package, text)
    if _takes_any(asked) and not _stands_beside(tests, package):
        asked = asked._replace(theirs=tuple(it.name for it in _plain_of_tests(text, package)))
    late = _late(asked, folder, given)
    env = {"GOMAXPROCS": "2", "GOMEMLIMIT": f"{task.limits.memory_mb * 4 // 10}MiB"}
    made = ("-o", "../made", f"./{folder}")
    go = runtime.program
    code = programs.side("code", (go, "build", LINK, *made), "code/tree", env)
    link = LINK_NAMED if late else LINK
    judge = programs.side(
        "judge", (go, "test", "-c", "-vet=off", link, *made), "judge/tree", env
    )
    return programs.program(), {
        "files": {
            **_code(given, mine, asked, text),
            **_judge(given, tests, asked, newest),
        },
        "patience_s": programs.patience_s(task),
        "builds": [[judge], [code]] if late else [[code, judge]],
        "late": late,
        "judge": programs.side("judge", ("./made", "-test.timeout=0"), "judge"),
        "candidate": programs.side("code", ("./made",), "code"),
    }


def _is_odd(given: dict[str, str]) -> bool:
    return any(re.search(r"^package\s+\w+_test\b", it, re.MULTILINE) for it in given.values())


def _renamed(files: dict[str, str]) -> dict[str, str]:
    """A package of code whose name is that of tests gets the name without it."""
    odd = re.compile(r"^package\s+(\w+)_test\b", re.MULTILINE)
    return {path: odd.sub(r"package \1", text, count=1) for path, text in files.items()}


def unused(text: str) -> str:
    """Imports that only the tests use stood in one file with them: here they are blank."""
    head, _, rest = text.partition("\nfunc ")
    imports = re.compile(r"^\s*(?:import\s+)?(?:(\w+)\s+)?\"([\w/.]+)\"", re.MULTILINE)
    for alias, path in imports.findall(head):
        name = "" if alias == "import" else alias
        called = name or posixpath.basename(path)
        if called != "_" and not re.search(rf"(?<![\w.]){called}\.", gocode.stripped(text)):
            head = re.sub(rf"(?:{name}\s+)?\"{re.escape(path)}\"" if name else
                          rf"\"{re.escape(path)}\"", f'_ "{path}"', head, count=1)  # fmt: skip
    return f"{head}\nfunc {rest}" if rest else head


def refuse(given: dict[str, str]) -> None:
    """Files that would do something while they are built, or reach below the language."""
    for path, text in given.items():
        name = posixpath.basename(path)
        if name.endswith("_test.go"):
            raise Refused(f"{path} brings tests of its own", "leave them to the judge")
        if path.endswith((".s", ".c", ".h", ".syso", ".S", ".a")):
            raise Refused(f"{path} is no Go", "write it in Go")
        match = _CLOSED.search(text) if path.endswith(".go") else None
        if match:
            raise Refused(f"{path} uses {match[0].strip()}", "do without")


def _folder(tests: dict[str, str]) -> str:
    folders = {posixpath.dirname(it) for it in tests if it.endswith("_test.go")}
    if len(folders) != 1:
        raise Refused("tests of several packages", "judge one package at a time")
    return folders.pop()


def _whole(text: str, given: dict[str, str]) -> str:
    """Tests given as mere functions become a file."""
    if re.search(r"^\s*package\s+\w+", text, re.MULTILINE):
        return text
    name = gocode.read(given.values()).name or "main"
    used = [it for it in IMPORTED if re.search(rf"(?<![\w.]){it}\.", text)]
    imports = (
        ""
        if re.search(r"^import\b", text, re.MULTILINE)
        else "\n".join(f'import "{it}"' for it in used)
    )
    return f"package {name}\n\n{imports}\n\n{text}\n"


def wanted(package: Package, tests: str) -> Standins:
    """The functions, methods and types that the tests meet."""
    words = set(re.findall(r"\w+", tests))
    defined = set(re.findall(r"^func\s+(\w+)", tests, re.MULTILINE))
    defined |= set(re.findall(r"^type\s+(\w+)", tests, re.MULTILINE))
    package = package._replace(types={k: it for k, it in package.types.items()
                                      if k not in defined})  # fmt: skip
    found: dict[str, Function] = {}
    for key, it in package.functions.items():
        if it.receiver or it.name not in words - defined or it.name in ("main", "init", "_"):
            continue
        params = frozenset(gocode.names(it.generic))
        why = next((why for kind in it.kinds if (why := _unplain(kind, package, params))), "")
        if why == TESTING or (why and not _is_called(it.name, tests)):
            continue
        if why:
            raise Refused(
                f"{key} cannot be judged from apart: {why}", "test it with plain data"
            )
        found[key] = it
    held, types = _met(package, found, words)
    fields = {it: gostandins.fields_named(it, package, tests) for it in held}
    _refuse_fields(held, package, tests)
    _refuse_names(package, words - defined)
    kinds = [kind for it in found.values() for kind in it.kinds]
    kinds += [it.kind for name in types for it in [package.types[name]] if name not in held]
    kinds += [it.kind for name in held for it in gocode.struct(package.types[name].kind) or ()
              if it.name in fields[name]]  # fmt: skip
    asked = Standins(
        package,
        tuple(found.values()),
        tuple(sorted(types)),
        fields,
        tuple(
            it for it in dict.fromkeys(package.errors) if it in words - defined and it != "_"
        ),
        tuple(sorted(_lent(kinds, package))),
    )
    odd = gostandins.unread(asked)
    if odd:
        raise Refused(f"{odd} is written in a way that is not read", "write it as gofmt does")
    return asked


def _refuse_names(package: Package, words: set[str]) -> None:
    """What tests say with words of Go itself would be said with the code's."""
    own = [it.name for it in package.functions.values() if not it.receiver]
    own += [*package.types, *package.errors]
    own += [name for it in package.constants for name in gostandins.constants(it)]
    for name in own:
        if name in PREDECLARED and name in words:
            raise Refused(f"{name} stands for Go's own", "give it another name")


def _refuse_fields(held: list[str], package: Package, tests: str) -> None:
    """Objects that tests make with what cannot cross."""
    for name in held:
        for it in gocode.struct(package.types[name].kind) or ():
            given = rf"\b{name}\s*\{{[^{{}}]*\b{it.name}\s*:"
            why = gostandins.unplain(it.kind, package, _params(package, name))
            if why and it.name[:1].isupper() and re.search(given, tests):
                raise Refused(
                    f"{name}.{it.name} cannot be judged from apart: {why}",
                    "have the code take an interface or a function of plain data",
                )


def _params(package: Package, name: str) -> frozenset[str]:
    return frozenset(gocode.names(package.types[name].generic))


TESTING = "of the tests"
PREDECLARED = gostandins.BASIC | frozenset([
    "true", "false", "nil", "iota", "append", "cap", "clear", "close", "complex", "copy",
    "delete", "imag", "len", "make", "max", "min", "new", "panic", "print", "println", "real",
    "recover",
])  # fmt: skip


def _is_called(name: str, tests: str) -> bool:
    """Whether the tests need a function: a private one's name may be any word of theirs."""
    return (
        name[:1].isupper()
        or re.search(rf"(?<![\w.]){name}\s*(?:\[[^]]*\])?\(", tests) is not None
    )


def _unplain(kind: str, package: Package, params: frozenset[str]) -> str:
    if re.search(r"\btesting\.[TBMF]\b", kind):
        return TESTING
    return gostandins.unplain(kind, package, params)


def _met(
    package: Package, found: dict[str, Function], words: set[str]
) -> tuple[list[str], set[str]]:
    """The types that tests meet, whose methods are added to what was found."""
    while True:
        kinds = [kind for it in found.values() for kind in (*it.kinds, it.generic)]
        kinds += [it.receiver[1] for it in found.values() if it.receiver]
        kinds += [it for it in package.types if it in words]
        kinds += gostandins.constants_meant(package, words)
        held = [it for it in package.types if gostandins.is_held(it, package)]
        types = gostandins.mentioned(kinds, package, held)
        types |= gostandins.mentioned(_fields_met(types, held, package, words), package, held)
        new = {
            it.key: it
            for name in types
            for it in _methods(name, package, name in held)
            if it.key not in found
        }
        if not new:
            return [it for it in held if it in types], types
        found |= new


def _fields_met(
    types: set[str], held: list[str], package: Package, words: set[str]
) -> list[str]:
    """The types of what tests may look at of objects that stay with the code."""
    return [
        it.kind
        for name in types.intersection(held)
        for it in gocode.struct(package.types[name].kind) or ()
        if it.name in words and not gostandins.unplain(it.kind, package, _params(package, name))
    ]


def _methods(name: str, package: Package, is_held: bool) -> list[Function]:
    own = package.types[name]
    if own.is_alias or own.kind.startswith("interface"):
        return []
    found = package.methods(name)
    known = {it.name for it in found}
    if is_held:
        for field in gocode.struct(own.kind) or ():
            embedded = gocode.stem(field.kind)
            if field.is_embedded and embedded in package.types and not own.generic:
                found += [
                    it._replace(receiver=("hgIt", f"*{name}"))
                    for it in package.methods(embedded)
                    if it.name not in known
                ]
    plain = []
    for it in found:
        owner = it.receiver[1] if it.receiver else ""
        params = frozenset(re.findall(r"\w+", owner.partition("[")[2]))
        if it.name not in ("As", "_") and not any(
            gostandins.unplain(kind, package, params) for kind in it.kinds
        ):
            plain.append(it)
    return plain


def _lent(kinds: list[str], package: Package) -> set[str]:
    names = set(gocode.INTERFACES)
    names |= {
        name
        for name, it in package.types.items()
        if not it.generic and gocode.interface(it.kind, package) and _is_lendable(name, package)
    }
    words = {word for it in kinds for word in re.findall(r"[\w.]+", it)}
    return names & words


def _is_lendable(name: str, package: Package) -> bool:
    return not gostandins.unplain(name, package)


def _late(asked: Standins, folder: str, given: dict[str, str]) -> dict[str, Any] | None:
    """What is to be written once the tests are built: the instances of generic code."""
    generic: dict[str, list[list[str]]] = {}
    for it in asked.functions:
        if not gostandins.is_generic(it, asked.package):
            continue
        template = f"{it.name}[@]"
        if it.receiver:
            star = "*" if it.receiver[1].startswith("*") else ""
            template = f"({star}{it.owner}[@]).{it.name}"
        generic.setdefault(it.owner or it.name, []).append([it.key, template])
    if not generic:
        return None
    place = _place(given, folder)
    return {
        "language": "go",
        "binary": "judge/made",
        "path": posixpath.join("code/tree", folder, "hg_more.go"),
        "generic": generic,
        "own": [f"{place}_test", place, "main"],
    }


def _code(
    given: dict[str, str], mine: dict[str, str], asked: Standins, tests: str
) -> dict[str, str]:
    laid = {f"code/tree/{path}": text for path, text in given.items()}
    folder = posixpath.dirname(next(iter(mine), ""))
    for path, text in mine.items():
        plain = _MAIN.sub("func hgTheirMain()", text)
        laid[f"code/tree/{path}"] = re.sub(
            r"^(\s*)package\s+\w+", r"\1package main", plain, count=1, flags=re.MULTILINE
        )
    at = posixpath.join("code/tree", folder).rstrip("/")
    laid[f"{at}/hg_main.go"] = gostandins.served(asked)
    if asked.theirs or any(gostandins.is_generic(it, asked.package) for it in asked.functions):
        laid[f"{at}/hg_types.go"] = _declared(_types_of_tests(tests, asked.package))
    for name in (*SHARED, "serve"):
        laid[f"{at}/hg_{name}.go"] = _ours(name, "main")
    return laid


def _takes_any(asked: Standins) -> bool:
    """Whether a function takes whatever it is given."""
    return any(
        re.search(r"\bany\b|\binterface\s*\{\s*\}", kind)
        for it in asked.functions
        for _, kind in it.params
    )


def _stands_beside(tests: dict[str, str], package: Package) -> bool:
    """Whether some of the tests are in a package of their own."""
    heads = [re.search(r"^\s*package\s+(\w+)", it, re.MULTILINE) for it in tests.values()]
    return any(it and it[1] != (package.name or "main") for it in heads)


def _plain_of_tests(tests: str, package: Package) -> list[gocode.Type]:
    """Data and nothing else: what has methods would lack them beyond."""
    methods = {it.owner for it in gocode.read([tests]).functions.values()}
    return [
        it
        for it in _types_of_tests(tests, package)
        if it.name not in methods
        and not it.generic
        and not it.is_alias
        and not re.search(r"\b(?!time\b)\w+\.\w", it.kind)
    ]


def _types_of_tests(tests: str, package: Package) -> list[gocode.Type]:
    """The data types that tests declare: generic code is made for them."""
    theirs = gocode.read([tests])
    joint = package._replace(types={**package.types, **theirs.types})
    return [
        it
        for name, it in theirs.types.items()
        if name not in package.types
        and not any(
            gostandins.unplain(field.kind, joint) for field in gocode.struct(it.kind) or ()
        )
        and (gocode.struct(it.kind) is not None or not gostandins.unplain(it.kind, joint))
    ]


def _declared(types: list[gocode.Type]) -> str:
    lines = "\n".join(f"type {it.declared}" for it in types)
    return f'package main\n\nimport "time"\n\nvar _ time.Time\n\n{lines}\n'


def _ours(name: str, package: str) -> str:
    text = _aliased(bundle.source(f"{name}.go"))
    return text.replace("HGPACKAGE", f'"{package}"').replace("PACKAGE", package, 1)


def _aliased(text: str) -> str:
    """Our imports under names of ours: a function of the code may be called `sort`."""
    head, _, body = text.partition("\n)\n")
    for path in re.findall(r'^\t"([\w/]+)"$', head, re.MULTILINE):
        name = posixpath.basename(path)
        head = head.replace(f'\t"{path}"', f'\thg{name} "{path}"')
        body = re.sub(rf"(?<![\w.]){name}\.(?=[A-Z])", f"hg{name}.", body)
    return f"{head}\n)\n{body}"


def _judge(
    given: dict[str, str], tests: dict[str, str], asked: Standins, newest: str
) -> dict[str, str]:
    laid: dict[str, str] = {}
    folder = _folder(tests)
    at = posixpath.join("judge/tree", folder).rstrip("/")
    name = asked.package.name or "main"
    hosts: dict[str, list[str]] = {}
    main = ""
    for path, text in tests.items():
        head = re.search(r"^\s*package\s+(\w+)", text, re.MULTILINE)
        is_outside = head is not None and head[1] != name
        if _TEST_MAIN.search(text) and head:
            main = head[1]
        laid[f"judge/tree/{path}"] = _TEST.sub(
            lambda it: it[0].replace(it[1], f"hg{it[1]}", 1), _own_main(text, is_outside)
        )
        if head:
            hosts.setdefault(head[1], []).extend(_TEST.findall(text))
    for at_, (host, names) in enumerate(sorted(hosts.items())):
        outside = "" if host == name else _place(given, folder)
        is_first = host == main if main else at_ == 0
        laid[f"{at}/hg_{at_}_test.go"] = _counting(
            host, outside, names, is_first=is_first, has_main=host == main
        )
    for part in (*SHARED, "judge", "alike"):
        laid[f"{at}/hg_{part}.go"] = _ours(part, name)
    laid[f"{at}/hg_standins.go"] = gostandins.judged(asked, "\n".join(tests.values()))
    laid["judge/tree/go.mod"] = f"module {_place(given, '')}\n\ngo {newest}\n"
    return laid


def _own_main(text: str, is_outside: bool) -> str:
    """Tests that set up in a TestMain: it is called, and its end is ours."""
    if not _TEST_MAIN.search(text):
        return text
    if is_outside:
        raise Refused("a TestMain beside the package", "set it up in the package itself")
    ours = _TEST_MAIN.sub(r"func hgTestMain(\1 HGMain)", text)
    ours, ends = re.subn(r"\bos\.Exit\(", "HGExit(", ours)
    return f"{ours}\n\nvar _ = os.Exit\n" if ends else ours


def _place(given: dict[str, str], folder: str) -> str:
    module = re.search(r"^module\s+(\S+)", given.get("go.mod", ""), re.MULTILINE)
    return posixpath.join(module[1] if module else "judged", folder).rstrip("/")


def _counting(
    host: str, outside: str, tests: list[str], *, is_first: bool, has_main: bool
) -> str:
    """What counts the tests of a package; `outside`: how one beside the code's imports it."""
    to = "hg." if outside else ""
    lines = [f"package {host}", "", 'import "testing"']
    lines += [f'import hg "{outside}"'] if outside else []
    lines += [f'func {it}(t *testing.T) {{ {to}HGRun(t, "{it}", hg{it}) }}' for it in tests]
    if is_first:
        begin = f"hgTestMain({to}HGMain{{m}})" if has_main else f"{to}HGMain{{m}}.Run()"
        lines.append(
            f'func TestMain(m *testing.M) {{ {to}HGBegin(); {begin}; {to}HGReport("", "") }}'
        )
    return "\n".join(lines) + "\n"
