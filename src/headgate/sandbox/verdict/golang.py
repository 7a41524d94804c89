"""Plans the judging of Go: tests with stand-ins for the code's functions, called by value.

Rule 1: what the code is made of is in another program than the tests; neither sees the other's
files, and nothing that the code brings (tests, TestMain, build rules) is built.
Rule 2: what cannot be called by value is refused in words, not judged in a weaker way.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import bundle, programs, shapes
from headgate.sandbox.verdict.model import Task

LINK = "-ldflags=-s -w"
"""no flag that the standard library was not built with: it would be built again"""
_TEST = re.compile(r"^func\s+(Test\w*)\s*\(\s*\w+\s+\*testing\.T\s*\)", re.MULTILINE)
_MAIN = re.compile(r"^func\s+main\s*\(\s*\)", re.MULTILINE)
_CLOSED = re.compile(r'^\s*(?:import\s+)?"C"|^//go:(?:linkname|cgo\w*|embed)', re.MULTILINE)


def plan(task: Task, runtime: Runtime) -> tuple[bytes, dict[str, Any]]:
    """The judge's program and what it is told."""
    given = programs.texts(task.candidate)
    tests = programs.texts(task.tests)
    refuse(given)
    if task.style == "asserts":
        tests = {"judged_test.go": _whole("\n".join(tests.values()), given)}
    folder = _folder(tests)
    mine = {it: text for it, text in given.items() if posixpath.dirname(it) == folder}
    package = shapes.read(mine.values())
    text = "\n".join(tests.values())
    functions = wanted(package, text)
    env = {"GOMAXPROCS": "2", "GOMEMLIMIT": f"{task.limits.memory_mb * 4 // 10}MiB"}
    made = (LINK, "-o", "../made", f"./{folder}")
    return programs.program(), {
        "files": {
            **_code(given, mine, package, functions),
            **_judge(given, tests, package, functions),
        },
        "builds": [
            [
                programs.side("code", (runtime.program, "build", *made), "code/tree", env),
                programs.side("judge", (runtime.program, "test", "-c", "-vet=off", *made),
                              "judge/tree", env),
            ]
        ],
        "judge": programs.side("judge", ("./made", "-test.timeout=0"), "judge"),
        "candidate": programs.side("code", ("./made",), "code"),
    }  # fmt: skip


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
    name = shapes.read(given.values()).name or "main"
    used = [it for it in ("errors", "fmt", "math", "reflect", "sort", "strings", "testing")
            if re.search(rf"\b{it}\.", text)]  # fmt: skip
    imports = (
        ""
        if re.search(r"^import\b", text, re.MULTILINE)
        else "\n".join(f'import "{it}"' for it in used)
    )
    return f"package {name}\n\n{imports}\n\n{text}\n"


def wanted(package: shapes.Package, tests: str) -> list[shapes.Function]:
    """The functions and methods that the tests name."""
    words = set(re.findall(r"\w+", tests))
    for name, why in package.closed.items():
        if name in words:
            raise Refused(
                f"{name} cannot be judged from apart: {why}", "test it with plain data"
            )
    found = []
    for key, it in package.functions.items():
        kind = it.receiver[1].lstrip("*") if it.receiver else ""
        if it.name == "Error" and kind in words:
            raise Refused(
                f"{kind} cannot be judged from apart: errors cross as words",
                "test it by an error made once (errors.New) or by its words",
            )
        if it.name not in words or it.name in ("main", "init", "_"):
            continue
        kinds = [kind for _, kind in it.params] + list(it.results)
        kinds += [it.receiver[1]] if it.receiver else []
        why = next((why for kind in kinds if (why := shapes.plain(kind, package))), "")
        if why and not it.receiver:
            raise Refused(
                f"{key} cannot be judged from apart: {why}", "test it with plain data"
            )
        if not why:
            found.append(it)
    return found


def _code(
    given: dict[str, str],
    mine: dict[str, str],
    package: shapes.Package,
    functions: list[shapes.Function],
) -> dict[str, str]:
    laid = {f"code/tree/{path}": text for path, text in given.items()}
    folder = posixpath.dirname(next(iter(mine), ""))
    for path, text in mine.items():
        plain = _MAIN.sub("func hgTheirMain()", text)
        laid[f"code/tree/{path}"] = re.sub(
            r"^(\s*)package\s+\w+", r"\1package main", plain, count=1, flags=re.MULTILINE
        )
    at = posixpath.join("code/tree", folder)
    named = "\n".join(f'\t"{_key(it)}": {_reference(it)},' for it in functions)
    laid[f"{at}/hg_main.go"] = (
        f"package main\n\nfunc main() {{\n\thgServe(map[string]any{{\n{named}\n\t}})\n}}\n"
    )
    for name in ("wire", "serve"):
        laid[f"{at}/hg_{name}.go"] = bundle.source(f"{name}.go").replace("PACKAGE", "main")
    if "go.mod" not in given:
        laid["code/tree/go.mod"] = "module judged\n\ngo 1.21\n"
    return laid


