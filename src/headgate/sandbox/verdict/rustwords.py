"""Writes the pieces of Rust that stand-ins are made of: signatures, closures, loans.

Rule 1: each piece is text of types and names; no value of a test or of the code is in it.
"""

# ruff: noqa: E501 (Rust, line for line)

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from headgate.sandbox.verdict import rustcode
from headgate.sandbox.verdict.rustbounds import Callback, item, whole
from headgate.sandbox.verdict.rustcode import Function, Type, stem
from headgate.sandbox.verdict.rustkinds import Kinds, Way, forever, owned
from headgate.sandbox.verdict.shapes import closing, split


def joined(bounds: str) -> str:
    return f"{bounds} + " if bounds else ""


def named(it: Type, *, forever_too: bool = False) -> str:
    names = [g.name for g in it.generics]
    lifetimes = lifetimes_of(it)
    if lifetimes:
        names = ["'static" if forever_too else one for one in lifetimes] + names
    return f"{it.name}<{', '.join(names)}>" if names else it.name


def lifetimes_of(it: Type) -> list[str]:
    head = re.match(r"[^{(;]*", it.text)
    named = re.findall(r"'\w+", head[0] if head else "")
    return list(dict.fromkeys(named))


def params(it: Type, need: str, *, forever_too: bool = False) -> str:
    """Type parameters with what rebuilding asks of them."""
    fields = " ".join(it.fields)
    found = [] if forever_too else lifetimes_of(it)
    for g in it.generics:
        more = (
            " + Eq + std::hash::Hash"
            if re.search(rf"Hash(Map|Set)<\s*{g.name}\b", fields)
            else ""
        )
        more += (
            " + Ord"
            if re.search(rf"(BTree(Map|Set)|BinaryHeap)<\s*(Reverse<)?{g.name}\b", fields)
            else ""
        )
        found.append(
            g.asked(f"hg_wire::{need}{more}" + (" + 'static" if need == "Take" else ""))
        )
    return ", ".join(found)


def signature(it: Function, params: Iterable[str] | None = None, owner: str = "") -> str:
    takes = {"": [], "self": ["self"], "&": ["&self"], "&mut": ["&mut self"]}[it.takes]
    every = " ".join([*(kind for _, kind in it.params), it.result])
    own = set(re.findall(r"'\w+", owner))
    lifetimes = [x for x in rustcode.lifetimes(every).split(", ") if x and x not in own]
    kinds = [g.written for g in it.generics] if params is None else list(params)
    head = ", ".join([*lifetimes, *kinds])
    args = ", ".join([*takes, *(f"{name}: {kind}" for name, kind in it.params)])
    result = f" -> {it.result}" if it.result != "()" else ""
    return f"{it.name}{f'<{head}>' if head else ''}({args}){result}"


def boxed(it: Callback) -> str:
    return f"Box<dyn Fn({', '.join(it.args)}) -> {it.result} + Send + Sync>"


def closure(args: tuple[str, ...], result: str) -> str:
    """What the code is given of a function of the tests: its types written out."""
    named = ", ".join(f"hga{at}: {kind}" for at, kind in enumerate(args))
    puts = " ".join(f"Put::hg_put(&hga{at}, &mut body);" for at in range(len(args)))
    return (
        f"move |{named}| -> {result} {{ let mut body = Vec::new(); hg_n.hg_put(&mut body); {puts} "
        "let answer = hg_serve::back(&body); let mut from = &answer[..]; "
        f"hg_serve::came::<{forever(result)}>(&mut from) }}"
    )


def unmade(name: str, way: Way) -> tuple[str, str, str]:
    if way.of == "Read":
        taken = f"let mut {name} = std::io::Cursor::new(<Vec<u8> as Take>::take(from)?);"
        return taken, f"{way.lends}{name}", ""
    if way.of == "Write":
        return (
            f"let mut {name} = Vec::<u8>::new();",
            f"{way.lends}{name}",
            f"Put::hg_put(&{name}, out);",
        )
    if way.of == "Text":
        return (
            f"let mut {name} = String::new();",
            f"{way.lends}{name}",
            f"Put::hg_put(&{name}, out);",
        )
    kind = "String" if way.of in ("AsRef", "Display") else owned(way.of)
    taken = f"let {name} = <{kind} as Take>::take(from)?;"
    return taken, f"{way.lends}{name}{'.into_iter()' if way.of.startswith('Vec<') else ''}", ""


_BORROWING = re.compile(r"\bdyn\b[^,]*\+\s*'(?!static\b)")


class Into(NamedTuple):
    """The lines of a stand-in, by when they run."""

    before: list[str]
    puts: list[str]
    after: list[str]
    drops: list[str]


