"""Plans the judging of Rust: tests with stand-ins for the code's functions, called by value.

Rule 1: what the code is made of is in another program than the tests; neither sees the other's
files, and nothing that the code brings (tests, build scripts, macros of its own) is run for it.
Rule 2: what cannot be called by value is refused in words, not judged in a weaker way.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any, NamedTuple

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import bundle, programs, shapes
from headgate.sandbox.verdict.model import Task

FLAGS = ("--edition=2021", "-Awarnings", "--color=never", "-Copt-level=1", "-Cdebuginfo=0",
         "-Coverflow-checks=on", "-Cdebug-assertions=on", "-Ccodegen-units=2")  # fmt: skip
NAMED = frozenset(
    [
        "bool",
        "char",
        "str",
        "String",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "f32",
        "f64",
        "Vec",
        "Option",
        "Result",
        "Box",
        "HashMap",
        "HashSet",
        "BTreeMap",
        "BTreeSet",
        "VecDeque",
        "std",
        "collections",
        "string",
        "vec",
        "option",
        "result",
        "boxed",
        "mut",
        "static",
    ]
)
_FUNCTION = re.compile(
    r"^(?:pub(?:\([^)]*\))?\s+)?(?:const\s+)?fn\s+(\w+)\s*(<[^(]*>)?\s*\(", re.MULTILINE
)
_TEST = re.compile(
    r"#\[test\]((?:\s*#\[[^\]]*\])*)\s*(?:pub\s+)?fn\s+(\w+)\s*\(\s*\)", re.MULTILINE
)
_BLANK = re.compile(
    r"""r(#*)".*?"\1|"(?:\\.|[^"\\])*"|'(?:\\[^']+|[^'\\\n])'|//[^\n]*|/\*.*?\*/""", re.DOTALL
)


class Function(NamedTuple):
    name: str
    params: tuple[tuple[str, str], ...]
    result: str
    lifetimes: str


def plan(task: Task, runtime: Runtime) -> tuple[bytes, dict[str, Any]]:
    """The judge's program and what it is told."""
    given, tests = programs.texts(task.candidate), programs.texts(task.tests)
    refuse(given)
    root = next(
        (
            it
            for it in ("src/lib.rs", "src/main.rs", *given)
            if it in given and it[-3:] == ".rs"
        ),
        "",
    )
    if not root:
        raise Refused("no Rust among the files", "give one file that ends in .rs")
    text = "\n".join(it for path, it in tests.items() if path.endswith(".rs"))
    functions = wanted(given[root], text)
    laid = {f"code/tree/{path}": it for path, it in given.items()}
    laid[f"code/tree/{root}"] = _served(given[root], functions)
    laid["judge/tree/judge.rs"] = _judged(functions, text, _crate(given))
    compiler = (runtime.program, *FLAGS, "-o")
    quick = (runtime.program, *(it for it in FLAGS if "opt-level" not in it), "-o")
    return programs.program(), {
        "files": laid,
        "builds": [
            [
                programs.side("code", (*compiler, "../made", root), "code/tree"),
                programs.side("judge", (*quick, "../made", "judge.rs"), "judge/tree"),
            ]
        ],
        "judge": programs.side("judge", ("./made",), "judge"),
        "candidate": programs.side("code", ("./made",), "code"),
    }


def refuse(given: dict[str, str]) -> None:
    """Files that would do something while they are built."""
    for path, text in given.items():
        name = posixpath.basename(path)
        if name == "build.rs" or ".cargo" in path.split("/"):
            raise Refused(f"{path} would steer the build", "leave it out")
        if name == "Cargo.toml" and re.search(
            r"proc-macro\s*=\s*true|^\[(build-)?dependencies\]\s*\n\s*\w", text, re.MULTILINE
        ):
            raise Refused(f"{path} asks for other crates", "use the standard library alone")


def _crate(given: dict[str, str]) -> str:
    match = re.search(r'^name\s*=\s*"([\w-]+)"', given.get("Cargo.toml", ""), re.MULTILINE)
    return match[1].replace("-", "_") if match else ""


def blanked(text: str) -> str:
    """The same text without the inside of strings and comments, place for place."""
    return _BLANK.sub(lambda it: re.sub(r"[^\n]", " ", it[0]), text)


