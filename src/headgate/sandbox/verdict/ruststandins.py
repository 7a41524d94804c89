"""Writes the Rust that stands between tests and code: types, functions, methods, traits.

Rule 1: what a test calls is a stand-in that asks; no line of the code's functions is in it.
Rule 2: equality and order of data are derived here from the data, never asked of the code.
"""

# ruff: noqa: E501 (Rust, line for line)

from __future__ import annotations

import re
from typing import NamedTuple

from headgate.sandbox.verdict import rustcode, rustkinds, rustwords
from headgate.sandbox.verdict.rustcode import Code, Function, Generic, Type, stem
from headgate.sandbox.verdict.rustkinds import Kinds, Way, forever, owned

WIRED = "crate::hg_wire::Put + crate::hg_wire::Take + 'static"
BOTH = "use hg_wire::{Put, Take}; use std::collections::*; use std::time::*;"


SPECIAL = frozenset(["std::string::ToString"])


class Call(NamedTuple):
    """A function or method that tests may call."""

    key: str
    """its name on the wire, also that of what serves it"""
    function: Function
    owner: str
    """"": a function; otherwise the type as it is written"""
    generics: tuple[Generic, ...]
    """of the impl block"""
    ways: tuple[Way, ...]
    trait: str = ""
    associated: tuple[tuple[str, str], ...] = ()

    def own(self, text: str) -> str:
        """A type of its signature, outside of the impl block."""
        for name, kind in self.associated:
            text = re.sub(rf"\bSelf::{name}\b", kind, text)
        return re.sub(r"\bSelf\b", self.owner or "Self", text)


