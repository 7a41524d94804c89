"""Writes the Rust that stands between tests and code: types, functions, methods, traits.

Rule 1: what a test calls is a stand-in that asks; no line of the code's functions is in it.
Rule 2: equality and order of data are derived here from the data, never asked of the code.
"""

# ruff: noqa: E501 (Rust, line for line)

from __future__ import annotations

import re
from typing import NamedTuple

from headgate.sandbox.verdict import (
    rustbounds,
    rustcode,
    rusterrors,
    rustkinds,
    rustlent,
    rustopened,
    rustorder,
    rustwords,
)
from headgate.sandbox.verdict.rustcode import Block, Code, Function, Generic, Type, stem
from headgate.sandbox.verdict.rustkinds import Kinds, Way, forever, owned

WIRED = "crate::hg_wire::Put + crate::hg_wire::Take + 'static"
BOTH = "use hg_wire::{Put, Take}; use std::collections::*; use std::time::*;"


PRELUDE = (
    "#[allow(unused_imports)] use crate::{hg_wire, hg_serve, hg_lend, hg_here::*}; "
    "#[allow(unused_imports)] use crate::hg_wire::{Put as _, Take as _};"
)
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
    constants: tuple[str, ...] = ()
    """of an answer to a trait"""

    def own(self, text: str) -> str:
        """A type of its signature, outside of the impl block."""
        for name, kind in self.associated:
            text = re.sub(rf"\bSelf::{name}\b", kind, text)
        return re.sub(r"\bSelf\b", self.owner or "Self", text)


