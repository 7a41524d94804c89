"""Plans the judging of Rust: tests with stand-ins for the code's functions, called by value.

Rule 1: what the code is made of is in another program than the tests; neither sees the other's
files, and nothing that the code brings (tests, build scripts, macros of its own) is run for it.
Rule 2: what cannot be called by value is refused in words, not judged in a weaker way.
Rule 3: where tests use generic code, they are built first: their compiler names the instances.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import (
    bundle,
    programs,
    rustbounds,
    rustcode,
    rustkinds,
    rustwords,
    shapes,
)
from headgate.sandbox.verdict.model import Task
from headgate.sandbox.verdict.rustcode import Block, Code, Function, Trait, stem
from headgate.sandbox.verdict.rustkinds import Kinds, Way
from headgate.sandbox.verdict.ruststandins import Call, Standins

FLAGS = ("--edition=2021", "-Awarnings", "--color=never", "-Copt-level=0", "-Cdebuginfo=0",
         "-Coverflow-checks=on", "-Cdebug-assertions=on", "-Ccodegen-units=2")  # fmt: skip
OPERATORS = frozenset(
    f"{it}{assign}" for it in ("Add", "Sub", "Mul", "Div", "Rem") for assign in ("", "Assign")
) | {"Neg", "Not"}
ACROSS = OPERATORS | {
    "Default", "FromStr", "From", "TryFrom", "Index", "IndexMut", "Iterator", "Clone", "Extend",
    "FromIterator", "IntoIterator", "Sum", "Product", "Deref", "AsRef", "Borrow",
}  # fmt: skip
"""traits of Rust itself whose methods tests may call; equality and order are not asked for"""
ONLY = {"Iterator": {"next"}, "Clone": {"clone"}, "Display": {"to_string"}}
MOST_DEEP = 8
OFTEN = frozenset([
    "new", "get", "get_mut", "len", "is_empty", "push", "pop", "insert", "remove", "contains",
    "contains_key", "entry", "keys", "values", "iter", "iter_mut", "into_iter", "next", "peek",
    "first", "last", "first_mut", "last_mut", "clear", "take", "map", "filter", "find", "fold",
    "lock", "read", "write", "borrow", "borrow_mut", "as_ref", "as_mut", "as_str", "join",
    "split", "send", "recv", "min", "max", "sort", "extend", "append", "drain", "retain",
    "position", "to_string", "to_vec", "unwrap", "expect", "clone", "name", "values_mut",
    "swap", "and_then",
])  # fmt: skip
"""methods that are Rust's own too: by their name alone it is not known whose is called"""
NO_MORE = (
    "fn hg_perform_more(name: &str, _: &mut &[u8], _: &mut Vec<u8>) -> Option<()> "
    '{ panic!("no {name} for these types") }\n'
)
_TEST = re.compile(
    r"#\[test\]((?:\s*#\[[^\]]*\])*)\s*(?:pub\s+)?fn\s+(\w+)\s*\(\s*\)", re.MULTILINE
)


def plan(task: Task, runtime: Runtime) -> tuple[bundle.Program, dict[str, Any]]:
    """The judge's program and what it is told."""
    given, tests = programs.texts(task.candidate), programs.texts(task.tests)
    refuse(given)
    names = ("src/lib.rs", "src/main.rs", *given)
    root = next((it for it in names if it in given and it[-3:] == ".rs"), "")
    if not root:
        raise Refused("no Rust among the files", "give one file that ends in .rs")
    text = "\n".join(it for path, it in tests.items() if path.endswith(".rs"))
    words = set(re.findall(r"\w+", rustcode.blanked(text)))
    whole = inlined(given, root)
    asked = wanted(whole, words, uncalled(text, words), rustcode.blanked(text))
    more = posixpath.join("code/tree", posixpath.dirname(root), "hg_more.rs")
    laid = {f"code/tree/{path}": it for path, it in given.items()}
    laid[f"code/tree/{root}"] = _served(whole, asked)
    laid[more] = NO_MORE
    laid["judge/tree/judge.rs"] = _judged(asked, text, _crate(given), words)
    compiler = (runtime.program, *FLAGS, "-o")
    code = programs.side("code", (*compiler, "../made", root), "code/tree")
    judge = programs.side("judge", (*compiler, "../made", "judge.rs"), "judge/tree")
    late = _late(asked, more)
    return programs.program(), {
        "files": laid,
        "patience_s": programs.patience_s(task),
        "builds": [[judge], [code]] if late else [[code, judge]],
        "late": late,
        "closed": asked.closed,
        "judge": programs.side("judge", ("./made",), "judge"),
        "candidate": programs.side("code", ("./made",), "code"),
    }