class Standins:
    """What both sides are told of a file."""

    def __init__(self, code: Code, kinds: Kinds, calls: list[Call]) -> None:
        self.code, self.kinds, self.calls = code, kinds, calls

    def instances(self, it: Call) -> list[Generic]:
        return [g for g in (*it.generics, *it.function.generics)
                if rustkinds.is_instance(g, self.kinds)]  # fmt: skip

    def _substituted(self, it: Call, text: str) -> str:
        """A type with the callbacks and traits of an impl block filled in."""
        for g in it.generics:
            if rustkinds.is_instance(g, self.kinds):
                continue
            way = self.kinds.way(g.name, (g,))
            if isinstance(way, str):
                continue
            if way.callback:
                made = rustwords.boxed(way.callback)
            else:
                made = f"HgLent{way.of}" if way.how == "trait" else way.of
            text = re.sub(rf"\b{g.name}\b", made, text)
        return text

    # the code's side

    def served(self) -> str:
        lines = [self._data(it) for it in self._met() if it.name in self.kinds.data]
        lines += [self._kept(it) for it in self._met() if it.name not in self.kinds.data]
        lines += [self._lent(it) for it in self._traits()]
        arms: list[str] = []
        lines += [self._at(it) for it in self.calls]
        arms += [f'"{it.key}" => hg_at_{it.key}(from, out)'
                 for it in self.calls if not self.instances(it)]  # fmt: skip
        for kept in self._met():
            if kept.name not in self.kinds.data and not kept.generics:
                arms.append(f'"drop_{kept.name}" => {{ let at = hg_serve::held::<{kept.name}>(from)?; '
                            "drop(unsafe { Box::from_raw(at) }); Some(()) }")  # fmt: skip
        body = ",\n".join([*arms, "_ => hg_perform_more(name, from, out)"])
        return (
            "\n".join(lines) + '\ninclude!("hg_more.rs");\n'
            "#[allow(unused)]\nfn hg_perform(name: &str, from: &mut &[u8], out: &mut Vec<u8>) "
            f"-> Option<()> {{\nmatch name {{\n{body}\n}}\n}}\n"
            "fn main() { hg_serve::run(hg_perform); }\n"
        )

    def _at(self, it: Call) -> str:
        params = "".join(f"{g.name}: {rustwords.joined(g.bounds)}{WIRED}, "
                         for g in self.instances(it))  # fmt: skip
        owner = self._substituted(it, forever(it.owner)) if it.owner else ""
        lines, args, after = [], [], []
        if it.function.takes:
            lines.append(self._taken_self(it, owner))
            lends = {"&": "&", "&mut": "&mut ", "self": ""}[it.function.takes]
            is_held = self.kinds.is_held(stem(owner))
            args.append("unsafe { " + lends + "*hg_self }" if is_held and lends else
                        "unsafe { std::ptr::read(hg_self) }" if is_held else f"{lends}hg_self")  # fmt: skip
            if lends == "&mut " and not is_held:
                after.append("Put::hg_put(&hg_self, out);")
        for (name, kind), way in zip(it.function.params, it.ways, strict=True):
            taken, arg, put = self._param(it, name, self._substituted(it, it.own(kind)), way)
            lines.append(taken)
            args.append(arg)
            after.append(put)
        called = self._called(it, owner)
        result = it.own(it.function.result)
        if re.fullmatch(r"&\s*('\w+\s*)?(mut\s+)?Self", it.function.result):
            kept = f"let _ = {called}({', '.join(args)});"
        elif "impl " in result or result.startswith("Box<dyn Fn"):
            kept = f"{{ let it = {called}({', '.join(args)}); {self._put_special(it)} }}"
        else:
            kept = (f"{{ let it = std::mem::ManuallyDrop::new({called}({', '.join(args)})); "
                    "Put::hg_put(&*it, out); }")  # fmt: skip
        head = f"#[allow(unused)]\nfn hg_at_{it.key}<{params}>(from: &mut &[u8], out: &mut Vec<u8>)"
        return f"{head} -> Option<()> {{\n{BOTH}\n{' '.join(lines)}\n{kept}\n{' '.join(after)}\nSome(())\n}}"

    def _put_special(self, it: Call) -> str:
        if "Iterator" in it.function.result:
            return "let it: Vec<_> = it.take(65536).collect(); Put::hg_put(&it, out);"
        return "Put::hg_put(&it, out);"

    def _called(self, it: Call, owner: str) -> str:
        if it.trait:
            return f"<{owner} as {it.trait}>::{it.function.name}"
        if it.owner:
            return f"<{owner}>::{it.function.name}"
        return f"crate::{it.function.name}"

    def _taken_self(self, it: Call, owner: str) -> str:
        if self.kinds.is_held(stem(owner)):
            return f"let hg_self = hg_serve::held::<{owner}>(from)?;"
        return f"let mut hg_self = <{owner} as Take>::take(from)?;"

    def _param(self, it: Call, name: str, kind: str, way: Way) -> tuple[str, str, str]:
        """How it is taken, passed on, and told back."""
        if way.callback:
            args = tuple(it.own(kind) for kind in way.callback.args)
            called = rustwords.closure(args, it.own(way.callback.result))
            taken = f"let {name} = {{ let hg_n = u64::take(from)?; {called} }};"
            if way.is_boxed or kind.startswith("Box<dyn"):
                return taken, f"Box::new({name})", ""
            return taken, f"{way.lends}{{ {name} }}" if way.lends else name, ""
        if way.how == "trait":
            taken = f"let mut {name} = HgLent{way.of}(u64::take(from)?);"
            return taken, f"Box::new({name})" if way.is_boxed else f"{way.lends}{name}", ""
        if way.how == "made":
            return rustwords.unmade(name, way)
        if self.kinds.is_held(stem(kind)) and way.lends:
            taken = f"let {name} = hg_serve::held::<{forever(way.of)}>(from)?;"
            return taken, f"unsafe {{ {way.lends}*{name} }}", ""
        put = f"Put::hg_put(&{name}, out);" if way.lends == "&mut " else ""
        return (
            f"let mut {name} = <{owned(kind)} as Take>::take(from)?;",
            f"{way.lends}{name}",
            put,
        )

    def _data(self, it: Type) -> str:
        """How data is written and rebuilt: the same on both sides."""
        params, bare = rustwords.params(it, "Put"), rustwords.named(it)
        taken = rustwords.params(it, "Take", forever_too=True)
        puts, takes = [], []
        for at, (name, _, fields) in enumerate(it.variants):
            path = f"{it.name}::{name}" if name else it.name
            names = [f"hg{n}" for n, _ in enumerate(fields)]
            bound = [f"{field}: {var}" for (field, _), var in zip(fields, names, strict=True)]
            pattern = f"{path} {{ {', '.join(bound)} }}"
            number = f"({at}u32).hg_put(out); " if name else ""
            puts.append(
                f"{pattern} => {{ {number}{' '.join(f'Put::hg_put({var}, out);' for var in names)} }}"
            )
            made = ", ".join(f"{field}: Take::take(from)?" for field, _ in fields)
            takes.append(f"{at} => {path} {{ {made} }}")
        number = "u32::take(from)?" if it.variants and it.variants[0][0] else "0u32"
        put = f"match self {{ {', '.join(puts)} }}" if puts else ""
        return (
            f"impl<{params}> hg_wire::Put for {bare} {{ fn hg_put(&self, out: &mut Vec<u8>) "
            f"{{ use hg_wire::Put; {put} }} }}\n"
            f"impl<{taken}> hg_wire::Take for {rustwords.named(it, forever_too=True)} {{ "
            "fn take(from: &mut &[u8]) -> Option<Self> { use hg_wire::Take; "
            f"Some(match {number} {{ {', '.join(takes)}, _ => return None }}) }} }}"
        )

    def _kept(self, it: Type) -> str:
        params = ", ".join(
            f"{g.name}: {rustwords.joined(g.bounds)}'static" for g in it.generics
        )
        bare = rustwords.named(it)
        return (
            f"impl<{params}> hg_wire::Put for {bare} {{ fn hg_put(&self, out: &mut Vec<u8>) "
            "{ hg_serve::keep(self, out); } }\n"
            f"impl<{params}> hg_wire::Take for {bare} {{ fn take(from: &mut &[u8]) -> Option<Self> "
            "{ hg_serve::held::<Self>(from).map(|it| unsafe { std::ptr::read(it) }) } }"
        )

    def _lent(self, name: str) -> str:
        """What stands for an object of the tests behind a trait of the code."""
        methods = []
        for it in self.code.traits[name].functions:
            puts = " ".join(f"Put::hg_put(&{n}, &mut body);" for n, _ in it.params)
            methods.append(
                f"fn {rustwords.signature(it)} {{ {BOTH} let mut body = Vec::new(); self.0.hg_put(&mut body); "
                f'"{it.name}".hg_put(&mut body); {puts} let answer = hg_serve::back(&body); '
                f"let mut from = &answer[..]; hg_serve::came::<{forever(it.result)}>(&mut from) }}"
            )
        return (
            f"#[derive(Debug, Clone)]\npub struct HgLent{name}(u64);\n"
            f"impl {name} for HgLent{name} {{\n{chr(10).join(methods)}\n}}"
        )

    def _traits(self) -> list[str]:
        found = {way.of for it in self.calls for way in it.ways if way.how == "trait"}
        for it in self.calls:
            for g in it.generics:
                way = self.kinds.way(g.name, (g,))
                if isinstance(way, Way) and way.how == "trait":
                    found.add(way.of)
        return sorted(found)

    def _met(self) -> list[Type]:
        types = self.code.types.values()
        return [it for it in types if not self.kinds.borrows(it.name)]

    # the tests' side

    def judged(self, words: set[str]) -> str:
        own = "|".join(["std", "core", "alloc", *self.code.types])
        lines = [it for it in self.code.uses
                 if re.match(rf"use\s+(?:::|self::|crate::)?(?:{own})\b", it)]  # fmt: skip
        lines += [text for name, text in self.code.constants if name in words or not name]
        lines += [
            f"pub type {name} = {made};"
            for name, made in self.code.aliases.items()
            if not self.kinds.closed(
                made, frozenset(re.findall(r"\w+", name.partition("<")[2]))
            )
        ]
        for kind in self._met():
            is_data = kind.name in self.kinds.data
            lines += [self._copied(kind), self._data(kind)] if is_data else [self._handle(kind)]
        lines += [self._trait(name) for name in self.code.traits]
        blocks: dict[tuple[str, str], list[Call]] = {}
        for it in self.calls:
            if not it.owner:
                lines.append(f"#[allow(unused)]\npub {self._standin(it)}")
            elif it.trait not in SPECIAL:
                blocks.setdefault((it.trait, it.owner + repr(it.generics)), []).append(it)
        lines += [self._block(calls) for calls in blocks.values()]
        lines += [self._special(it) for it in self.calls if it.trait in SPECIAL]
        lines += self._marked()
        kinds = sorted({f"{it.key}<T>" for it in self.calls if self.instances(it)})
        marks = " ".join(f"pub struct {it}(std::marker::PhantomData<T>);" for it in kinds)
        lines.append(f"#[allow(non_camel_case_types)]\npub mod hg_inst {{ {marks} }}")
        return "\n".join(lines)

    def _copied(self, it: Type) -> str:
        impls = {stem(i.trait) for i in self.code.blocks if stem(i.owner) == it.name}
        derived = {name for name in rustkinds.DERIVED if name in it.derives}
        derived |= impls & {"Debug", "Clone", "PartialEq", "Eq", "Hash"}
        derived -= (
            {"Default"} if it.text.split("{")[0].split("(")[0].find("enum") >= 0 else set()
        )
        derived -= {"Default"} if "Default" in impls else set()
        if "Hash" in derived or "Eq" in derived:
            derived |= {"PartialEq"}
        for strong, weak in (("Ord", "Eq"), ("Ord", "PartialOrd"), ("PartialOrd", "PartialEq")):
            if strong in derived and weak not in derived:
                derived -= {strong}
        text = it.text if it.text.startswith("pub") else f"pub {it.text}"
        return f"#[derive({', '.join(sorted(derived))})]\n{text}"

    def _handle(self, it: Type) -> str:
        params = ", ".join(g.written for g in it.generics)
        bare, kinds = rustwords.named(it), ", ".join(g.name for g in it.generics)
        mark = f"hg_of: std::marker::PhantomData<({kinds}{',' if kinds else ''})>"
        made = "hg: u64::take(from)?, hg_of: std::marker::PhantomData"
        unsafe = (f"unsafe impl<{params}> Send for {bare} {{}}\nunsafe impl<{params}> Sync for "
                  f"{bare} {{}}\n")  # fmt: skip
        drop = "" if it.generics else (
            f"impl Drop for {bare} {{ fn drop(&mut self) {{ use hg_wire::Put; "
            f'let mut body = hg_judge::named("drop_{it.name}"); self.hg.hg_put(&mut body); '
            "let _ = std::panic::catch_unwind(|| hg_judge::call(body)); } }\n"
        )  # fmt: skip
        return (
            f"pub struct {it.name}<{params}> {{ hg: u64, {mark} }}\n{unsafe}{drop}"
            f"impl<{params}> hg_wire::Put for {bare} {{ fn hg_put(&self, out: &mut Vec<u8>) "
            "{ self.hg.hg_put(out); } }\n"
            f"impl<{params}> hg_wire::Take for {bare} {{ fn take(from: &mut &[u8]) -> Option<Self> "
            f"{{ Some(Self {{ {made} }}) }} }}"
        )

    def _trait(self, name: str) -> str:
        it = self.code.traits[name]
        methods = []
        for function in it.functions:
            body = (' { hg_judge::unable("a method that the trait itself has") }'
                    if function.name in it.defaults else ";")  # fmt: skip
            methods.append(f"fn {rustwords.signature(function)}{body}")
        supers = f": {it.supers}" if it.supers else ""
        return f"pub trait {name}{supers} {{\n{chr(10).join(methods)}\n}}"

    def _block(self, calls: list[Call]) -> str:
        first = calls[0]
        params = [f"{g.name}: {rustwords.joined(g.bounds)}" + (WIRED if
                  rustkinds.is_instance(g, self.kinds) else "'static") for g in first.generics]  # fmt: skip
        lifetimes = rustcode.lifetimes(first.owner)
        head = ", ".join(it for it in (lifetimes, *params) if it)
        trait = f"{first.trait} for " if first.trait else ""
        lines = [f"type {name} = {kind};" for name, kind in first.associated]
        pub = "" if first.trait else "pub "
        lines += [f"#[allow(unused)]\n{pub}{self._standin(it)}" for it in calls]
        text = "\n".join(lines)
        return f"#[allow(unused)]\nconst _: () = {{ {BOTH}\nimpl<{head}> {trait}{first.owner} {{\n{text}\n}} }};"

    def _standin(self, it: Call) -> str:
        function = it.function
        before: list[str] = []
        puts: list[str] = []
        after: list[str] = []
        drops: list[str] = []
        if function.takes:
            puts.append("Put::hg_put(&self, &mut body);")
            is_held = self.kinds.is_held(stem(it.owner))
            if function.takes == "&mut" and not is_held:
                after.append("*self = taken::<Self>(&mut from);")
            if is_held and function.takes == "self":
                drops.append("std::mem::forget(self);")
        for (name, kind), way in zip(function.params, it.ways, strict=True):
            rustwords.passed(self.kinds, name, it.own(kind), way, (before, puts, after, drops))
        key = f'named("{it.key}")'
        kinds = [g.name for g in self.instances(it)]
        if kinds:
            marked = f"crate::hg_inst::{it.key}<({', '.join(kinds)},)>"
            key = f"named(std::any::type_name::<{marked}>())"
        params = [f"{g.name}: {rustwords.joined(g.bounds)}{WIRED}"
                  if rustkinds.is_instance(g, self.kinds) else g.written
                  for g in function.generics]  # fmt: skip
        return (
            f"fn {rustwords.signature(function, params, it.owner)} {{\n{BOTH} "
            "use hg_judge::{call, named, taken};\n"
            f"{' '.join(before)} let mut body = {key}; {' '.join(puts)} {' '.join(drops)}\n"
            "let answer = call(body); let mut from = &answer[..];\n"
            f"{rustwords.answered(function.result, after)}\n}}"
        )

    def _special(self, it: Call) -> str:
        """Traits whose stand-in is written by what they are for."""
        lifetimes = rustcode.lifetimes(it.owner)
        params = ", ".join(x for x in (lifetimes, *(f"{g.name}: {rustwords.joined(g.bounds)}{WIRED}"
                           for g in it.generics)) if x)  # fmt: skip
        text = (
            f'use hg_judge::{{call, named, taken}}; let mut body = named("{it.key}"); '
            "Put::hg_put(&self, &mut body); let answer = call(body); let mut from = &answer[..]; "
            "f.pad(&taken::<String>(&mut from))"
        )
        return (
            f"const _: () = {{ {BOTH}\nimpl<{params}> std::fmt::Display for {it.owner} {{ "
            f"fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{ {text} }} }} }};"
        )

    def _marked(self) -> list[str]:
        """Traits that have nothing to call."""
        return [
            f"impl std::error::Error for {it.owner} {{}}"
            for it in self.code.blocks
            if stem(it.trait) == "Error" and not it.generics and "'" not in it.owner
        ]
