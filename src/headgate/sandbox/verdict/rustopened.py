"""Writes how objects of Rust that stay with the code are compared and shown by what they hold.

Rule 1: where all that an object holds is data, its data are fetched and compared in the judge.
Rule 2: of any other the code says how it is shown, and nothing compares it.
"""

# ruff: noqa: E501 (Rust, line for line)

from __future__ import annotations

import re

from headgate.sandbox.verdict.rustcode import Type

COMPARED = ("PartialEq", "Eq", "PartialOrd", "Ord")
_FETCH = (
    "let mut body = hg_judge::named(\"{key}\"); hg_wire::Put::hg_put({it}, &mut body); "
    "let answer = hg_judge::call(body); hg_judge::taken(&mut &answer[..])"
)  # fmt: skip


def served(it: Type, *, is_data: bool) -> tuple[str, list[str]]:
    """What the code answers with of an object, and what it is asked by."""
    if it.generics or "'" in it.text.partition("{")[0] or (it.variants and it.variants[0][0]):
        return "", []
    head = "(from: &mut &[u8], out: &mut Vec<u8>) -> Option<()> { use hg_wire::Put; let it = unsafe { &*hg_serve::held::<%s>(from)? }; "
    lines, named = [], []
    if is_data:
        fields = it.variants[0][2] if it.variants else ()
        puts = " ".join(f"Put::hg_put(&it.{field}, out);" for field, _ in fields)
        lines.append(
            f"#[allow(unused)]\npub fn hg_data_{it.name}{head % it.name}{puts} Some(()) }}"
        )
        named.append(f"hg_data_{it.name}")
    if "Debug" in it.derives:
        lines.append(f"#[allow(unused)]\npub fn hg_shown_{it.name}{head % it.name}"
                     'format!("{it:?}").hg_put(out); Some(()) }')  # fmt: skip
        named.append(f"hg_shown_{it.name}")
    return "\n".join(lines), named


def mirror(it: Type) -> Type:
    """The type that an object's data have in the judge."""
    name = f"HgData{it.name}"
    return it._replace(name=name, text=re.sub(rf"\b{it.name}\b", name, it.text, count=1))


def judged(it: Type, named: list[str]) -> str:
    """How the object that tests hold is compared and shown."""
    lines, data = [], f"HgData{it.name}"
    if f"hg_data_{it.name}" in named:
        derived = ", ".join(one for one in COMPARED if one in it.derives)
        text = mirror(it).text
        lines.append(
            f"#[derive({derived})]\n{text if text.startswith('pub') else f'pub {text}'}"
        )
        fetch = _FETCH.format(key=f"hg_data_{it.name}", it="self")
        lines.append(f"impl {it.name} {{ fn hg_data(&self) -> {data} {{ {fetch} }} }}")
        for trait, method, result in (
            ("PartialEq", "eq", "bool"),
            ("PartialOrd", "partial_cmp", "Option<std::cmp::Ordering>"),
            ("Ord", "cmp", "std::cmp::Ordering"),
        ):
            if trait in it.derives:
                lines.append(f"impl {trait} for {it.name} {{ fn {method}(&self, other: &Self) -> {result} "
                             f"{{ {trait}::{method}(&self.hg_data(), &other.hg_data()) }} }}")  # fmt: skip
        if "Eq" in it.derives:
            lines.append(f"impl Eq for {it.name} {{}}")
    if f"hg_shown_{it.name}" in named:
        fetch = _FETCH.format(key=f"hg_shown_{it.name}", it="self")
        lines.append(f"impl std::fmt::Debug for {it.name} {{ fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result "
                     f"{{ let said: String = {{ {fetch} }}; f.write_str(&said) }} }}")  # fmt: skip
    return "\n".join(lines)
