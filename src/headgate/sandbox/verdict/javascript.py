"""Plans the judging of JavaScript and TypeScript: two processes of Node.js joined by a socket.

Rule 1: a test's import of the code is led to a stand-in; any other import is left alone.
Rule 2: types are taken off before; they are not checked, as little as when the code is run.
Rule 3: of vitest and jest the common words are read; a test with others is refused by them, as
the runners themselves would run the code beside the tests.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from headgate.sandbox import source
from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import bundle, programs
from headgate.sandbox.verdict.model import Task

SHARED = ("bodies.cjs", "builtins.cjs", "values.cjs", "globals.cjs")
JUDGE = (
    *SHARED,
    "lending.cjs",
    "deciding.cjs",
    "awaited.cjs",
    "proxies.cjs",
    "mocks.cjs",
    "expected.cjs",
    "suite.cjs",
    "judge.cjs",
)
CODE = (*SHARED, "borrowed.cjs", "candidate.cjs")
SUITES = {"vitest": "__hg_suite", "@jest/globals": "__hg_suite", "node:test": "__hg_node"}
"""what counts the tests, instead of the runner's own module"""
_EACH = ("beforeEach", "afterEach", "beforeAll", "afterAll")
WORDS = frozenset(("describe", "it", "test", "suite", "expect", "vi", "jest", *_EACH))
CHAINS = ("skip", "todo", "only", "each", "concurrent", "sequential", "skipIf", "runIf")
_SUITE = r"""['"](vitest|@jest/globals)['"]"""
_NAMED = re.compile(r"import\s*(?:type\s*)?\{([^}]*)\}\s*from\s*" + _SUITE)
_CHAINED = re.compile(r"\b(describe|suite|it|test)\.(\w+)")
_EXPECTED = re.compile(
    r"\.(toHave\w*Resolved\w*|toMatch\w*Snapshot|toThrowErrorMatching\w+)\s*\("
    r"|\b(expect\.(?!any\b|anything\b|(?:not\.)?(?:object|array|string)Containing\b"
    r"|stringMatching\b|closeTo\b|assertions\b|hasAssertions\b)\w+)"
)
_SPIED = re.compile(
    r"\b((?:jest|vi)\.(?!fn\b|spyOn\b|isMockFunction\b|mocked\b|use(?:Fake|Real)Timers\b"
    r"|setSystemTime\b|advanceTimersByTime(?:Async)?\b|run(?:All|OnlyPending)Timers(?:Async)?\b"
    r"|(?:clear|reset|restore)AllMocks\b|(?:stub|unstubAll)(?:Global|Env)s?\b)\w+)\s*\("
)
_SAID = re.compile(
    r"(`(?:\\.|[^`\\])*`)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
"""texts and remarks: a word of them names no class"""
TYPED = re.compile(r"\.(m|c)?tsx?$")

_FROM = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"\n]+)\2""")
_IMPORT = re.compile(
    r"""^[ \t]*import\s+(?:([\w$]+)\s*,?\s*)?(?:\*\s+as\s+([\w$]+)\s+|\{([^}]*)\}\s*)?"""
    r"""from\s*(['"][^'"\n]+['"])[ \t]*;?""",
    re.MULTILINE,
)


def plan(task: Task, runtime: Runtime) -> tuple[bundle.Program, dict[str, Any]]:
    """The judge's program and what it is told."""
    given, tests = programs.texts(task.candidate), programs.texts(task.tests)
    if task.style == "runner":
        refuse(tests)
    suffix = ".ts" if task.language == "typescript" else ".js"
    is_source = task.style == "asserts"
    if is_source:
        given = {f"solution{suffix}": "\n".join(given.values())}
        tests = {f"tests{suffix}": "\n".join(tests.values())}
    laid: dict[str, str] = {}
    builds: list[dict[str, Any]] = []
    made = {path: _made(path, text) for path, text in given.items()}
    for path, text in given.items():
        _lay(runtime, laid, builds, ("code", path, made[path], text))
    files = []
    # what the tests bring is theirs, also where the code has a file of that name
    known = {path: it for path, it in made.items() if _stem(path) not in set(map(_stem, tests))}
    own = {} if is_source else {path: _made(path, text) for path, text in tests.items()}
    for path, text in tests.items():
        if not re.search(r"\.[mc]?[jt]sx?$", path):
            laid[f"judge/tree/{path}"] = text
            continue
        target = "tests.cjs" if is_source else _made(path, text)
        led = _required(text) if is_source else _led(path, text, known, own)
        _lay(runtime, laid, builds, ("judge", path, target, led))
        files += [target] if is_source or _is_test(path) else []
    told = {
        "style": task.style,
        "candidate": [it for it in made.values() if re.search(r"\.[mc]?jsx?$", it)],
        "modules": [it for it in made.values() if it.endswith(".mjs")],
        "main": next(iter(made.values()), ""),
        "files": files,
        "names": _meant("\n".join(tests.values())),
        "entry": task.entry,
        "support": task.support,
    }
    laid["judge/told.json"] = json.dumps(told)
    laid |= {f"judge/{name}": bundle.source(name) for name in JUDGE}
    laid |= {f"code/.judged/{name}": bundle.source(name) for name in CODE}
    heap = f"--max-old-space-size={max(64, task.limits.memory_mb // 2)}"
    return programs.program(), {
        "files": laid,
        "patience_s": programs.patience_s(task),
        "builds": [builds] if builds else [],
        "judge": programs.side("judge", (runtime.program, heap, "judge.cjs"), "judge"),
        "candidate": programs.side(
            "code", (runtime.program, heap, ".judged/candidate.cjs"), "code"
        ),
    }