def read(text: str) -> tuple[dict[str, Function], dict[str, str]]:
    """The functions of a file's outermost level, and why others cannot be called by value."""
    plain = blanked(text)
    functions: dict[str, Function] = {}
    closed: dict[str, str] = {}
    for match in _FUNCTION.finditer(plain):
        name, generic = match[1], match[2] or ""
        end = shapes.closing(plain, match.end() - 1)
        rest = plain[end + 1 :]
        result = re.match(r"\s*->\s*([^{;]+?)\s*(?:where\b|\{|;)", rest)
        params = _params(plain[match.end() : end])
        kinds = [kind for _, kind in params] + ([result[1]] if result else [])
        why = next((why for kind in kinds if (why := closed_kind(kind))), "")
        if generic and not re.fullmatch(r"<\s*('\w+\s*,?\s*)+>", generic):
            why = "it has type parameters"
        if why:
            closed[name] = why
        else:
            given = " ".join((result[1] if result else "()").split())
            functions[name] = Function(name, tuple(params), given, generic)
    return functions, closed


def _params(text: str) -> list[tuple[str, str]]:
    found = []
    for at, it in enumerate(shapes.split(text)):
        _, _, kind = it.partition(":")
        found.append((f"hg{at}", " ".join(kind.split())))
    return found


def closed_kind(kind: str) -> str:
    """Why values of a type are no plain data; "" if they are."""
    if "self" in kind or not kind:
        return "it is a method"
    for word in re.findall(r"'?\w+", kind):
        if not word.startswith("'") and word not in NAMED and not word.isdigit():
            return f"{word} is no plain data"
    if "&" in kind[1:] and "&mut" in kind[1:]:
        return "it lends what can be changed inside of a value"
    return ""


def wanted(text: str, tests: str) -> list[Function]:
    functions, closed = read(text)
    words = set(re.findall(r"\w+", blanked(tests)))
    for name, why in closed.items():
        if name in words and name != "main":
            raise Refused(
                f"{name} cannot be judged from apart: {why}", "test it with plain data"
            )
    return [it for name, it in functions.items() if name in words and name != "main"]


def _owned(kind: str) -> str:
    """What is taken out of a frame to stand behind a parameter of this type."""
    kind = re.sub(r"'\w+\s*", "", kind)
    bare = re.sub(r"^&\s*(mut\s+)?", "", kind)
    if bare == "str":
        return "String"
    if bare.startswith("[") and kind.startswith("&") and ";" not in bare:
        return f"Vec<{_inner(bare[1:-1])}>"
    return _inner(bare)


def _inner(kind: str) -> str:
    return re.sub(r"&\s*(str|\[)", r"&'static \1", kind)


def _lends(kind: str) -> str:
    match = re.match(r"&\s*(?:'\w+\s+)?(mut\s)?", kind)
    return "" if match is None else "&mut " if match[1] else "&"


def _served(text: str, functions: list[Function]) -> str:
    text = re.sub(r"^(pub\s+)?fn\s+main\s*\(", "fn hg_their_main(", text, flags=re.MULTILINE)
    arms = []
    for it in functions:
        takes = [f"let mut {name} = <{_owned(kind)}>::take(from)?;" for name, kind in it.params]
        args = ", ".join(f"{_lends(kind)}{name}" for name, kind in it.params)
        puts = [f"Put::put(&{name}, out);" for name, kind in it.params
                if _lends(kind) == "&mut "]  # fmt: skip
        arms.append(
            f'"{it.name}" => {{ {" ".join(takes)} '
            f"{{ let it = crate::{it.name}({args}); Put::put(&it, out); }} {' '.join(puts)} "
            "Some(()) }"
        )
    return (
        f"{text}\n{bundle.source('wire.rs')}\n{bundle.source('serve.rs')}\n"
        "#[allow(unused)]\nfn hg_perform(name: &str, from: &mut &[u8], out: &mut Vec<u8>) "
        "-> Option<()> {\n"
        "use hg_wire::{Put, Take}; use std::collections::*;\nmatch name {\n"
        + ",\n".join([*arms, "_ => None"])
        + "\n}\n}\nfn main() { hg_serve::run(hg_perform); }\n"
    )