def passed(kinds: Kinds, name: str, kind: str, way: Way, into: Into) -> None:
    """How a stand-in hands a parameter over."""
    before, puts, after, drops = into
    if way.callback:
        it = way.callback
        before.append(f"let hg_l{name} = hg_lend::{lend(it)}{loan(name, it)});")
        before.append("" if it.stays else f"hg_b.push(hg_lend::Back(hg_l{name}));")
        puts.append(f"hg_l{name}.hg_put(&mut body);")
    elif way.how == "trait":
        is_shared = any(it in kinds.code.traits[way.of].supers for it in ("Send", "Sync"))
        before.append(
            f"let hg_l{name} = hg_lend::lend({str(is_shared).lower()}, {object(kinds, name, way)});"
        )
        before.append("" if way.stays else f"hg_b.push(hg_lend::Back(hg_l{name}));")
        puts.append(f"hg_l{name}.hg_put(&mut body);")
    elif way.how == "made":
        make(name, way, before, puts, after)
    else:
        put = f"Put::hg_put(&{name}, &mut body);"
        puts.append(
            f"hg_lend::for_now(|| {put.rstrip(';')});" if _BORROWING.search(kind) else put
        )
        if way.lends == "&mut " and not kinds.is_held(stem(kind)):
            taken = f"taken::<{owned(kind)}>(&mut from)"
            is_slice = re.match(r"&\s*(?:'\w+\s+)?mut\s*\[[^;]*\]$", kind)
            after.append(f"for (own, now) in {name}.iter_mut().zip({taken}) {{ *own = now; }}"
                         if is_slice else f"*{name} = {taken};")  # fmt: skip
        if not way.lends and (
            "dyn " in kind or any(kinds.is_held(it) for it in re.findall(r"\w+", kind))
        ):
            drops.append(f"std::mem::forget({name});")


def lend(it: Callback) -> str:
    if it.kind == "Fn" and it.is_at_once:
        return "lend_to_all("
    return f"lend({str(it.is_shared).lower()}, "


def make(name: str, way: Way, before: list[str], puts: list[str], after: list[str]) -> None:
    if way.of == "Read":
        before.append(f"let mut hg_r = Vec::new(); {{ use std::io::Read; let mut hg_in = {name}; "
                      "hg_in.read_to_end(&mut hg_r).unwrap(); }")  # fmt: skip
        puts.append("hg_r.hg_put(&mut body);")
    elif way.of == "Write":
        after.append(f"{{ use std::io::Write; let mut hg_out = {name}; let _ = "
                     "hg_out.write_all(&taken::<Vec<u8>>(&mut from)); }")  # fmt: skip
    elif way.of == "Text":
        after.append(f"{{ use std::fmt::Write; let mut hg_out = {name}; let _ = "
                     "hg_out.write_str(&taken::<String>(&mut from)); }")  # fmt: skip
    elif way.of == "Display":
        puts.append(f"Put::hg_put(&{name}.to_string(), &mut body);")
    elif way.of == "AsRef":
        puts.append(f"Put::hg_put(&{name}.as_ref().to_string(), &mut body);")
    elif way.of.startswith("Vec<"):
        puts.append(f"{name}.into_iter().collect::<Vec<_>>().hg_put(&mut body);")
    else:
        puts.append(f"{{ let hg_m: {way.of} = {name}.into(); hg_m.hg_put(&mut body); }}")


def loan(name: str, it: Callback) -> str:
    takes, args = taken_args(it.args)
    back = " ".join(f"Put::hg_put(&hga{at}, out);" for at, kind in enumerate(it.args)
                    if re.match(r"&\s*mut", kind))  # fmt: skip
    called = f"{name}({args})"
    hold = f"let {'' if it.kind == 'Fn' and it.is_at_once else 'mut '}{name} = {name};"
    if it.kind == "FnOnce":
        hold = f"let mut {name} = Some({name});"
        called = f"({name}.take()?)({args})"
    return (
        f"Box::new({{ {hold} move |from: &mut &[u8], out: &mut Vec<u8>| -> Option<()> {{ {takes} "
        f"let it = std::mem::ManuallyDrop::new({called}); Put::hg_put(&*it, out); {back} Some(()) }} }})"
    )


def taken_args(kinds: Iterable[str]) -> tuple[str, str]:
    takes, args = [], []
    for at, kind in enumerate(kinds):
        takes.append(f"let mut hga{at} = <{owned(kind)} as Take>::take(from)?;")
        lends = re.match(r"&\s*(?:'\w+\s+)?(mut\s)?", kind)
        args.append(("" if lends is None else "&mut " if lends[1] else "&") + f"hga{at}")
    return " ".join(takes), ", ".join(args)


def object(kinds: Kinds, name: str, way: Way) -> str:
    arms = []
    for it in kinds.code.traits[way.of].functions:
        takes, args = taken_args(kind for _, kind in it.params)
        back = " ".join(f"Put::hg_put(&hga{at}, out);" for at, (_, kind) in enumerate(it.params)
                        if re.match(r"&\s*(?:'\w+\s+)?mut", kind))  # fmt: skip
        arms.append(f'"{it.name}" => {{ {takes} let it = std::mem::ManuallyDrop::new({name}.{it.name}({args})); '
                    f"Put::hg_put(&*it, out); {back} }}")  # fmt: skip
    return (
        f"Box::new({{ let mut {name} = {name}; move |from: &mut &[u8], out: &mut Vec<u8>| "
        "-> Option<()> { let hg_m = String::take(from)?; match &hg_m[..] { "
        f"{' '.join(arms)} _ => return None }} Some(()) }} }})"
    )