def _late(asked: Standins, more: str) -> dict[str, Any] | None:
    keys = [it.key for it in asked.calls if asked.instances(it)]
    if not keys:
        return None
    known = sorted(rustkinds.NAMED | asked.kinds.data | {"static", "dyn"})
    return {"language": "rust", "binary": "judge/made", "path": more, "keys": keys,
            "known": known}  # fmt: skip


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


def inlined(given: dict[str, str], root: str, folder: str | None = None, depth: int = 0) -> str:
    """A file with the modules that stand in files of their own."""
    text = given[root]
    folder = posixpath.dirname(root) if folder is None else folder
    for it in reversed(list(re.finditer(r"\bmod\s+(\w+)\s*;", rustcode.blanked(text)))):
        below = posixpath.join(folder, it[1])
        path = next((at for at in (f"{below}.rs", f"{below}/mod.rs") if at in given), "")
        if path and depth < MOST_DEEP:
            inner = inlined(given, path, below, depth + 1)
            text = f"{text[: it.start()]}mod {it[1]} {{\n{inner}\n}}{text[it.end() :]}"
    return text


def _crate(given: dict[str, str]) -> str:
    """As tests beside `src` call the code: `solution` where no Cargo.toml names it."""
    match = re.search(r'^name\s*=\s*"([\w-]+)"', given.get("Cargo.toml", ""), re.MULTILINE)
    return match[1].replace("-", "_") if match else "solution"


def uncalled(tests: str, words: set[str]) -> set[str]:
    """Words that are not calls of the code: tests declare them, or call nothing by them."""
    plain = rustcode.blanked(tests)
    called = re.findall(r"(?<![.\w])(\w+)\s*(?:\(|::<)", plain)
    return words - set(called) | set(re.findall(r"\bfn\s+(\w+)", plain))


def wanted(
    text: str, words: set[str], uncalled: set[str] | None = None, tests: str = ""
) -> Standins:
    """The functions, methods and types that the tests meet."""
    code = rustcode.read(text)
    kinds = Kinds(code, tests, rustcode.blanked(text))
    calls: list[Call] = []
    for it in code.twice & words:
        raise Refused(
            f"{it} is declared in several modules", "give each type a name of its own"
        )
    for place, function in code.functions.items():
        if function.name not in words or function.name == "main":
            continue
        ways, why = _ways(function, (), kinds)
        why = why or _unanswered(function, "", kinds)
        if why and function.name in (uncalled or ()):
            continue
        if why:
            raise Refused(
                f"{function.name} cannot be judged from apart: {why}", "test it with plain data"
            )
        calls.append(Call(place.replace("::", "_"), function, "", (), ways))
    closed: dict[str, str] = {}
    for block in code.blocks:
        calls += _of_block(block, kinds, words, calls, closed)
    calls += _of_held(code, kinds)
    _counted(calls, tests)
    for name, why in closed.items():
        if _is_called(name, tests, calls):
            raise Refused(why, "test it with plain data")
    return Standins(
        code, kinds, calls, {it.rpartition("::")[2]: why for it, why in closed.items()}
    )


def _counted(calls: list[Call], tests: str) -> None:
    """What is shared by value is another on the other side: nobody can count it there."""
    asked = re.search(r"\b(?:strong_count|weak_count|ptr_eq|downgrade)\b", tests)
    for it in calls if asked else ():
        for kind in (*(kind for _, kind in it.function.params), it.function.result):
            if asked and re.search(r"\b(?:Rc|Arc)\s*<(?!\s*dyn\b)", it.own(kind)):
                why = f"{kind} crosses as what it points to, and the tests ask for {asked[0]}"
                raise Refused(
                    f"{it.function.name} cannot be judged from apart: {why}",
                    "compare the values",
                )


def _is_called(name: str, tests: str, calls: list[Call]) -> bool:
    """Whether it is this method that tests call: others may have its name."""
    owner, _, method = name.rpartition("::")
    if re.search(rf"\b{owner}\s*(?:::\s*<[^;]*?>\s*)?::\s*{method}\b", tests):
        return True
    others = method in OFTEN or any(it.function.name == method for it in calls)
    others = others or re.search(rf"\bfn\s+{method}\b", tests) is not None
    return not others and re.search(rf"\.{method}\s*\(", tests) is not None


