"""Writes how closures and objects behind traits cross in Rust: lent by number, called back.

Rule 1: the same text stands on both sides: each lends what it has, and calls what it is lent.
Rule 2: what is lent inside of a list, an option or a result is lent like what is handed alone.
"""

# ruff: noqa: E501 (Rust, line for line)

from __future__ import annotations

import re
from collections.abc import Mapping

from headgate.sandbox.verdict import rustbounds, rustkinds, rustwords
from headgate.sandbox.verdict.rustbounds import Lent
from headgate.sandbox.verdict.rustcode import Function, Trait

BOTH = "use hg_wire::{Put, Take}; use std::collections::*; use std::time::*;"
SUPERS = frozenset(["Debug", "Send", "Sync", "std", "fmt", "static", ""])
"""what a trait may ask of its objects and still be stood for"""


def wire(it: Lent, params: tuple[str, ...], traits: dict[str, Trait]) -> str:
    """How it is put on the wire and taken from it: for both sides; iterators know it."""
    if it.item:
        return ""
    wired = "".join(
        f"{g}: crate::hg_wire::Put + crate::hg_wire::Take + 'static, " for g in params
    )
    put = _of_callback(it) if it.of else _of_object(it, traits[it.trait])
    return (
        f"impl<'hgl, {wired}> hg_wire::Put for {it.written(chr(39) + 'hgl')} {{ fn hg_put(&self, out: &mut Vec<u8>) {{\n"
        f"{BOTH} {put} hg_lend::tell(hg_at, out); }} }}\n"
        f"impl<{wired}> hg_wire::Take for {it.written()} {{ fn take(from: &mut &[u8]) -> Option<Self> {{\n"
        f"{BOTH} let hg_s = hg_lend::Stub::take(from)?; Some({_stub(it)}) }} }}"
    )


def distinct(
    lent: Mapping[str, tuple[Lent, tuple[str, ...]]],
) -> list[tuple[Lent, tuple[str, ...]]]:
    """Each of them once: what is a case of another, with type parameters, goes with it."""
    kept: list[tuple[Lent, tuple[str, ...]]] = []
    seen: list[tuple[str, re.Pattern[str]]] = []
    for it, params in sorted(lent.values(), key=lambda it: -len(it[1])):
        written = it.written()
        if any(pattern.fullmatch(written) for _, pattern in seen):
            continue
        pattern = re.escape(written)
        for g in params:
            pattern = re.sub(rf"\b{g}\b", "[^&]+", pattern)
        kept.append((it, params))
        seen.append((written, re.compile(pattern)))
    return kept


def _held(it: Lent) -> str:
    return "hg_lend::placed(self)" if it.around == "Box" else "self.clone()"


def _lend(it: Lent, *, is_many: bool, is_shared: bool) -> str:
    return "lend_to_all(" if is_many else f"lend({str(is_shared).lower()}, "


def _of_callback(it: Lent) -> str:
    assert it.of is not None
    takes, args = rustwords.taken_args(it.of.args)
    back = " ".join(f"Put::hg_put(&hga{at}, out);" for at, kind in enumerate(it.of.args)
                    if re.match(r"&\s*mut", kind))  # fmt: skip
    is_many = it.of.kind == "Fn" and "Sync" in it.markers
    look = {"FnOnce": "(hg_f.out()?)", "FnMut": "hg_f.get()"}.get(it.of.kind, "hg_f.look()")
    called = f"{look}({args})" if it.around == "Box" else f"hg_f({args})"
    mut = "mut " if it.around == "Box" and it.of.kind != "Fn" else ""
    return (
        f"let {mut}hg_f = {_held(it)}; let hg_at = hg_lend::{_lend(it, is_many=is_many, is_shared=bool(it.markers))}"
        f"Box::new(move |from: &mut &[u8], out: &mut Vec<u8>| -> Option<()> {{ {takes} "
        f"let it = std::mem::ManuallyDrop::new({called}); Put::hg_put(&*it, out); {back} Some(()) }}));"
    )