def answered(result: str, after: list[str]) -> str:
    back = " ".join(after)
    if re.fullmatch(r"&\s*('\w+\s*)?(mut\s+)?Self", result):
        return f"{back} self"
    if re.fullmatch(r"[\w:]*(Option|Result)\s*<\s*&\s*(?:'\w+\s+)?mut\s+Self\b.*>", result):
        plain = re.sub(r"&\s*(?:'\w+\s+)?mut\s+Self\b", "()", result)
        return f"let it = taken::<{forever(plain)}>(&mut from); {back} it.map(|_| self)"
    if result.startswith(("impl ", "Box<dyn Iterator")):
        kind = whole(result) if result.startswith("impl ") else result
        given = item(kind.removeprefix("Box<dyn ").rpartition(">")[0])
        if given:
            made = "it" if result.startswith("impl ") else "Box::new(it)"
            return (
                f"let it = taken::<hg_lend::Iter<{forever(given)}>>(&mut from); {back} {made}"
            )
        ending = ".into_iter()" if kind.startswith("Vec<") else ""
        return f"let it = taken::<{forever(kind)}>(&mut from); {back} it{ending}"
    return f"let it = taken::<{forever(result)}>(&mut from); {back} it"


def kept(it: Type) -> str:
    params = ", ".join(g.asked("'static") for g in it.generics)
    bare = named(it, forever_too=True)
    return (
        f"impl<{params}> hg_wire::Put for {bare} {{ fn hg_put(&self, out: &mut Vec<u8>) "
        "{ hg_serve::keep(self, out); } "
        "fn hg_put_rc(it: &std::rc::Rc<Self>, out: &mut Vec<u8>) { hg_serve::keep_rc(it, out); } "
        "fn hg_put_arc(it: &std::sync::Arc<Self>, out: &mut Vec<u8>) { hg_serve::keep_arc(it, out); } }\n"
        f"impl<{params}> hg_wire::Take for {bare} {{ fn take(from: &mut &[u8]) -> Option<Self> "
        "{ hg_serve::held::<Self>(from).map(|it| unsafe { std::ptr::read(it) }) } "
        "fn take_rc(from: &mut &[u8]) -> Option<std::rc::Rc<Self>> { hg_serve::held_rc(from) } "
        "fn take_arc(from: &mut &[u8]) -> Option<std::sync::Arc<Self>> { hg_serve::held_arc(from) } }"
    )


def handle(it: Type) -> str:
    params = ", ".join([*lifetimes_of(it), *(g.written for g in it.generics)])
    bare, kinds = (
        named(it),
        "".join(
            [
                *(f"&{life} ()," for life in lifetimes_of(it)),
                *(f"{g.as_type}," for g in it.generics),
            ]
        ),
    )
    unsafe = (f"unsafe impl<{params}> Send for {bare} {{}}\nunsafe impl<{params}> Sync for "
              f"{bare} {{}}\n")  # fmt: skip
    drop = (
        f"impl<{params}> Drop for {bare} {{ fn drop(&mut self) {{ use hg_wire::Put; "
        'let mut body = hg_judge::named("hg_drop"); self.hg.hg_put(&mut body); '
        "let _ = std::panic::catch_unwind(|| hg_judge::call(body)); } }\n"
    )
    return (
        f"pub struct {it.name}<{params}> {{ hg: u64, hg_with: hg_lend::With, "
        f"hg_of: std::marker::PhantomData<({kinds})> }}\n{unsafe}{drop}"
        f"impl<{params}> hg_wire::Put for {bare} {{ fn hg_put(&self, out: &mut Vec<u8>) "
        "{ hg_judge::settle(self.hg); self.hg.hg_put(out); } }\n"
        f"impl<{params}> hg_wire::Take for {bare} {{ fn take(from: &mut &[u8]) -> Option<Self> "
        "{ Some(Self { hg: u64::take(from)?, hg_with: hg_lend::with(), hg_of: std::marker::PhantomData }) } }"
    )


def imports(uses: list[str]) -> list[str]:
    """Each name once: several modules may have asked for the same."""
    found: dict[str, str] = {}
    for it in uses:
        for path in _paths(it.removeprefix("use ").rstrip("; ")):
            whole = path.removesuffix("::self")
            name = whole if whole.endswith("*") else re.split(r"::|\bas ", whole)[-1].strip()
            found.setdefault(whole if name == "_" else name, f"use {whole};")
    return list(found.values())


def _paths(text: str) -> list[str]:
    opened = text.find("{")
    if opened < 0:
        return [text.strip()]
    before, inner = text[:opened].strip(), text[opened + 1 : closing(text, opened)]
    return [f"{before}{path}" for it in split(inner) for path in _paths(it)]