def _of_held(code: Code, kinds: Kinds) -> list[Call]:
    """What is derived for objects that stay with the code is asked of them."""
    found = []
    for it in code.types.values():
        if it.name in kinds.data or it.generics:
            continue
        own = (("Clone", "clone", "&", "Self"), ("Default", "default", "", "Self"))
        for trait, name, takes, result in own:
            if trait in it.derives:
                function = Function(name, (), takes, (), result)
                found.append(
                    Call(f"{it.name}_{name}", function, rustwords.named(it), (), (), trait)
                )
    for it in code.types.values():
        is_enum = it.variants and it.variants[0][0]
        if it.name in kinds.data and is_enum and "Default" in it.derives and not it.generics:
            function = Function("default", (), "", (), "Self")
            found.append(Call(f"{it.name}_default", function, it.name, (), (), "Default"))
    return found


def _of_block(
    block: Block, kinds: Kinds, words: set[str], calls: list[Call], closed: dict[str, str]
) -> list[Call]:
    owner, trait = stem(block.owner), stem(block.trait)
    if owner not in kinds.code.types and not trait:
        return []
    if trait == "Display":
        function = Function("to_string", (), "&", (), "String")
        block = block._replace(trait="std::string::ToString", functions=(function,))
    elif trait and trait not in ACROSS and trait not in kinds.code.traits:
        return []
    if trait == "Clone" and owner in kinds.data:
        return []
    found: list[Call] = []
    own = kinds.code.traits.get(trait)
    for it in (*block.functions, *_inherited(own, block, words)):
        if (not trait and it.name not in words) or it.name not in ONLY.get(trait, {it.name}):
            continue
        ways, why = _ways(it, block.generics, kinds, block)
        why = why or _unanswered(it, block.owner, kinds, block) or _deciding(it, block, kinds)
        if why:
            if not trait:
                name = f"{owner}::{it.name}"
                closed[name] = f"{name} cannot be judged from apart: {why}"
            continue
        key = re.sub(r"\W+", "_", f"{owner}_{it.name}")
        known = {one.key for one in (*calls, *found)}
        key = next(name for at in range(99) if (name := f"{key}{at or ''}") not in known)
        found.append(
            Call(key, it._replace(path=block.path), block.owner, block.generics, ways,
                 block.trait, block.associated,
                 tuple(text for _, text in block.constants) if own else ())
        )  # fmt: skip
    needed = {it.name for it in block.functions}
    is_part = own is not None and not needed <= {it.function.name for it in found}
    return [] if is_part else found


def _inherited(own: Trait | None, block: Block, words: set[str]) -> list[Function]:
    """What a type has of a trait of the code without saying so."""
    if own is None:
        return []
    said = {it.name for it in block.functions}
    names = (own.defaults & words) - said
    return [it for it in own.functions if it.name in names]


def _deciding(it: Function, block: Block, kinds: Kinds) -> str:
    """An operator that is told a plain value of the test must not answer with one."""
    if stem(block.trait) not in OPERATORS or not it.params:
        return ""
    told = stem(it.params[0][1]) in (*kinds.code.types, "Self")
    answer = stem(dict(block.associated).get("Output", "Self"))
    is_own = answer in (*kinds.code.types, "Self") or it.result == "()"
    return "" if told or is_own else "an operator that could answer with what it was told"


def _own(kind: str, block: Block | None) -> str:
    for name, it in block.associated if block else ():
        kind = re.sub(rf"\bSelf::{name}\b", it, kind)
    return re.sub(r"\bSelf\b", block.owner, kind) if block else kind


def _ways(
    it: Function, generics: tuple[Any, ...], kinds: Kinds, block: Block | None = None
) -> tuple[tuple[Way, ...], str]:
    ways = []
    for _, kind in it.params:
        way = kinds.way(_own(kind, block), (*it.generics, *generics))
        if isinstance(way, str):
            return (), way
        ways.append(way)
    return tuple(ways), ""