def refuse(tests: Mapping[str, str]) -> None:
    """Tests in words of vitest or jest that are not read here: they say nothing of the code."""
    for path, text in tests.items():
        word = next(_unknown(text), "") if re.search(r"\.[mc]?[jt]sx?$", path) else ""
        if word:
            known = "common words of vitest and jest are judged: describe, it, expect(…).toBe …"
            raise Refused(f"{path} uses {word}, which is not judged from apart", known)


def _unknown(text: str) -> Iterator[str]:
    for names, suite in _NAMED.findall(text):
        for name in re.findall(r"(?:^|,)\s*(?:type\s+)?(\w+)", names):
            if name not in WORDS and not name[0].isupper():
                yield f"{name} of {suite}"
    if re.search(_SUITE, text) is None and "node:test" in text:
        return
    chained = {f"{group}.{word}" for group, word in _CHAINED.findall(text)}
    known = {f"{group}.{word}" for group in ("it", "test") for word in CHAINS}
    if re.search(r"\bexpect\s*\(", text):
        yield from sorted(chained - known - {"describe.skip", "describe.each", "describe.only"})
        yield from (one or other for one, other in _EXPECTED.findall(text))
    yield from _SPIED.findall(text)


def _stem(path: str) -> str:
    return re.sub(r"\.[mc]?[jt]sx?$", "", path)


def _meant(tests: str) -> list[str]:
    """Names that a test may mean a class of the code by: what it declares itself is none."""
    tests = _SAID.sub(lambda it: " ".join(re.findall(r"\$\{([^}]*)\}", it[1] or "")), tests)
    own = re.findall(r"\b(?:const|let|var|class|function\*?)\s+([A-Za-z_$][\w$]*)", tests)
    return sorted(set(re.findall(r"\b_*[A-Z][\w$]*", tests)) - set(own))


def _is_test(path: str) -> bool:
    name = posixpath.basename(path)
    return bool(re.search(r"(^|[._-])(test|spec)s?[._-]|^tests?\.", name)) or "test" in path


def _made(path: str, text: str) -> str:
    """The name that Node.js knows the file by: a module or a script, by how it is written."""
    stem = re.sub(r"\.[mc]?[jt]sx?$", "", path)
    if stem == path:
        return path
    if re.search(r"\.m[jt]s$", path) or (
        not re.search(r"\.c[jt]s$", path) and source.is_module(text)
    ):
        return f"{stem}.mjs"
    return f"{stem}.cjs"


def _lay(
    runtime: Runtime,
    laid: dict[str, str],
    builds: list[dict[str, Any]],
    it: tuple[str, str, str, str],
) -> None:
    side, path, target, text = it
    folder = "code" if side == "code" else "judge/tree"
    if target.endswith(".mjs") and side == "code":
        text += "\nexport const __hg_look = (__hg_text) => eval(__hg_text);\n"
    tool = dict(runtime.env).get("HEADGATE_TRANSPILER", "")
    if not TYPED.search(path) or not tool:
        laid[f"{folder}/{target}"] = text
        return
    laid[f"{folder}/{path}"] = text
    # tests given as source run inside of a function that waits: what they await stays as it is
    is_body = path == "tests.ts" and not re.search(
        r"^\s*(?:import|export)\b", text, re.MULTILINE
    )
    builds.append(programs.side(side, _strip(tool, path, target, is_body=is_body), folder))


def _strip(tool: str, path: str, target: str, *, is_body: bool) -> tuple[str, ...]:
    module = target.endswith(".mjs")
    if tool.endswith("esbuild"):
        form = () if is_body else (f"--format={'esm' if module else 'cjs'}",)
        return (
            tool, *form, "--target=node18",
            "--log-level=warning", "--color=false", f"--outfile={target}", path,
        )  # fmt: skip
    shell = (
        '"$0" --noCheck --target es2022 --module "$1" --pretty false "$2"; '
        'mv "${2%.ts}.js" "$3"'
    )
    kind = "preserve" if module else "commonjs"
    return ("/bin/sh", "-c", shell, tool, kind, path, target)


def _led(path: str, text: str, made: Mapping[str, str], own: Mapping[str, str]) -> str:
    """A test whose imports of the code name the stand-ins; what the tests have comes first."""
    folder = posixpath.dirname(path)
    kind = "mjs" if source.is_module(text) or path.endswith((".mjs", ".mts")) else "cjs"
    stems = {_stem(name): f"{target}.{kind}" for name, target in made.items()}
    ours = {_stem(name): target for name, target in own.items()}

    def lead(match: re.Match[str]) -> str:
        name = match[3]
        target = SUITES.get(name)
        if name.startswith("."):
            place = posixpath.normpath(posixpath.join(folder, name))
            asked = (place, _stem(place), f"{place}/index")
            found = [
                stems_of[it] for stems_of in (ours, stems) for it in asked if it in stems_of
            ]
            target = found[0] if found else None
        elif target:
            target += f".{kind}"
        if target is None:
            return match[0]
        new = posixpath.relpath(target, folder or ".")
        new = new if new.startswith(".") else f"./{new}"
        return f"{match[1]}{match[2]}{new}{match[2]}"

    return _FROM.sub(lead, text)


def _required(text: str) -> str:
    """Tests given as source run inside a function: what they import is required instead."""

    def require(match: re.Match[str]) -> str:
        default, whole, names, where = match.groups()
        lines = []
        if default:
            lines.append(f"const {default} = __hg_default(require({where}));")
        if whole:
            lines.append(f"const {whole} = require({where});")
        if names:
            lines.append(f"const {{{names.replace(' as ', ': ')}}} = require({where});")
        return " ".join(lines)

    return _IMPORT.sub(require, text)