class Standins:
    """What both sides are told of a file."""

    def __init__(
        self, code: Code, kinds: Kinds, calls: list[Call], closed: dict[str, str]
    ) -> None:
        self.code, self.kinds, self.calls = code, kinds, calls
        self.closed = closed
        """methods that tests cannot call, and why"""

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

    def served(self) -> dict[str, str]:
        """What stands at the end of each module, and of the file."""
        compared: list[tuple[str, str]] = []
        parts = {path: [PRELUDE] for path in self.code.ends} | {"": []}
        for it in self._met():
            wired = self._data(it) if it.name in self.kinds.data else rustwords.kept(it)
            parts[self.code.paths.get(it.name, "")].append(wired)
            if it.name in self.kinds.data:
                text, named = rustorder.served(it.name, rustorder.by_hand(self.code, it))
                parts[self.code.paths.get(it.name, "")].append(text)
                if rusterrors.has_source(self.code, it):
                    parts[self.code.paths.get(it.name, "")].append(
                        rusterrors.served(self.code, it)
                    )
                    named.append(f"hg_source_{it.name}")
            else:
                text, named = rustopened.served(it, is_data=self.kinds.holds_data(it.name))
                parts[self.code.paths.get(it.name, "")].append(text)
            compared += [(one, self.code.paths.get(it.name, "")) for one in named]
        for call in self.calls:
            parts[call.function.path].append(self._at(call))
        for path in self.code.ends:
            parts[path].append(self._seen(path, [one for one, at in compared if at == path]))
        root = parts[""]
        root += (
            [self._seen("", []), "#[allow(unused_imports)] use hg_here::*;"]
            if self.code.ends
            else []
        )
        root += self._lending()
        arms = [f'"{it.key}" => hg_at_{it.key}(from, out)'
                for it in self.calls if not self.instances(it)]  # fmt: skip
        arms += [f'"{one}" => {one}(from, out)' for one, _ in compared]
        body = ",\n".join([*arms, "_ => hg_perform_more(name, from, out)"])
        root.append(
            'include!("hg_more.rs");\n'
            "#[allow(unused)]\nfn hg_perform(name: &str, from: &mut &[u8], out: &mut Vec<u8>) "
            f"-> Option<()> {{\nmatch name {{\n{body}\n}}\n}}\n"
            "fn main() { hg_serve::run(hg_perform); }\n"
        )
        return {path: "\n".join(lines) for path, lines in parts.items()}

    def _below(self, path: str) -> list[str]:
        """The modules right below one."""
        depth = path.count("::") + 1 if path else 0
        return [it.rpartition("::")[2] for it in self.code.ends
                if it.count("::") == depth and (not path or it.startswith(f"{path}::"))]  # fmt: skip

    def _seen(self, path: str, names: list[str]) -> str:
        """What a module shows of ours, and of its types, to what is above it."""
        names = names + [
            f"hg_at_{it.key}" for it in self.calls if path and it.function.path == path
        ]
        names += [it for it in (*self.code.types, *self.code.traits) if it in self.code.shown
                  and self.code.paths.get(it, "") == path and it not in self.code.twice]  # fmt: skip
        lines = [f"pub use super::{it};" for it in names]
        lines += [f"pub use super::{it}::hg_here::*;" for it in self._below(path)]
        return f"#[allow(unused_imports)]\npub mod hg_here {{ {' '.join(lines)} }}"

    def _at(self, it: Call) -> str:
        params = "".join(f"{g.asked(WIRED)}, " for g in self.instances(it))
        owner = self._substituted(it, forever(it.owner)) if it.owner else ""
        lines, args, after = [], [], []
        is_lasting = self._is_lasting(it)
        if it.function.takes:
            lines.append(self._taken_self(it, owner))
            lends = {"&": "&", "&mut": "&mut ", "self": ""}[it.function.takes]
            is_held = self.kinds.is_held(stem(owner))
            if is_lasting and lends and not is_held:
                lines.append("let hg_self = Box::leak(Box::new(hg_self));")
                args.append(f"{lends}*hg_self")
            else:
                args.append("unsafe { " + lends + "*hg_self }" if is_held and lends else
                            "unsafe { std::ptr::read(hg_self) }" if is_held else f"{lends}hg_self")  # fmt: skip
            if lends == "&mut " and not is_held:
                after.append("Put::hg_put(&hg_self, out);")
        for (name, kind), way in zip(it.function.params, it.ways, strict=True):
            taken, arg, put = self._param(it, name, self._substituted(it, it.own(kind)), way)
            lines.append(taken)
            if is_lasting and way.how == "data" and arg == f"{way.lends}{name}" and way.lends:
                lines.append(f"let {name} = Box::leak(Box::new({name}));")
                arg = f"{way.lends}*{name}"
            args.append(arg)
            after.append(put)
        called = self._called(it, owner)
        result = it.own(it.function.result)
        if re.fullmatch(r"&\s*('\w+\s*)?(mut\s+)?Self", it.function.result):
            kept = f"let _ = {called}({', '.join(args)});"
        elif re.search(r"&\s*(?:'\w+\s+)?mut\b", result):
            kept = self._opened(it, f"{called}({', '.join(args)})", result)
        elif result.startswith("impl "):
            whole = forever(self._substituted(it, rustbounds.whole(result)))
            made = f"{called}({', '.join(args)})"
            made = (
                f"{made}.into_iter().collect()"
                if whole.startswith("Vec<")
                else f"Box::new({made})"
            )
            kept = f"{{ let it: {whole} = {made}; Put::hg_put(&std::mem::ManuallyDrop::new(it), out); }}"
        else:
            kept = (f"{{ let it = std::mem::ManuallyDrop::new({called}({', '.join(args)})); "
                    "Put::hg_put(&*it, out); }")  # fmt: skip
        head = f"#[allow(unused)]\npub fn hg_at_{it.key}<{params}>(from: &mut &[u8], out: &mut Vec<u8>)"
        return f"{head} -> Option<()> {{\n{BOTH}\n{' '.join(lines)}\n{kept}\n{' '.join(after)}\nSome(())\n}}"

    def _opened(self, it: Call, called: str, result: str) -> str:
        """What may be changed inside of an object, or the object itself."""
        how, inner = rustbounds.changed(result)
        if inner == it.owner:
            return f"{{ let it = {called}.map(|_| ()); Put::hg_put(&it, out); }}"
        is_data = str(not self.kinds.is_held(stem(inner))).lower()
        made = f"|it| hg_serve::Changed(it, {is_data})"
        made = f"({made})({called})" if how == "alone" else f"{called}.map({made})"
        return f"{{ let it = std::mem::ManuallyDrop::new({made}); Put::hg_put(&*it, out); }}"

    def _is_lasting(self, it: Call) -> bool:
        """What comes of it may look at what it was given, for as long as it is there."""
        result = it.own(it.function.result)
        stays = any(self.kinds.is_held(name) and rustwords.lifetimes_of(self.code.types[name])
                    for name in re.findall(r"\w+", result) if name in self.code.types)  # fmt: skip
        return stays or bool(re.search(r"\b(impl|dyn)\b", result))

    def _called(self, it: Call, owner: str) -> str:
        if it.trait:
            return f"<{owner} as {it.trait}>::{it.function.name}"
        if it.owner:
            return f"<{owner}>::{it.function.name}"
        return "::".join(at for at in ("crate", it.function.path, it.function.name) if at)

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
            taken = f"let mut {name} = HgLent{way.of}(std::sync::Arc::new(hg_lend::Stub::take(from)?));"
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

    def _lending(self) -> list[str]:
        """What is lent: the same on both sides."""
        traits = self.code.traits
        lines = [rustlent.stands(it, traits[it]) for it in self._traits()]
        return lines + [rustlent.wire(it, params, traits)
                        for it, params in rustlent.distinct(self.kinds.lent)]  # fmt: skip

    def _traits(self) -> list[str]:
        found = {way.of for it in self.calls for way in it.ways if way.how == "trait"}
        found |= {it.trait for it, _ in self.kinds.lent.values() if it.trait}
        for it in self.calls:
            for g in it.generics:
                way = self.kinds.way(g.name, (g,))
                if isinstance(way, Way) and way.how == "trait":
                    found.add(way.of)
        return sorted(found)

    def _met(self) -> list[Type]:
        return list(self.code.types.values())

    # the tests' side

    def judged(self, words: set[str], tests: str = "") -> str:
        own = "|".join(["std", "core", "alloc", *self.code.types])
        lines = [it for it in rustwords.imports(self.code.uses)
                 if re.match(rf"use\s+(?:::|self::|crate::)?(?:{own})\b", it)]  # fmt: skip
        said = {word for it in self.calls for kind in (*(k for _, k in it.function.params),
                it.function.result) for word in re.findall(r"\w+", kind)}  # fmt: skip
        lines += [
            text for name, text in self.code.constants if name in words | said or not name
        ]
        lines += [
            f"pub type {name} = {made};"
            for name, made in self.code.aliases.items()
            if not self.kinds.closed(
                made, frozenset(re.findall(r"\w+", name.partition("<")[2]))
            )
        ]
        for kind in self._met():
            is_data = kind.name in self.kinds.data
            lines += (
                [self._copied(kind), self._data(kind)] if is_data else [rustwords.handle(kind)]
            )
            if is_data:
                by_hand = rustorder.by_hand(self.code, kind)
                lines.append(rustorder.judged(kind, by_hand, tests))
            else:
                holds = self.kinds.holds_data(kind.name)
                named = rustopened.served(kind, is_data=holds)[1]
                lines.append(rustopened.judged(kind, named))
                lines += (
                    [self._data(rustopened.mirror(kind))] if len(named) > 0 and holds else []
                )
        lines += [self._trait(name) for name in self.code.traits]
        lines += self._lending()
        blocks: dict[tuple[str, str], list[Call]] = {}
        for it in self.calls:
            if not it.owner:
                lines.append(f"#[allow(unused)]\npub {self._standin(it)}")
            elif it.trait not in SPECIAL:
                blocks.setdefault((it.trait, it.owner + repr(it.generics)), []).append(it)
        lines += [self._block(calls) for calls in blocks.values()]
        lines += [self._constant(it, words) for it in self.code.blocks]
        lines += [self._special(it) for it in self.calls if it.trait in SPECIAL]
        lines += self._marked()
        lines.append(self._mirrored(words))
        kinds = sorted({f"{it.key}<T>" for it in self.calls if self.instances(it)})
        marks = " ".join(f"pub struct {it}(std::marker::PhantomData<T>);" for it in kinds)
        lines.append(f"#[allow(non_camel_case_types)]\npub mod hg_inst {{ {marks} }}")
        return "\n".join(lines)

    def _mirrored(self, words: set[str], path: str = "") -> str:
        """The modules of the code, where what they have is found by its place."""
        lines = []
        constants = {name for name, _ in self.code.constants if name in words}
        for name, at in self.code.paths.items():
            is_here = name in self.code.types or name in self.code.traits or name in constants
            if at == path and path and is_here:
                lines.append(f"pub use crate::{name};")
        own = [it for it in self.calls if not it.owner]
        here = [it for it in own if path and it.function.path == path]
        names = [it.function.name for it in own]
        if not path:  # the code may show it there too
            here = [it for it in own if it.function.path and names.count(it.function.name) == 1]
        lines += [f"pub use crate::hg_fn_{it.key} as {it.function.name};" for it in here]
        for below in self._below(path):
            inner = self._mirrored(words, f"{path}::{below}" if path else below)
            lines.append(f"pub mod {below} {{ {inner} }}")
        return "\n".join(lines)

    def _constant(self, it: Block, words: set[str]) -> str:
        """Constants of a type: there is nothing in them to call."""
        found = [text if text.startswith("pub") else f"pub {text}" for name, text in it.constants
                 if name in words and not it.trait and stem(it.owner) in self.code.types]  # fmt: skip
        if not found or rustcode.lifetimes(it.owner):
            return ""
        params = ", ".join(g.written for g in it.generics)
        return f"impl<{params}> {it.owner} {{ {' '.join(found)} }}"

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
        own = rustorder.by_hand(self.code, it)
        derived -= own | ({"Hash"} if "PartialEq" in own else set())
        derived |= {"Eq"} & (impls | it.derives)
        text = it.text if it.text.startswith("pub") else f"pub {it.text}"
        return f"#[derive({', '.join(sorted(derived))})]\n{text}"

    def _trait(self, name: str) -> str:
        it = self.code.traits[name]
        methods = []
        for function in it.functions:
            body = (' { hg_judge::unable("a method that the trait itself has") }'
                    if function.name in it.defaults else ";")  # fmt: skip
            methods.append(f"fn {rustwords.signature(function)}{body}")
        supers = f": {it.supers}" if it.supers else ""
        params = ", ".join(g.written for g in it.generics)
        head = f"{name}<{params}>" if params else name
        return f"pub trait {head}{supers} {{\n{chr(10).join([*it.others, *methods])}\n}}"

    def _block(self, calls: list[Call]) -> str:
        first = calls[0]
        params = [g.asked(WIRED) if
                  rustkinds.is_instance(g, self.kinds) else g.written for g in first.generics]  # fmt: skip
        lifetimes = rustcode.lifetimes(first.owner)
        head = ", ".join(it for it in (lifetimes, *params) if it)
        trait = f"{first.trait} for " if first.trait else ""
        lines = [f"type {name} = {kind};" for name, kind in first.associated]
        lines += first.constants
        pub = "" if first.trait else "pub "
        lines += [f"#[allow(unused)]\n{pub}{self._standin(it)}" for it in calls]
        text = "\n".join(lines)
        return f"#[allow(unused)]\nconst _: () = {{ {BOTH}\nimpl<{head}> {trait}{first.owner} {{\n{text}\n}} }};"

    def _standin(self, it: Call) -> str:
        function = it.function
        into = rustwords.Into([], [], [], [])
        before, puts, after, drops = into
        with_it, keeps = "None", ""
        if function.takes:
            puts.append("Put::hg_put(&self, &mut body);")
            is_held = self.kinds.is_held(stem(it.owner))
            if function.takes == "&mut" and not is_held:
                after.append(f"*self = taken::<{forever(it.owner)}>(&mut from);")
            if is_held and function.takes == "self":
                with_it = "hg_w"
                before.append("let hg_w = unsafe { std::ptr::read(&self.hg_with) };")
                drops.append("std::mem::forget(self);")
        for (name, kind), way in zip(function.params, it.ways, strict=True):
            rustwords.passed(self.kinds, name, it.own(kind), way, into)
            is_kept = way.callback or way.how == "trait" or "dyn " in kind
            said = f"{kind} {' '.join(g.bounds for g in function.generics)}"
            bound = kind in {g.name for g in it.generics} or any(
                life in said for life in re.findall(r"'\w+", it.owner)
            )
            if is_kept and bound and function.takes == "&mut":
                keeps = "self.hg_with = hg_lend::both(self.hg_with.take(), hg_lend::with());"
        # of what borrows, what is taken lives for ever
        lives = "'" in it.owner and not re.fullmatch(r"&.*Self", function.result)
        result = it.own(function.result) if lives else function.result
        key = f'named("{it.key}")'
        kinds = [g.as_type for g in self.instances(it)]
        if kinds:
            marked = f"crate::hg_inst::{it.key}<({', '.join(kinds)},)>"
            key = f"named(std::any::type_name::<{marked}>())"
        params = [g.asked(WIRED)
                  if rustkinds.is_instance(g, self.kinds) else g.written
                  for g in function.generics]  # fmt: skip
        if rustbounds.changed(it.own(function.result))[0] and self.kinds.is_held(
            stem(it.owner)
        ):
            keeps += " hg_judge::owned_by(self.hg);"
        if function.path and not it.owner:
            function = function._replace(name=f"hg_fn_{it.key}")
        return (
            f"fn {rustwords.signature(function, params, it.owner)} {{\n{BOTH} "
            "use hg_judge::{call, named, taken}; let mut hg_b: Vec<hg_lend::Back> = Vec::new();\n"
            f"{' '.join(before)} let mut body = {key}; {' '.join(puts)} {' '.join(drops)}\n"
            f"let hg_a = hg_lend::attach(hg_b, {with_it}); {keeps}\n"
            "let answer = call(body); let mut from = &answer[..];\n"
            f"{rustwords.answered(result, after)}\n}}"
        )

    def _special(self, it: Call) -> str:
        """Traits whose stand-in is written by what they are for."""
        lifetimes = rustcode.lifetimes(it.owner)
        params = ", ".join(x for x in (lifetimes, *(g.asked(WIRED)
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
        """That errors are errors, and where they come from."""
        types = self.code.types
        return [
            rusterrors.judged(self.code, types[it.owner])
            if it.owner in self.kinds.data and rusterrors.has_source(self.code, types[it.owner])
            else f"impl std::error::Error for {it.owner} {{}}"
            for it in self.code.blocks
            if stem(it.trait) == "Error" and not it.generics and "'" not in it.owner
        ]
