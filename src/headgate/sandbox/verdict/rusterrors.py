"""Decides how tests see what an error of Rust has as its source: which of its own fields it is.

Rule 1: the code says which field; the error itself is the one that came with the value.
Rule 2: a source that is none of the fields is told as what cannot be judged.
"""

# ruff: noqa: E501 (Rust, line for line)

from __future__ import annotations

import re

from headgate.sandbox.verdict.rustcode import Code, Type, stem

KNOWN = ("ParseIntError", "ParseFloatError")
NONE = 255
_BOXED = re.compile(r"Box\s*<\s*dyn\s+(?:std::error::|error::)?Error\b.*>")


def has_source(code: Code, it: Type) -> bool:
    """Whether the code tells a source of this error."""
    return not it.generics and any(
        stem(one.trait) == "Error" and stem(one.owner) == it.name
        and any(f.name == "source" for f in one.functions)
        for one in code.blocks
    )  # fmt: skip


def _looks(code: Code, kind: str, name: str) -> str:
    """The error that a field is, looked at; "" of what is no error."""
    if _BOXED.fullmatch(kind):
        return f"&**{name}"
    boxed = re.fullmatch(r"Box\s*<\s*([\w:]+)\s*>", kind)
    inner = boxed[1] if boxed else kind
    own = any(stem(it.trait) == "Error" and stem(it.owner) == stem(inner) for it in code.blocks)
    if not re.fullmatch(r"[\w:]+", inner) or not (own or stem(inner) in KNOWN):
        return ""
    return f"&**{name}" if boxed else name


def _arms(code: Code, it: Type, arm: str, none: str) -> str:
    arms = []
    for name, _, fields in it.variants:
        looks = [
            (at, field, _looks(code, kind, f"hg{at}"))
            for at, (field, kind) in enumerate(fields)
        ]
        bound = ", ".join(f"{field}: hg{at}" for at, field, look in looks if look)
        said = " ".join(arm.format(at=at, look=look) for at, _, look in looks if look)
        path = f"{it.name}::{name}" if name else it.name
        arms.append(f"{path} {{ {bound}{', ' if bound else ''}.. }} => {{ {said} {none} }}")
    return " ".join(arms)


def served(code: Code, it: Type) -> str:
    """Of a value of the code: the number of the field that is its source."""
    arm = "if at({look}) == said {{ return {at}; }}"
    return (
        f"#[allow(unused)]\npub fn hg_source_{it.name}(from: &mut &[u8], out: &mut Vec<u8>) -> Option<()> {{ "
        f"use hg_wire::{{Put, Take}}; let it = <{it.name} as Take>::take(from)?; "
        f"let which = || -> u8 {{ use std::error::Error; fn at(it: &(dyn Error + 'static)) -> usize {{ it as *const dyn Error as *const () as usize }} "
        f"let Some(said) = it.source() else {{ return {NONE} }}; let said = at(said); "
        f"match &it {{ {_arms(code, it, arm, f'{NONE - 1}')} }} }}; Put::hg_put(&which(), out); Some(()) }}"
    )


def judged(code: Code, it: Type) -> str:
    arm = "if which == {at} {{ return Some({look}); }}"
    return (
        f"impl std::error::Error for {it.name} {{ fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {{ "
        f'let mut body = hg_judge::named("hg_source_{it.name}"); hg_wire::Put::hg_put(self, &mut body); '
        "let answer = hg_judge::call(body); let which: u8 = hg_judge::taken(&mut &answer[..]); "
        f"if which == {NONE} {{ return None; }} match self {{ {_arms(code, it, arm, '')} }} "
        f'hg_judge::unable("{it.name} has a source that is none of its fields: test what it answers to to_string") }} }}'
    )