def _unanswered(it: Function, owner: str, kinds: Kinds, block: Block | None = None) -> str:
    """Why a result cannot cross; "" if it can."""
    result = re.sub(r"&\s*'\w+\s*", "&", it.result)
    if re.fullmatch(r"&\s*(mut\s+)?Self", result):
        return ""
    result = _own(result, block)
    params = frozenset(g.name for g in (*it.generics, *(block.generics if block else ())))
    if re.search(r"&\s*mut\b", result):
        how, inner = rustbounds.changed(result)
        is_inside = it.takes == "&mut" and kinds.is_held(stem(owner))
        is_inside = is_inside and not re.match(r"\[|str\b|dyn\b|Box<dyn", inner)
        can_be = how and (inner == owner or is_inside)
        if not can_be:
            return f"it hands out what can be changed inside of {owner or 'a value'}"
        result = re.sub(r"&\s*mut\b", "", result)
    if "impl " in result:
        if not result.startswith("impl ") or result.count("impl ") > 1:
            return f"{result} is no plain data"
        whole = rustbounds.whole(result)
        if not whole:
            return f"{result} is no plain data"
        result = whole
    return kinds.closed(re.sub(r"\+\s*'\w+", "", result), params)


def _served(text: str, asked: Standins) -> str:
    parts = asked.served()
    for path, end in sorted(asked.code.ends.items(), key=lambda it: -it[1]):
        text = f"{text[:end]}\n{parts.pop(path, '')}\n{text[end:]}"
    text = re.sub(r"^(pub\s+)?fn\s+main\s*\(", "fn hg_their_main(", text, flags=re.MULTILINE)
    text = re.sub(r"#!\[(?:forbid|deny)\([^\]]*\)\]", "", text)
    ours = "\n".join(
        bundle.source(f"{it}.rs") for it in ("wire", "cells", "line", "lend", "serve")
    )
    return f"{text}\n{ours}\nuse hg_wire::{{Put as _, Take as _}};\n{parts['']}"


MACROS = """
macro_rules! assert { ($($t:tt)*) => {{
    crate::hg_judge::seen(); ::std::assert!($($t)*); crate::hg_judge::passed(); }} }
macro_rules! assert_eq { ($($t:tt)*) => {{
    crate::hg_judge::seen(); ::std::assert_eq!($($t)*); crate::hg_judge::passed(); }} }
macro_rules! assert_ne { ($($t:tt)*) => {{
    crate::hg_judge::seen(); ::std::assert_ne!($($t)*); crate::hg_judge::passed(); }} }
"""


def _judged(asked: Standins, tests: str, crate: str, words: set[str]) -> str:
    """The tests, their stand-ins and a main of ours; tests without #[test] are a main."""
    plain = rustcode.blanked(tests)
    runs = _runs(tests)
    tests = re.sub(r"#\[cfg\(test\)\]", "", tests)
    tests = _TEST.sub(r"pub fn \2()", tests)
    # at the outermost level they would name what stands beside them
    modules = "|".join(it for it in asked.code.ends if "::" not in it) or "-"
    beside = rf"^use\s+(?:super|crate|{crate})::(?!(?:{modules})\b)[^;]*;"
    tests = re.sub(beside, "", tests, flags=re.MULTILINE)
    tests = re.sub(r"^fn\s+main\s*\(", "fn hg_tests(", tests, flags=re.MULTILINE)
    head = "" if runs else MACROS
    runs = runs or ['hg_judge::run("tests", false, None, hg_tests);']
    ours = "\n".join(
        bundle.source(f"{it}.rs") for it in ("wire", "cells", "line", "lend", "judge", "order")
    )
    # in a module of their own, what tests declare may be called as something of the code is
    return (
        f"#![allow(unused)]\nextern crate self as {crate};\nuse std::collections::*;\n"
        f"{ours}\nuse hg_wire::{{Put as _, Take as _}};\n{asked.judged(words, plain)}\n{head}\n"
        f"mod hg_beside {{\nuse super::*;\n{tests}\n"
        f"pub fn hg_all() {{ {' '.join(runs)} }}\n}}\n"
        "fn main() { hg_judge::begin(); hg_beside::hg_all(); hg_judge::report(); }\n"
    )


def _panics(head: str) -> str:
    """The words that a panic is to hold, as Rust writes an option."""
    if "should_panic" not in head:
        return "None"
    said = re.search(r'expected\s*=\s*("(?:\\.|[^"\\])*")', head)
    return f"Some({said[1]})" if said else 'Some("")'


def _runs(tests: str) -> list[str]:
    plain = rustcode.blanked(tests)
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