def _standin(it: Function) -> str:
    params = ", ".join(f"{name}: {kind}" for name, kind in it.params)
    puts = [f"Put::put(&{name}, &mut body);" for name, _ in it.params]
    after = []
    for name, kind in it.params:
        if _lends(kind) == "&mut ":
            is_slice = re.match(r"&\s*(?:'\w+\s+)?mut\s*\[[^;]*\]$", kind)
            taken = f"taken::<{_owned(kind)}>(&mut from)"
            after.append(
                f"for (own, now) in {name}.iter_mut().zip({taken}) {{ *own = now; }}"
                if is_slice else f"*{name} = {taken};"
            )  # fmt: skip
    return (
        f"#[allow(unused)]\npub fn {it.name}{it.lifetimes}({params}) -> {it.result} {{\n"
        "use hg_wire::{Put, Take}; use hg_judge::{call, named, taken}; "
        "use std::collections::*;\n"
        f'let mut body = named("{it.name}"); {" ".join(puts)}\n'
        f"let answer = call(body); let mut from = &answer[..];\n"
        f"let it = taken::<{_result(it.result)}>(&mut from); {' '.join(after)}\nit\n}}"
    )


def _result(kind: str) -> str:
    return _inner(re.sub(r"'\w+\s*", "", kind))


MACROS = """
macro_rules! assert { ($($t:tt)*) => {{
    crate::hg_judge::seen(); ::std::assert!($($t)*); crate::hg_judge::passed(); }} }
macro_rules! assert_eq { ($($t:tt)*) => {{
    crate::hg_judge::seen(); ::std::assert_eq!($($t)*); crate::hg_judge::passed(); }} }
macro_rules! assert_ne { ($($t:tt)*) => {{
    crate::hg_judge::seen(); ::std::assert_ne!($($t)*); crate::hg_judge::passed(); }} }
"""


def _judged(functions: list[Function], tests: str, crate: str) -> str:
    """The tests, their stand-ins and a main of ours; tests without #[test] are a main."""
    runs = _runs(tests)
    tests = re.sub(r"#\[cfg\(test\)\]", "", tests)
    tests = _TEST.sub(r"pub fn \2()", tests)
    # at the outermost level they would name what stands beside them
    beside = rf"^use\s+(?:super|crate|{crate or 'super'})::[^;]*;"
    tests = re.sub(beside, "", tests, flags=re.MULTILINE)
    tests = re.sub(r"^fn\s+main\s*\(", "fn hg_tests(", tests, flags=re.MULTILINE)
    alias = f"extern crate self as {crate};\n" if crate else ""
    head = "" if runs else MACROS
    runs = runs or ['hg_judge::run("tests", false, None, hg_tests);']
    standins = "\n".join(_standin(it) for it in functions)
    return (
        f"#![allow(unused)]\n{alias}use std::collections::*;\n"
        f"{bundle.source('wire.rs')}\n{bundle.source('judge.rs')}\n"
        f"{standins}\n{head}\n{tests}\n"
        f"fn main() {{ hg_judge::begin(); {' '.join(runs)} hg_judge::report(); }}\n"
    )


def _panics(head: str) -> str:
    """The words that a panic is to hold, as Rust writes an option."""
    if "should_panic" not in head:
        return "None"
    said = re.search(r'expected\s*=\s*("(?:\\.|[^"\\])*")', head)
    return f"Some({said[1]})" if said else 'Some("")'


def _runs(tests: str) -> list[str]:
    plain = blanked(tests)
    modules = [
        (it[1], it.start(), shapes.closing(plain, it.end() - 1))
        for it in re.finditer(r"\bmod\s+(\w+)\s*\{", plain)
    ]
    runs = []
    for match in _TEST.finditer(plain):
        path = [name for name, start, end in modules if start < match.start() < end]
        if "ignore" in match[1]:
            continue
        panics = _panics(tests[match.start() : match.end()])
        name = "::".join([*path, match[2]])
        runs.append(f'hg_judge::run("{name}", true, {panics}, {name});')
    return runs