def _key(it: shapes.Function) -> str:
    return f"{it.receiver[1].lstrip('*')}.{it.name}" if it.receiver else it.name


def _reference(it: shapes.Function) -> str:
    return f"({it.receiver[1]}).{it.name}" if it.receiver else it.name


def _judge(
    given: dict[str, str],
    tests: dict[str, str],
    package: shapes.Package,
    functions: list[shapes.Function],
) -> dict[str, str]:
    laid: dict[str, str] = {}
    folder = _folder(tests)
    at = posixpath.join("judge/tree", folder)
    name = package.name or "main"
    if any(re.search(r"^func\s+TestMain\b", it, re.MULTILINE) for it in tests.values()):
        raise Refused("tests with a TestMain of their own", "set up in the tests themselves")
    hosts: dict[str, list[str]] = {}
    for path, text in tests.items():
        laid[f"judge/tree/{path}"] = _TEST.sub(
            lambda it: it[0].replace(it[1], f"hg{it[1]}", 1), text
        )
        head = re.search(r"^\s*package\s+(\w+)", text, re.MULTILINE)
        if head:
            hosts.setdefault(head[1], []).extend(_TEST.findall(text))
    for at_, (host, names) in enumerate(sorted(hosts.items())):
        outside = "" if host == name else _place(given, folder)
        laid[f"{at}/hg_{at_}_test.go"] = _counting(host, outside, names, is_first=at_ == 0)
    for part in ("wire", "judge"):
        laid[f"{at}/hg_{part}.go"] = bundle.source(f"{part}.go").replace("PACKAGE", name)
    laid[f"{at}/hg_standins.go"] = standins(package, functions, "\n".join(tests.values()))
    laid["judge/tree/go.mod"] = given.get("go.mod", "module judged\n\ngo 1.21\n")
    return laid


def _place(given: dict[str, str], folder: str) -> str:
    module = re.search(r"^module\s+(\S+)", given.get("go.mod", ""), re.MULTILINE)
    return posixpath.join(module[1] if module else "judged", folder)


def _counting(host: str, outside: str, tests: list[str], *, is_first: bool) -> str:
    """What counts the tests of a package; `outside`: how one beside the code's imports it."""
    to = "hg." if outside else ""
    lines = [f"package {host}", "", 'import "testing"']
    lines += [f'import hg "{outside}"'] if outside else []
    lines += [f'func {it}(t *testing.T) {{ {to}HGRun(t, "{it}", hg{it}) }}' for it in tests]
    if is_first:
        lines.append(
            f'func TestMain(m *testing.M) {{ {to}HGBegin(); m.Run(); {to}HGReport("", "") }}'
        )
    return "\n".join(lines) + "\n"


def standins(package: shapes.Package, functions: list[shapes.Function], tests: str) -> str:
    """The package as the tests see it: types, errors and constants, and functions that ask."""
    words = set(re.findall(r"\w+", tests))
    kinds = [kind for it in functions for _, kind in it.params]
    kinds += [kind for it in functions for kind in it.results]
    kinds += [it.receiver[1] for it in functions if it.receiver]
    kinds += [it for it in package.types if it in words]
    lines = [f"package {package.name or 'main'}"]
    errors = {it: text for it, text in package.errors.items() if it in words}
    if errors:
        lines.append('import "errors"')
        lines += [f"var {it} = errors.New({text})" for it, text in errors.items()]
        lines.append(f"func init() {{ hgSentinels = []error{{{', '.join(errors)}}} }}")
    if "NaN" not in words:
        lines.append("func init() { hgTakesNaN = false }")
    lines += [f"type {package.types[it]}" for it in sorted(shapes.mentioned(kinds, package))]
    lines += [it for it in package.constants if words & set(re.findall(r"\w+", it))]
    lines += [_standin(it) for it in functions]
    return "\n\n".join(lines) + "\n"


def _standin(it: shapes.Function) -> str:
    args = [f"&{name}" for name, _ in it.params]
    receiver = ""
    if it.receiver:
        receiver = f"({it.receiver[0]} {it.receiver[1]}) "
        args.insert(0, f"&{it.receiver[0]}")
    params = ", ".join(f"{name} {kind}" for name, kind in it.params)
    results = ", ".join(f"hgr{at} {kind}" for at, kind in enumerate(it.results))
    boxes = ", ".join(f"&hgr{at}" for at in range(len(it.results)))
    return (
        f"func {receiver}{it.name}({params}) ({results}) {{\n"
        f'\tHGCall("{_key(it)}", []any{{{", ".join(args)}}}, []any{{{boxes}}})\n\treturn\n}}'
    )