def _of_object(it: Lent, trait: Trait) -> str:
    is_shared = bool(it.markers) or any(m in trait.supers for m in rustbounds.MARKERS)
    arms = []
    for function in trait.functions:
        if function.takes == "&mut" and it.around != "Box":
            continue
        takes, args = rustwords.taken_args(kind for _, kind in function.params)
        look = "hg_f.get()" if function.takes == "&mut" else "hg_f.look()"
        hold = look if it.around == "Box" else "hg_f"
        arms.append(f'"{function.name}" => {{ {takes} let it = std::mem::ManuallyDrop::new({hold}.{function.name}({args})); '
                    f"Put::hg_put(&*it, out); {_amended(function)} }}")  # fmt: skip
    mut = "mut " if it.around == "Box" else ""
    many = "Sync" in (*it.markers, *re.findall(r"\w+", trait.supers)) and all(
        f.takes == "&" for f in trait.functions
    )
    if many:
        mut = ""
    return (
        f"let {mut}hg_f = {_held(it)}; let hg_at = hg_lend::{_lend(it, is_many=many, is_shared=is_shared)}"
        "Box::new(move |from: &mut &[u8], out: &mut Vec<u8>| -> Option<()> { let hg_m = String::take(from)?; "
        f"match &hg_m[..] {{ {' '.join(arms)} _ => return None }} Some(()) }}));"
    )


def _amended(it: Function) -> str:
    return " ".join(f"Put::hg_put(&hga{at}, out);" for at, (_, kind) in enumerate(it.params)
                    if re.match(r"&\s*('\w+\s+)?mut", kind))  # fmt: skip


def _stub(it: Lent) -> str:
    if it.of is None:
        return f"{it.around}::new(HgLent{it.trait}(std::sync::Arc::new(hg_s)))"
    puts = " ".join(f"Put::hg_put(&hga{at}, &mut body);" for at in range(len(it.of.args)))
    named = ", ".join(f"hga{at}: {kind}" for at, kind in enumerate(it.of.args))
    back = " ".join(f"*hga{at} = hg_lend::came::<{rustkinds.owned(kind)}>(&mut from);"
                    for at, kind in enumerate(it.of.args) if re.match(r"&\s*mut", kind))  # fmt: skip
    return (
        f"{it.around}::new(move |{named}| {{ let mut body = Vec::new(); {puts} let answer = hg_s.ask(&body); "
        f"let mut from = &answer[..]; let it = hg_lend::came::<{rustkinds.forever(it.of.result)}>(&mut from); {back} it }})"
        f" as {it.written()}"
    )


def stands(name: str, trait: Trait) -> str:
    """What stands for an object of the other side behind a trait of the code."""
    methods = []
    for it in trait.functions:
        puts = " ".join(f"Put::hg_put(&{n}, &mut body);" for n, _ in it.params)
        back = " ".join(f"*{n} = hg_lend::came::<{rustkinds.owned(kind)}>(&mut from);"
                        for n, kind in it.params if re.match(r"&\s*('\w+\s+)?mut", kind))  # fmt: skip
        methods.append(
            f"fn {rustwords.signature(it)} {{ {BOTH} let mut body = Vec::new(); "
            f'"{it.name}".hg_put(&mut body); {puts} let answer = self.0.ask(&body); let mut from = &answer[..]; '
            f"let it = hg_lend::came::<{rustkinds.forever(it.result)}>(&mut from); {back} it }}"
        )
    return (
        f"#[derive(Clone)]\npub struct HgLent{name}(std::sync::Arc<hg_lend::Stub>);\n"
        f"impl std::fmt::Debug for HgLent{name} {{ fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result "
        f'{{ f.write_str("{name}") }} }}\n'
        f"impl {name} for HgLent{name} {{\n{chr(10).join(methods)}\n}}"
    )
